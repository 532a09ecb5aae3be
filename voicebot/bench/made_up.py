"""Contacts made up for measuring and demonstrations: years of calls and chats, the same for the same seed.

They follow the service's own profile (what people ask, the answers, the communes, the forms) and the rhythm of a town
hall's telephone: hours, weekdays, the summer of a seaside resort, calendars in January, days of incident. Callers have
numbers that the French regulator keeps for fiction (Arcep, décision 2018-0881), so no contact is anybody's; ids begin
with ``MARK``, so that all of it can be told apart and taken out.
"""

import random
import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any

from voicebot.clock import PARIS
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.nlu.data import NluData
from voicebot.dialog.nlu.examples import OTHER, examples_of
from voicebot.journal.bulk import MARK, Followed, MadeContact
from voicebot.journal.classify import classify
from voicebot.journal.events import (
    ContactChannel,
    ContactEnded,
    ContactStarted,
    Event,
    Kept,
    Outcome,
    Quality,
    Surveyed,
    TurnAnswered,
    TurnHeard,
)

RARE_WORD = "cornemuse"
"""A word heard in a few contacts only; ``COMMON_WORD`` is heard in many."""
COMMON_WORD = "je"

FICTION_PREFIXES = ("+3319900", "+3326191", "+3335301", "+3346571", "+3353649", "+3363998")
"""Numbers that are nobody's."""

