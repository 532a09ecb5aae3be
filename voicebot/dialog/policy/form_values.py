"""The value of one slot in an answer to its question: typed, dictated in pieces, chosen by rank, or said in words."""

import re
from dataclasses import replace
from datetime import date

from voicebot.dialog.forms.spec import Slot
from voicebot.dialog.forms.values import FREE, Offer, latest, valid
from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy.evidence import by_words, pick
from voicebot.dialog.policy.form_reading import DEFER_KEY, asks, entity, is_nothing, is_place, names_date, nothing_else
from voicebot.dialog.policy.form_run import FormRun, free_offers, names_object, options, yes_no
from voicebot.dialog.policy.questions import FormQuestion
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Ask, Heard
from voicebot.dialog.wording import Words, contains, fold
from voicebot.hours.words import WEEKDAYS

_SHORT_ANSWER = 2
_LEAST_DIGITS = 2
_DIGITS = 10
_HOUSE = re.compile(r"\d+(?: ?(?:bis|ter|quater)\b)?", re.I)
_HOUSE_ALONE = re.compile(
    r"(?:(?:non|euh|en fait|plutot|pardon|c est|c etait|au|le|numero|a l)\s+)*(\d{1,4}(?: (?:bis|ter|quater))?)$"
)
_RANKS = ("premier", "second", "deuxieme", "troisieme", "dernier")
_POLITE = ("merci", "saluer", "au_revoir")


def value_of(talk: Talk, run: FormRun, slot: Slot, heard: Heard, understanding: Understanding | None) -> str | None:
    """Return the value of ``slot`` that the turn answers, or ``None``."""
    if heard.keys:
        return _typed(talk, run, slot, heard)
    offered = options(talk, run, slot)
    ranked = _by_rank(talk, run, heard) if slot.kind == "creneau" else None
    if ranked is not None:
        return ranked
    dated = _on_date(talk, run, heard) if slot.kind == "creneau" else None
    if dated is not None and names_date(heard.text):
        return dated
    picked = pick(heard, offered) if offered else None
    if picked is not None and picked.sure:
        return picked.id
    if slot.kind == "creneau":
        return dated
    name = "description" if slot.kind == "objet" else slot.name
    if slot.kind == "telephone" and run.refused:
        heard = _not_refused(talk, run, heard)
    found = talk.understander.slot_value(name, heard.text, heard.alternatives, talk.background(name))
    if slot.kind == "choix" or (offered and found not in {option.id for option in offered}):
        return picked.id if picked is not None and slot.kind in ("commune", "flux") else None
    if slot.kind in FREE and not _can_be(talk, slot, heard, understanding):
        return None
    if found is None and slot.kind in (*FREE, "telephone"):
        found = heard.text
    value = valid(slot.kind, found, talk.today) if found else None
    return happened(talk, value, heard.text) if value and slot.past else value


def continued(talk: Talk, run: FormRun, slot: Slot, heard: Heard) -> tuple[str | None, Draft | None]:
    """Join a number dictated in pieces; return it, or else what encourages to go on, or neither."""
    read, background = talk.understander.slot_value, talk.background(slot.name)
    digits = read("chiffres", f"{run.partial} {heard.text}", (), background) or ""
    value = valid(slot.kind, digits, talk.today) if run.partial and len(digits) == _DIGITS else None
    if value:
        return value, None
    fresh = read("chiffres", heard.text, (), background)
    if fresh and run.partial and fresh.startswith(run.partial):
        digits = fresh  # "zéro six... euh, zéro six douze": the number is begun again
    if not fresh or not digits.startswith("0") or not _LEAST_DIGITS <= len(digits) < _DIGITS:
        return None, None
    run.partial = digits
    pairs = [digits[start : start + 2] for start in range(0, len(digits), 2)]
    draft = talk.text("telephone.suite", {"chiffres": Words(", ".join(pairs), " ".join(pairs))})
    draft.question = FormQuestion()
    draft.actions.append(Ask(slot.name, run.form.id))
    return None, draft


def without_reference(talk: Talk, heard: Heard, understanding: Understanding | None) -> bool:
    """Tell whether the caller has no reference to give."""
    if heard.keys or not heard.text:
        return False
    if talk.understander.slot_value("reference", heard.text, heard.alternatives, talk.background("reference")):
        return False
    folded = fold(heard.text)
    if any(contains(folded, mark) for mark in talk.knowledge.marks["sans_reference"]):
        return True
    return is_nothing(talk, heard, understanding)


def happened(talk: Talk, value: str, text: str) -> str | None:
    """Return a day said of what has happened; one still to come answers nothing."""
    by_number = names_date(text) and not any(contains(fold(text), day) for day in WEEKDAYS)
    day = latest(value, talk.today, by_number)
    return day if day <= talk.today.isoformat() else None


def _not_refused(talk: Talk, run: FormRun, heard: Heard) -> Heard:
    """Return the hypotheses without those that repeat a number the caller has refused; all of them if all do."""
    texts = (heard.text, *heard.alternatives)
    read = {text: talk.understander.slot_value("telephone", text, (), talk.background("telephone")) for text in texts}
    kept = [text for text in texts if read[text] not in run.refused]
    if not any(read[text] for text in kept):
        return heard
    return replace(heard, text=kept[0], alternatives=tuple(kept[1:]))


