"""What is asked right after an answer or a record, and only makes sense there ("quand est-ce qu'elle sera vidée ?").

Each such question is known by what has just been spoken of and by the words of a mark of the profile; its answer is one
of the profile's. What is asked of septic tanks is told apart here too: nothing of theirs goes through the sewer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Candidate, Heard
from voicebot.dialog.wording import contains, fold

_SEWAGE = "assainissement."
_BLOCKED = "assainissement.probleme"
_LONGEST = 14
_SHORT = 9
_BESIDE = 3
_LED = 0.9
_RECYCLING_CENTRE = "déchèterie"
_IN_CONTAINERS = ("verre", "papier", "textile")


@dataclass(frozen=True, slots=True)
class _After:
    """A question that follows one of ``intents`` (a beginning of their ids), its mark and its answer.

    ``kept``: only once a request was kept in this conversation.
    """

    intents: tuple[str, ...]
    mark: str
    answer: str
    kept: bool = False


_AFTER = (
    _After(("signalement.", "bac.demande", "reclamation"), "suite_delai", "suite.delai", kept=True),
    _After(("tri.objet", "decheterie.acces"), "suite_quantite", "suite.quantite"),
    _After(("assainissement.conformite",), "suite_rendez_vous", "suite.controle"),
)


_LEADS: Mapping[str, Sequence[tuple[str, str]]] = {
    "suite_prix": (
        ("tri.compost", "tri.compost"),
        ("tri.", "decheterie.acces"),
        ("decheterie.", "decheterie.acces"),
        ("encombrants.", "encombrants.info"),
        ("redevance.", "redevance.pro"),
        ("eau.", "eau.prix"),
    ),
    "suite_heures": (
        ("commune.services", "commune.services"),
        ("tri.", "decheterie.horaires"),
        ("decheterie.", "decheterie.horaires"),
        ("service.", "service.horaires"),
        ("redevance.", "service.horaires"),
    ),
    "suite_lieu": (
        ("commune.services", "commune.services"),
        ("apport.", "apport.localisation"),
        ("tri.", "decheterie.adresse"),
        ("decheterie.", "decheterie.adresse"),
        ("service.", "service.contact"),
        ("interco.", "service.contact"),
    ),
    "suite_numero": (
        ("commune.services", "commune.services"),
        ("eau.fuite", "eau.fuite"),
        ("eau.coupure", "eau.coupure"),
        ("eau.", "eau.facture"),
        ("assainissement.probleme", "assainissement.probleme"),
        ("", "service.contact"),
    ),
    "suite_assainissement": (("eau.prix", "eau.prix"), ("eau.facture", "eau.facture")),
    "suite_professionnel": (
        ("tri.", "decheterie.acces"),
        ("decheterie.", "decheterie.acces"),
        ("collecte.", "redevance.pro"),
        ("bac.", "redevance.pro"),
    ),
}
"""Where a few words lead that say nothing of their subject, by the mark they hold and the beginning of what was just
spoken of: "c'est payant ?" after an object is about the recycling centre it goes to."""


def read_after(talk: Talk, heard: Heard, understood: Understanding) -> Understanding:
    """Return what a turn asks that leaves its subject out, or ``understood`` when it says what it is about."""
    before = talk.memory.intent or ""
    folded = fold(heard.text)
    own = understood.entities
    if not before or own.get("objet") or own.get("flux") or len(folded.split()) > _SHORT:
        return understood
    for mark, leads in _LEADS.items():
        phrase = max((p for p in map(fold, talk.knowledge.marks[mark]) if contains(folded, p)), key=len, default="")
        intent = next((to for start, to in leads if before.startswith(start)), "")
        if not phrase or not intent or not _left_out(talk, folded, phrase):
            continue
        entities = {name: own[name] for name in ("commune", "date", "heure", "hors_territoire") if name in own}
        if before == "tri.objet" and not _goes_there(talk):
            intent, entities["flux"] = _container(talk, mark)
        if mark == "suite_professionnel":
            entities["public"] = "professionnel"
        if intent:
            others = tuple(one for one in understood.candidates if one.intent != intent)
            return Understanding(Verdict.SURE, (Candidate(intent, _LED), *others), entities)
    return understood


def _left_out(talk: Talk, folded: str, phrase: str) -> bool:
    """Tell whether what stands beside ``phrase`` is short and names no subject."""
    beside = f" {folded} ".replace(f" {phrase} ", " ", 1).split()
    marks = talk.knowledge.marks
    small = _words(text for name in ("vides", *_LEADS) for text in marks[name])
    named = _words(text for one in talk.knowledge.subjects.values() for text in one.texts) - small
    return len(beside) <= _BESIDE and not named.intersection(beside)


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in fold(text).split()}


def _goes_there(talk: Talk) -> bool:
    """Tell whether the object just spoken of goes to a recycling centre, or is not known."""
    thing = talk.knowledge.guide.find(talk.memory.entities.get("objet", ""))
    channel = None if thing is None else talk.knowledge.guide.channels.get(thing.channel)
    return channel is None or _RECYCLING_CENTRE in channel.sentence


def _container(talk: Talk, mark: str) -> tuple[str, str]:
    """Return where the object just spoken of leads, when it goes to a container rather than to a recycling centre."""
    thing = talk.knowledge.guide.find(talk.memory.entities.get("objet", ""))
    channel = None if thing is None else talk.knowledge.guide.channels.get(thing.channel)
    stream = "" if channel is None else channel.stream
    return ("apport.localisation", stream) if mark == "suite_lieu" and stream in _IN_CONTAINERS else ("", "")


def asked_after(talk: Talk, heard: Heard, understood: Understanding) -> Draft | None:
    """Return the answer to a question that follows what has just been dealt with; ``None`` when it is another."""
    folded = fold(heard.text)
    tank = _septic_tank(talk, heard, understood)
    if tank is not None:
        return tank
    before = talk.memory.intent or ""
    if understood.entities.get("objet") or len(folded.split()) > _LONGEST:
        return None
    for one in _AFTER:
        follows = before.startswith(one.intents) and (talk.memory.references or not one.kept)
        if follows and _says(talk, folded, one.mark):
            talk.memory.requests.append(heard.text)
            talk.memory.misunderstood = 0
            return talk.tell(Draft(settled=True), one.answer)
    return None


def _septic_tank(talk: Talk, heard: Heard, understood: Understanding) -> Draft | None:
    """Answer what is asked of a septic tank, but the inspection of a sale, which is the same for all.

    A tank just spoken of is still meant by a turn that only adds where it is.
    """
    folded = fold(heard.text)
    intent = understood.intent if understood.intent.startswith(_SEWAGE) else ""
    before = talk.memory.intent or ""
    said = " ".join([*talk.memory.requests[-1:], folded]) if understood.elliptic else folded
    about = _says(talk, fold(said), "fosse") or (before.startswith(_SEWAGE) and _says(talk, folded, "vidange"))
    if not about or not (intent or before.startswith(_SEWAGE)) or _says(talk, folded, "controle_vente"):
        return None
    talk.memory.requests.append(heard.text)
    talk.memory.intent = intent or before
    talk.memory.misunderstood = 0
    overflowing = intent == _BLOCKED and not _says(talk, folded, "vidange")
    return talk.tell(Draft(settled=True), "assainissement.fosse.pleine" if overflowing else "assainissement.fosse")


def _says(talk: Talk, folded: str, mark: str) -> bool:
    return any(contains(folded, phrase) for phrase in talk.knowledge.marks[mark])