_MONTHS = (1.25, 0.9, 1.0, 1.05, 1.05, 1.1, 1.3, 1.35, 1.1, 0.95, 0.9, 0.9)
_WEEKDAYS = (1.5, 1.25, 1.1, 1.1, 1.15, 0.55, 0.35)
_HOURS = {
    "phone": (1, 0, 0, 0, 0, 1, 3, 10, 45, 80, 85, 70, 30, 38, 72, 70, 58, 40, 24, 14, 8, 5, 3, 2),
    "chat": (3, 2, 1, 1, 1, 2, 4, 10, 20, 30, 32, 30, 34, 32, 30, 28, 28, 32, 38, 42, 44, 36, 20, 8),
    "other": (0, 0, 0, 0, 0, 0, 0, 2, 30, 60, 60, 50, 10, 20, 55, 55, 40, 10, 0, 0, 0, 0, 0, 0),
}
_CHANNELS: Mapping[ContactChannel, int] = {"phone": 76, "chat": 15, "email": 4, "desk": 3, "form": 2}
_THEMES = {
    "collecte": 24.0,
    "tri": 14.0,
    "decheterie": 14.0,
    "encombrants": 9.0,
    "bac": 8.0,
    "eau": 7.0,
    "signalement": 5.0,
    "apport": 4.0,
    "assainissement": 3.0,
    "suivi": 3.0,
    "rappel": 3.0,
    "conseiller": 3.0,
    "reclamation": 2.0,
}
_POLITE = (
    "merci beaucoup au revoir",
    "c'est tout merci",
    "non c'est bon",
    "d'accord je vous remercie",
    "parfait merci",
)
_OPENINGS = ("bonjour ", "oui bonjour je voudrais savoir ", "allô ", "euh je ", "", "", "", "")
_COMMENTS = ("très bien", "un peu long", "je préfère parler à quelqu'un", "rapide et clair", "merci", "")
_NOTES = ("Rappelé, pas de réponse.", "Transmis au service de collecte.", "Vu sur place ce matin.", "À recontacter.")
_CLERKS = ("demo-claire", "demo-youssef", "demo-anne", "demo-luc")
_STREETS = ("rue du Général Leclerc", "avenue de la République", "rue des Bains", "chemin du Moulin", "place du Marché")
_PLACE = re.compile(r"\{(\w+)\}")
_INCIDENT = 0.02
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True)
class Material:
    """What contacts are made of, taken from a profile: sentences and answers by intent, and what a request leaves."""

    profile: str
    called: str
    sentences: Mapping[str, Sequence[str]]
    answers: Mapping[str, Sequence[str]]
    communes: Sequence[str]
    forms: Mapping[str, tuple[str, str]]
    targets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many contacts and turns, from ``first`` to ``last``, and the seed they all come from."""

    contacts: int
    turns: int
    first: date
    last: date
    seed: int = 1


def material_of(profile: str, knowledge: Knowledge, words: NluData, called: str = "sophie") -> Material:
    """Return what contacts of ``profile`` are made of."""
    sentences: dict[str, list[str]] = {}
    for example in examples_of(words):
        sentences.setdefault(example.intent, []).append(example.text)
    answers = {
        intent: [text for template in answer.say if (text := _told(template.text)) is not None]
        for intent, answer in knowledge.answers.items()
    }
    forms = {
        intent: (form.id, form.record)
        for form in knowledge.forms.values()
        for intent in form.intents
        if form.record != "lookup"
    }
    targets = [target.id for target in knowledge.identity.targets]
    return Material(profile, called, sentences, answers, sorted(knowledge.communes), forms, targets or ["accueil"])


def fiction_numbers() -> Iterator[str]:
    """Yield every number that a made-up caller may have."""
    return (f"{prefix}{line:04d}" for prefix in FICTION_PREFIXES for line in range(10_000))


def _told(text: str) -> str | None:
    """Return an answer with the place left to be filled, ``None`` when it says more than can be made up."""
    return None if set(_PLACE.findall(text)) - {"commune", "a_commune", "de_commune"} else text


def made_contacts(material: Material, sizes: Sizes) -> Iterator[MadeContact]:
    """Yield the contacts one by one, in the order in which they started."""
    chance = random.Random(sizes.seed)  # noqa: S311 -- made-up contacts, not secrets
    maker = _Maker(material, sizes, chance)
    days = _days(sizes, chance)
    turns = _shares([0.25 + chance.expovariate(0.8) for _ in range(sizes.contacts)], sizes.turns)
    place = 0
    for day, count in zip(_every_day(sizes), days, strict=True):
        starts = sorted(maker.start(day) for _ in range(count))
        for at, channel in starts:
            yield maker.contact(at, channel, turns[place])
            place += 1


def _every_day(sizes: Sizes) -> list[date]:
    return [sizes.first + timedelta(days=place) for place in range((sizes.last - sizes.first).days + 1)]


def _days(sizes: Sizes, chance: random.Random) -> list[int]:
    """Return how many contacts each day has."""
    every = _every_day(sizes)
    weights = []
    for place, day in enumerate(every):
        growth = 0.7 + 0.5 * place / len(every)
        incident = chance.uniform(1.5, 3.0) if chance.random() < _INCIDENT else 1.0
        weights.append(_MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()] * growth * incident * chance.gauss(1, 0.12))
    return _shares([max(weight, 0.05) for weight in weights], sizes.contacts)


def _shares(weights: Sequence[float], total: int) -> list[int]:
    """Return whole numbers in proportion to ``weights`` whose sum is ``total``."""
    scale, done, shares = total / sum(weights), 0, []
    for reached in accumulate(weights):
        upto = round(reached * scale)
        shares.append(upto - done)
        done = upto
    shares[-1] += total - done
    return shares


@dataclass(slots=True)
class _Drawn:
    """Values drawn in proportion to weights."""

    values: Sequence[Any]
    weights: Sequence[float]
    _sums: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._sums = list(accumulate(self.weights))

    def draw(self, chance: random.Random) -> Any:
        return self.values[min(bisect(self._sums, chance.random() * self._sums[-1]), len(self.values) - 1)]


class _Maker:
    def __init__(self, material: Material, sizes: Sizes, chance: random.Random) -> None:
        self._material = material
        self._sizes = sizes
        self._chance = chance
        self._channels = _Drawn(list(_CHANNELS), list(_CHANNELS.values()))
        self._hours = {name: _Drawn(range(24), weights) for name, weights in _HOURS.items()}
        asked = [intent for intent in material.sentences if intent.partition(".")[0] in _THEMES]
        each = {theme: sum(one.partition(".")[0] == theme for one in asked) for theme in _THEMES}
        weights = [_THEMES[one.partition(".")[0]] / each[one.partition(".")[0]] for one in asked]
        self._intents = _Drawn(asked, [weight * chance.uniform(0.3, 1.7) for weight in weights])
        self._communes = _Drawn(material.communes, [1 / (rank + 1.5) for rank in range(len(material.communes))])
        self._others = material.sentences[OTHER]
        self._often = max(60, sizes.contacts * 6 // 100)  # callers who come back, whatever the size

    def start(self, day: date) -> tuple[datetime, ContactChannel]:
        """Draw when a contact of ``day`` starts, and by what."""
        channel: ContactChannel = self._channels.draw(self._chance)
        hours = self._hours[channel if channel in self._hours else "other"]
        at = time(hours.draw(self._chance), self._chance.randrange(60), self._chance.randrange(60))
        return datetime.combine(day, at, PARIS), channel

    def contact(self, at: datetime, channel: ContactChannel, turns: int) -> MadeContact:
        """Make one contact of so many turns."""
        chance, material = self._chance, self._material
        contact = f"{MARK}{chance.getrandbits(108):027x}"
        caller = "" if chance.random() < 0.08 else self._number()
        intent = self._intents.draw(chance)
        commune = self._communes.draw(chance) if chance.random() < 0.8 else ""
        called = material.called if channel == "phone" else ""
        events: list[Event] = [
            ContactStarted(contact, at, channel, called, caller, material.profile, f"{MARK}{at:%H%M}")
        ]
        heard, t_s = self._turns(events, channel, turns, intent, commune)
        outcome, record = self._outcome(intent, turns)
        seq = turns + 1
        followed = None
        if record is not None:
            events.append(self._kept(contact, seq, at + timedelta(seconds=t_s), record, commune, caller))
            followed = self._followed(f"{contact}:{seq}", at + timedelta(seconds=t_s))
            seq += 1
        if turns > 2 and chance.random() < 0.18:
            events += self._survey(contact, seq, at + timedelta(seconds=t_s + 10))
            t_s += 20
        kinds = [] if record is None else [record[1]]
        typing = classify(heard, kinds)
        transfer = None
        if outcome == "transferred":
            transfer = (chance.choice(material.targets), "answered")
        elif turns and chance.random() < 0.03:
            transfer = (chance.choice(material.targets), chance.choice(("busy", "no_answer", "failed")))
        quality = self._quality(t_s) if channel == "phone" else None
        end = at + timedelta(seconds=t_s)
        events.append(ContactEnded(contact, end, round(t_s, 1), outcome, typing, transfer, quality))
        return MadeContact(events, followed)

    def _number(self) -> str:
        """Return a caller; some call much more often than others."""
        line = min(int(self._chance.paretovariate(0.25)) * 7919, 10**9) + self._chance.randrange(self._often)
        return f"{FICTION_PREFIXES[line % len(FICTION_PREFIXES)]}{line // len(FICTION_PREFIXES) % 10_000:04d}"

    def _turns(
        self, events: list[Event], channel: ContactChannel, turns: int, intent: str, commune: str
    ) -> tuple[list[tuple[str | None, Mapping[str, str]]], float]:
        """Add the turns of a contact to ``events``; return what they asked, and how long they took in seconds."""
        chance, started = self._chance, events[0]
        assert isinstance(started, ContactStarted)  # noqa: S101 - the first event of a contact
        asked: list[tuple[str | None, Mapping[str, str]]] = []
        t_s = chance.uniform(6, 14) if channel == "phone" else 0.0
        for seq in range(1, turns + 1):
            one, heard, entities, understood = self._said(seq, turns, intent, commune)
            by: Any = "voice" if channel == "phone" else "text"
            if by == "voice" and one is None and chance.random() < 0.12:
                by, heard, entities = chance.choice((("keys", str(chance.randrange(1, 6)), {}), ("silence", "", {})))
            delay_ms = min(int(chance.lognormvariate(6.55, 0.45)), 20_000) if by in ("voice", "text") else None
            said = self._answer(one, commune)
            at = started.at + timedelta(seconds=t_s)
            confidence = round(chance.uniform(0.55, 0.99), 2) if one else 0.0
            interrupted = by == "voice" and chance.random() < 0.04
            turn = TurnHeard(
                *(started.contact, seq, at, round(t_s, 1), by, heard, confidence, one, entities, said, understood),
                interrupted=interrupted,
                delay_ms=delay_ms,
            )
            events.append(turn)
            if by == "voice" and delay_ms is not None:
                events.append(TurnAnswered(started.contact, seq, delay_ms, self._parts(delay_ms)))
            asked.append((one, entities))
            t_s += chance.uniform(7, 30)
        return asked, t_s + chance.uniform(2, 12)

    def _said(
        self, seq: int, turns: int, intent: str, commune: str
    ) -> tuple[str | None, str, dict[str, str], bool | None]:
        """Return what a turn says: its intent, words, entities, and whether it was understood."""
        chance, sentences = self._chance, self._material.sentences
        drawn = chance.random()
        if seq == 1 or drawn < 0.22:
            if drawn < 0.1 and seq > 1:
                intent = self._intents.draw(chance)
            heard = chance.choice(_OPENINGS) + chance.choice(sentences[intent])
            return intent, heard, {"commune": commune} if commune and chance.random() < 0.6 else {}, True
        if drawn < 0.32:
            heard = f"j'ai une {RARE_WORD} à jeter" if chance.random() < 0.00005 else chance.choice(self._others)
            return OTHER, heard, {}, False
        if seq == turns and drawn < 0.8:
            return None, chance.choice(_POLITE), {}, None
        if commune and drawn < 0.55:
            return None, f"à {commune}", {"commune": commune}, None
        if drawn < 0.7:
            return None, f"{chance.randrange(1, 180)} {chance.choice(_STREETS)}", {}, None
        return None, chance.choice(("oui", "non", "oui c'est ça", "demain matin", "je répète")), {}, None

    def _answer(self, intent: str | None, commune: str) -> str:
        texts = self._material.answers.get(intent or "", ())
        if intent == OTHER:
            return "Je ne suis pas sûre d’avoir compris. Pouvez-vous le dire autrement ?"
        if not texts:
            return self._chance.choice(("C’est noté.", "Très bien.", "Dans quelle commune ?", "À quelle adresse ?"))
        place = commune or "Deauville"
        values = {"commune": place, "a_commune": f"à {place}", "de_commune": f"de {place}"}
        return _PLACE.sub(lambda found: values[found[1]], self._chance.choice(texts))

    def _outcome(self, intent: str, turns: int) -> tuple[Outcome, tuple[str, str] | None]:
        """Draw how a contact ends, and the form and type of what it leaves."""
        drawn = self._chance.random()
        if not turns:
            return "hung_up", None
        if drawn < 0.005:
            return "failed", None
        form = self._material.forms.get(intent)
        if form is not None and drawn < 0.6:
            outcomes: dict[str, Outcome] = {"ticket": "ticket", "appointment": "appointment", "callback": "callback"}
            return outcomes.get(form[1], "answered"), form
        if intent == "conseiller" or drawn < 0.14:
            return "transferred", None
        if drawn < 0.19:
            return "callback", ("rappel", "callback")
        return ("hung_up" if drawn < 0.3 else "answered"), None

    def _kept(self, contact: str, seq: int, at: datetime, record: tuple[str, str], commune: str, caller: str) -> Kept:
        form, kind = record
        chance = self._chance
        slots = {"adresse": f"{chance.randrange(1, 180)} {chance.choice(_STREETS)}"}
        if commune:
            slots["commune"] = commune
        if caller and chance.random() < 0.7:
            slots["telephone"] = caller
        if kind == "appointment":
            booked = min((at + timedelta(days=chance.randrange(3, 25))).date(), self._sizes.last)
            slots |= {"date": booked.isoformat(), "heure": chance.choice(("le matin", "l’après-midi"))}
        reference = f"{chance.choice(_LETTERS)}-{chance.randrange(10_000):04d}"
        profile = self._material.profile
        kind_: Any = kind
        return Kept(contact, seq, at, kind_, reference, form, profile, caller, slots)

    def _followed(self, record: str, at: datetime) -> Followed:
        """Return what became of a request: the older it is, the likelier that it is done."""
        chance, age = self._chance, (self._sizes.last - at.date()).days
        notes = tuple(chance.choice(_NOTES) for _ in range(chance.randrange(3))) if chance.random() < 0.3 else ()
        latest = datetime.combine(self._sizes.last, time(18), PARIS)
        later = max(at, min(at + timedelta(hours=chance.expovariate(1 / 60)), latest))
        clerk = chance.choice(_CLERKS)
        if chance.random() < 0.04:
            return Followed(record, "cancelled", later, clerk, None, notes)
        if chance.random() < min(0.9 + age / 900, 0.998) * min(1.0, age / 15):
            return Followed(record, "done", later, clerk, None, notes)
        if chance.random() < 0.5:
            return Followed(record, "open", at)
        due = (later + timedelta(days=chance.randrange(2, 12))).date()
        return Followed(record, "assigned", later, clerk, due, notes)

    def _survey(self, contact: str, seq: int, at: datetime) -> list[Event]:
        chance = self._chance
        score = chance.choices((1, 2, 3, 4, 5), (6, 7, 17, 38, 32))[0]
        events: list[Event] = [
            Surveyed(contact, seq, at, "facile", chance.choices((1, 0), (9, 1))[0]),
            Surveyed(contact, seq + 1, at, "resolu", 1 if score > 2 else 0),
            Surveyed(contact, seq + 2, at, "global", score, chance.choice(_COMMENTS)),
        ]
        return events

    def _quality(self, t_s: float) -> Quality:
        chance = self._chance
        received = int(t_s * 50)
        lost = int(received * min(chance.expovariate(400), 0.2))
        mos = round(max(1.0, 4.3 - 40 * lost / max(received, 1) - chance.expovariate(20)), 2)
        return Quality(received, lost, round(chance.expovariate(0.4), 1), round(chance.uniform(15, 60), 1), mos)

    def _parts(self, delay_ms: int) -> dict[str, float]:
        share = self._chance.uniform(0.4, 0.7)
        left = delay_ms / 1000
        return {"end_of_turn": 0.25 * left, "recognition": share * 0.7 * left, "voice": (1 - share) * 0.6 * left}