def _can_be(talk: Talk, slot: Slot, heard: Heard, understanding: Understanding | None) -> bool:
    """Tell whether words taken as they are can answer: not a sign of waiting, not a bare yes, not a day for a place."""
    if talk.is_mark("attente", heard.text):
        return False
    if understanding is not None and understanding.verdict is Verdict.SURE and understanding.intent in _POLITE:
        return False
    if by_words(heard, yes_no(talk)) and len(fold(heard.text).split()) <= _SHORT_ANSWER:
        return False
    if slot.kind == "objet":
        return names_object(talk, heard.text) or not (
            asks(talk, heard) or any(entity(talk, understanding, name) for name in ("adresse", "commune", "date"))
        )
    if slot.kind != "adresse" or entity(talk, understanding, "adresse"):
        return True
    if _only_a_rank(talk, heard.text):
        return False
    if asks(talk, heard) and not is_place(talk, heard.text):
        return False
    return not nothing_else(talk, heard.text, understanding)


def _only_a_rank(talk: Talk, text: str) -> bool:
    """Tell whether one of several things is chosen by its rank ("le premier, s'il vous plaît"): that is no place."""
    folded = fold(text)
    said = [fold(one) for name in _RANKS for one in talk.knowledge.marks[name] if contains(folded, one)]
    courtesies = {word for one in talk.knowledge.marks["interpellations"] for word in fold(one).split()}
    return any(courtesies.issuperset(folded.replace(rank, " ", 1).split()) for rank in said)


def _typed(talk: Talk, run: FormRun, slot: Slot, heard: Heard) -> str | None:
    entry = heard.keys.split("*")[-1].rstrip("#")
    if slot.kind in ("telephone", "reference"):
        return valid(slot.kind, entry, talk.today)
    if slot.kind in (*FREE, "email") and entry == DEFER_KEY:
        return talk.knowledge.marks["a_preciser"][0]
    picked = pick(heard, options(talk, run, slot))
    return picked.id if picked else None


def offers_of_period(talk: Talk, run: FormRun, heard: Heard) -> bool:
    """Offer what is free in the weeks or days asked for ("la semaine prochaine"); ``False`` when nothing is."""
    found = talk.understander.slot_value("date", heard.text, (), talk.background("date")) if heard.text else None
    first, _, last = (found or "").partition("/")
    try:
        start, end = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    except ValueError:
        return False
    inside = [offer for offer in free_offers(talk, run) if start <= offer.day <= end]
    if not inside:
        return False
    run.offered = tuple(inside[: len(run.offered)])
    return True


def _by_rank(talk: Talk, run: FormRun, heard: Heard) -> str | None:
    """Return the offer named by its place ("le deuxième"), or the first for who takes any."""
    if names_date(heard.text) or any(offer.day.day == 1 for offer in run.offered):
        return None
    folded = fold(heard.text)
    for place, mark in ((0, "premier"), (1, "deuxieme"), (2, "troisieme"), (-1, "dernier"), (0, "indifferent")):
        if run.offered and any(contains(folded, said) for said in talk.knowledge.marks[mark]):
            return run.offered[min(place, len(run.offered) - 1)].value
    return None


def _on_date(talk: Talk, run: FormRun, heard: Heard) -> str | None:
    """Return the appointment on the date said, at the moment said if it is free."""
    found = talk.understander.slot_value("date", heard.text, heard.alternatives, talk.background("date"))
    try:
        day = date.fromisoformat((found or "")[:10])
    except ValueError:
        return None
    free = [offer for offer in free_offers(talk, run) if offer.day == day]
    folded = fold(heard.text)
    meant = [offer for offer in free if contains(folded, offer.moment_name)]
    return (meant or free or [Offer(day, "")])[0].value


def offered(talk: Talk, run: FormRun, value: str) -> bool:
    """Tell whether an appointment is still free."""
    return any(offer.value == value for offer in free_offers(talk, run))


def wants_sooner(talk: Talk, heard: Heard) -> bool:
    """Tell whether something earlier than what is offered is asked for; "le plus tôt" takes the first."""
    folded = fold(heard.text)
    any_will_do = any(contains(folded, mark) for mark in talk.knowledge.marks["indifferent"])
    return not any_will_do and any(contains(folded, mark) for mark in talk.knowledge.marks["plus_tot"])


def wants_others(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None) -> bool:
    """Tell whether none of the appointments offered suits."""
    if heard.keys:
        return heard.keys == str(len(run.offered) + 1)
    folded = fold(heard.text)
    if any(contains(folded, mark) for mark in talk.knowledge.marks["suivants"]):
        return True
    return understanding is not None and understanding.intent == "non" and len(folded.split()) <= _SHORT_ANSWER


def numbered(address: str, text: str) -> str:
    """Return ``address`` with the number said instead of its own ("non, au 16 bis"), or nothing."""
    said, known = _HOUSE_ALONE.match(fold(text)), _HOUSE.match(address)
    return f"{said[1]}{address[known.end() :]}" if said and known else ""
