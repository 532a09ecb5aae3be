"""Uses what the caller says for the form in progress: the value asked for, values said unasked, corrections, a yes.

A caller answers in their own order: an address given with its commune, a day instead of a street, the street again
when the next question is already put. Whatever fits a slot is kept, and the question still open is put again.
"""

import re
from dataclasses import replace
from datetime import date

from voicebot.dialog.forms.spec import Slot
from voicebot.dialog.forms.values import FREE, STRONG, Offer, latest, spoken, valid
from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy import acts
from voicebot.dialog.policy.evidence import by_words, pick
from voicebot.dialog.policy.form_run import FormRun, advance, ask, by_key, free_offers, options, put, store, yes_no
from voicebot.dialog.policy.questions import FormQuestion
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Ask, Heard
from voicebot.dialog.wording import Words, contains, fold, full_date
from voicebot.hours.words import MONTHS, WEEKDAYS

_DEFER_KEY = "1"
"""Leaves a question that cannot be typed to whoever calls back."""

_GIVE_UP = 3
_QUESTION_WORDS = 3
_SHORT_ANSWER = 2
_HEARD_NAME = 3
_STATED = 0.85
"""A statement that is no question leaves a form only when it is at least this surely a request."""
_SHORT_TELLING = 4
_LEAST_DIGITS = 2
_DIGITS = 10
_HOUSE = re.compile(r"\d+(?: ?(?:bis|ter|quater)\b)?", re.I)
_HOUSE_ALONE = re.compile(
    r"(?:(?:non|euh|en fait|plutot|pardon|c est|c etait|au|le|numero|a l)\s+)*(\d{1,4}(?: (?:bis|ter|quater))?)$"
)
_WAITS = 3
_POLITE = ("merci", "saluer", "au_revoir")
_UNASKED = ("commune", "adresse", "date", "telephone", "flux", "email")
"""The kinds of value that are recognised for what they are, whatever was asked."""


def take(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None) -> Draft | None:
    """Use a turn for the form; ``None`` says that it is about something else, or was not understood."""
    if run.stage in ("caller", "check", "recap", "correct"):
        return _take_decision(talk, run, heard, understanding)
    slot = run.form.slot(run.asked)
    if slot is None:
        return None
    corrected = _corrected(talk, run, heard, understanding) if heard.text else None
    if corrected is not None:
        return corrected
    if _digresses(talk, run, heard, understanding):
        return None
    if slot.optional and _is_nothing(talk, heard, understanding):
        run.values[slot.name] = ""
        return advance(talk, run, Draft())
    if slot.kind == "creneau" and _wants_others(talk, run, heard, understanding):
        run.page += 1
        return ask(talk, run, slot, Draft())
    if slot.kind == "reference" and _without(talk, heard, understanding):
        if slot.optional:
            run.values[slot.name] = ""
            return advance(talk, run, Draft())
        return acts.transfer(talk, talk.text("suivi.sans_reference"), next(iter(run.form.intents), "conseiller"))
    volunteered = _volunteer(talk, run, slot, heard, understanding)
    value = _value(talk, run, slot, heard, understanding)
    if value is None and slot.kind == "telephone" and heard.text:
        value, draft = _continued(talk, run, slot, heard)
        if draft is not None:
            return draft
    if value is None and volunteered is None:
        volunteered = _chosen_unasked(talk, run, slot, heard)
    if value is None and volunteered is not None:
        return put(talk, run, volunteered)
    if value is None:
        outside = _entity(talk, understanding, "hors_territoire")
        if slot.kind != "commune" or not outside:
            return None
        return ask(talk, run, slot, talk.text("hors_territoire", {"lieu": outside}))
    if slot.kind == "creneau" and not _offered(talk, run, value):
        draft = talk.text("formulaire.date_indisponible", {"date": full_date(Offer.parse(value).day)})
        return ask(talk, run, slot, draft)
    store(talk, run, slot, value)
    if slot.kind == "objet":
        _foresee(run, heard)
    return advance(talk, run, Draft())


def misunderstood(talk: Talk, run: FormRun) -> Draft | None:
    """Ask again, otherwise; ``None`` after three tries."""
    run.attempt += 1
    run.partial = ""
    slot = run.form.slot(run.asked)
    if run.stage == "ask" and slot is not None and slot.optional and run.attempt >= _GIVE_UP - 1:
        run.values[slot.name] = ""
        return advance(talk, run, Draft())
    if run.attempt >= _GIVE_UP:
        return None
    draft = talk.text("formulaire.invalide" if run.attempt == 1 else "formulaire.dernier_essai")
    return put(talk, run, draft)


def beside(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None) -> Draft | None:
    """Answer what is neither a value nor a request of ours, a thank you or a question of another service's."""
    if talk.is_mark("attente", heard.text) and talk.memory.said["attente"] < _WAITS:
        draft = talk.text("attente")
        draft.question, draft.aside = FormQuestion(), True
        return draft
    if understanding is None or understanding.verdict is Verdict.UNSURE:
        return None
    if understanding.verdict is Verdict.SURE and understanding.intent in ("merci", "saluer"):
        return put(talk, run, talk.text("entendu"))
    if understanding.intent == "hors_sujet" and run.stage == "ask" and _asks(talk, heard):
        return put(talk, run, talk.tell(Draft(), "hors_sujet", ask=False))
    return None


def given_up(talk: Talk, run: FormRun) -> Draft:
    """Return what is said, and done, once a form could not be filled: an adviser, or the site when there is none."""
    if run.form.record == "callback" or not talk.open:
        return talk.text("formulaire.echec")
    subject = next(iter(run.form.intents), "conseiller")
    return acts.transfer(talk, talk.text("formulaire.echec.conseiller"), subject)


def leaves(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding) -> bool:
    """Tell whether a turn the form had no use for is a request of its own, rather than an answer not understood."""
    sure = understanding.verdict is Verdict.SURE and not understanding.elliptic
    if not sure or understanding.intent in (*run.form.intents, "hors_sujet", "oui", "non"):
        return False
    if not _asks(talk, heard) and understanding.confidence < _STATED:
        return False
    return not _is_place(talk, heard.text) and len(fold(heard.text).split()) >= _QUESTION_WORDS


def yes_or_no(talk: Talk, heard: Heard, understanding: Understanding | None) -> str | None:
    """Return ``oui`` or ``non`` when the turn clearly says one of them."""
    picked = pick(heard, yes_no(talk))
    if picked is not None and picked.sure:
        return picked.id
    return understanding.intent if understanding is not None and understanding.intent in ("oui", "non") else None


# -- values said unasked --------------------------------------------------------------------------------------


def _volunteer(
    talk: Talk, run: FormRun, asked: Slot, heard: Heard, understanding: Understanding | None
) -> Draft | None:
    """Keep what was said beside, or instead of, what was asked; return the words that tell so."""
    noted, corrected = False, None
    for slot in run.form.slots:
        value = _unasked(talk, slot, asked, heard, understanding)
        if value is None or run.values.get(slot.name) == value or not run.applies(slot):
            continue
        known = bool(run.values.get(slot.name))
        if known and not _overrides(talk, slot, asked, heard, understanding):
            continue
        store(talk, run, slot, value)
        noted = True
        if known:
            corrected = spoken(slot, value, talk.today)
    _keep_beside(talk, run, understanding)
    if corrected is not None:
        return talk.text("formulaire.corrige", {"valeur": corrected})
    return talk.text("formulaire.note") if noted else None


def _unasked(talk: Talk, slot: Slot, asked: Slot, heard: Heard, understanding: Understanding | None) -> str | None:
    """Return the value of a slot that was not asked for, when what was said can be nothing else."""
    if slot is asked or slot.kind not in _UNASKED:
        return None
    value = _entity(talk, understanding, slot.name) or _entity(talk, understanding, slot.kind)
    if slot.kind == "adresse" and not value and any(char.isdigit() for char in heard.text):
        found = talk.understander.slot_value(slot.name, heard.text, (), talk.background(slot.name)) or ""
        value = found if found[:1].isdigit() and any(char.isalpha() for char in found) else ""
    if not value or (slot.kind == "commune" and value not in talk.knowledge.communes):
        return None
    if slot.kind == "flux" and value not in talk.knowledge.streams:
        return None
    kept = valid(slot.kind, value, talk.today)
    return latest(kept, talk.today) if kept and slot.kind == "date" and slot.past else kept


def _chosen_unasked(talk: Talk, run: FormRun, asked: Slot, heard: Heard) -> Draft | None:
    """Keep a choice, or a bin named in short, said in answer to another question; return the words that tell so."""
    dictated = talk.understander.slot_value("chiffres", heard.text, (), talk.background(asked.name)) or ""
    if not heard.text or asked.kind in FREE or (dictated.isdigit() and len(dictated) > _SHORT_TELLING):
        return None
    short = len(fold(heard.text).split()) <= _SHORT_TELLING
    noted = False
    for slot in run.form.slots:
        kinds = {"choix": asked.kind != "choix", "flux": short}
        if slot is asked or not kinds.get(slot.kind, False) or slot.name in run.values:
            continue
        named = by_words(heard, options(talk, run, slot))
        if named is None and slot.kind == "flux":
            named = talk.understander.slot_value(slot.name, heard.text, (), talk.background(slot.name))
        if named:
            run.values[slot.name] = named
            noted = True
    return talk.text("formulaire.note") if noted else None


def _overrides(talk: Talk, slot: Slot, asked: Slot, heard: Heard, understanding: Understanding | None) -> bool:
    """Tell whether a value said unasked replaces the one already known: a story told freely does not."""
    if asked.kind in ("texte", "objet") or slot.kind in ("date", "flux"):
        return False
    if slot.kind == "commune":
        return bool(_entity(talk, understanding, "adresse")) or _nothing_else(talk, heard.text, understanding)
    return True


def _keep_beside(talk: Talk, run: FormRun, understanding: Understanding | None) -> None:
    """Keep a number or a day that the form has no slot for beside its values: the service may need them."""
    for kind in ("telephone", "date"):
        value = _entity(talk, understanding, kind)
        if value and not any(slot.kind in (kind, "creneau") for slot in run.form.slots):
            run.said[kind] = value


def _foresee(run: FormRun, heard: Heard) -> None:
    """Take a choice already named with the object: "deux matelas" answers how many."""
    for slot in run.form.slots:
        if slot.kind == "choix" and slot.name not in run.values:
            named = by_words(heard, slot.choices)
            if named:
                run.values[slot.name] = named


def _entity(talk: Talk, understanding: Understanding | None, name: str) -> str:
    """Return what this very turn says of ``name``: what an unfinished sentence took over from before does not count."""
    value = understanding.entities.get(name, "") if understanding is not None else ""
    taken_over = understanding is not None and understanding.elliptic and value == talk.memory.entities.get(name)
    return "" if taken_over else value


def _nothing_else(talk: Talk, text: str, understanding: Understanding | None) -> bool:
    """Tell whether ``text`` says a commune, a day or a number and nothing more: "à Touques" names no street."""
    entities = understanding.entities if understanding is not None else {}
    words = fold(text).split()
    communes = {word for name in ("commune", "hors_territoire") for word in fold(entities.get(name, "")).split()}
    idle = communes.union(map(fold, talk.knowledge.marks["vides"]), WEEKDAYS, map(fold, MONTHS))
    left = [word for word in words if word not in idle and not word.isdigit()]
    if not left:
        return True
    by_sound = bool(communes) and not communes & set(words)
    return by_sound and len(words) <= _HEARD_NAME


# -- yes, no, and what is said instead ------------------------------------------------------------------------


def _take_decision(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None) -> Draft | None:
    corrected = _corrected(talk, run, heard, understanding, anywhere=True) if heard.text else None
    if corrected is not None:
        return corrected
    if run.stage == "correct":
        return _take_wrong_slot(talk, run, heard)
    slot = run.form.slot(run.asked)
    replaced = _replaced(talk, run, slot, heard, understanding)
    if replaced is not None:
        return replaced
    said = yes_or_no(talk, heard, understanding)
    if said is None:
        volunteered = None
        if slot is not None and run.stage == "check" and not _digresses(talk, run, heard, understanding):
            volunteered = _volunteer(talk, run, slot, heard, understanding)
        return None if volunteered is None else put(talk, run, volunteered)
    return _decided(talk, run, slot, said)


def _decided(talk: Talk, run: FormRun, slot: Slot | None, said: str) -> Draft | None:
    if run.stage == "recap":
        if said == "oui":
            run.checked.add("*")
            return advance(talk, run, Draft())
        run.stage = "correct"
        return put(talk, run, Draft())
    if slot is None:
        return None
    if run.stage == "caller":
        run.caller_refused = said == "non"
        if said == "oui":
            store(talk, run, slot, talk.context.caller)
            run.checked.add(slot.name)
        return advance(talk, run, Draft())
    if said == "oui":
        run.checked.add(slot.name)
    else:
        run.refused.add(run.values.get(slot.name, ""))
        run.forget(slot)
    return advance(talk, run, Draft())


def _replaced(
    talk: Talk, run: FormRun, slot: Slot | None, heard: Heard, understanding: Understanding | None
) -> Draft | None:
    """Take another place said where a yes was expected: it replaces the first, or makes it more precise."""
    if slot is None or slot.kind != "adresse" or run.stage != "check" or not heard.text:
        return None
    street = _entity(talk, understanding, "adresse") or _numbered(run.values.get(slot.name, ""), heard.text)
    if not street and not _is_place(talk, heard.text):
        return None
    value = street or _value(talk, run, slot, heard, understanding)
    if not value or value == run.values.get(slot.name):
        return None
    known = run.values.get(slot.name, "")
    if not street and any(char.isdigit() for char in known):
        value = f"{known}, {value}"
    _volunteer(talk, run, slot, heard, understanding)
    store(talk, run, slot, value)
    return advance(talk, run, Draft())


def _numbered(address: str, text: str) -> str:
    """Return ``address`` with the number said instead of its own ("non, au 16 bis"), or nothing."""
    said, known = _HOUSE_ALONE.match(fold(text)), _HOUSE.match(address)
    return f"{said[1]}{address[known.end() :]}" if said and known else ""


def _is_place(talk: Talk, text: str) -> bool:
    """Tell whether ``text`` begins by saying where: "derrière le cimetière", "non, devant l’école"."""
    folded = re.sub(r"^(?:(?:non|oui|c est|c etait|euh|en fait|juste)\s+)+", "", fold(text))
    return any(folded.startswith(f"{fold(mark)} ") for mark in talk.knowledge.marks["lieu"])


def _take_wrong_slot(talk: Talk, run: FormRun, heard: Heard) -> Draft | None:
    folded = fold(heard.text)
    chosen = pick(heard, by_key(run)) if heard.keys else None
    for slot in run.form.slots:
        named = chosen.id == slot.name if chosen else contains(folded, slot.label or slot.name)
        if slot.name in run.values and named:
            run.forget(slot)
            run.checked.discard("*")
            return advance(talk, run, Draft())
    return None


def _corrected(
    talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None, anywhere: bool = False
) -> Draft | None:
    """Take "non, le 12" for the last value it fits, whichever question was asked."""
    folded = fold(heard.text)
    starts = folded.split(" ", 1)[0] if folded else ""
    marked = starts == "non" or any(contains(folded, mark) for mark in talk.knowledge.marks["correction"])
    if not (marked or anywhere) or len(folded.split()) < 2:
        return None
    for slot in reversed(run.form.slots):
        if slot.name not in run.values or (slot.kind == "choix" and not marked):
            continue
        if slot.kind in STRONG:
            value = _value(talk, run, slot, heard, understanding)
        else:
            value = _entity(talk, understanding, "adresse") if slot.kind == "adresse" else None
        if not value or value == run.values[slot.name]:
            continue
        if slot.kind == "creneau" and not _offered(talk, run, value):
            draft = talk.text("formulaire.date_indisponible", {"date": full_date(Offer.parse(value).day)})
            run.forget(slot)
            return advance(talk, run, draft)
        _volunteer(talk, run, slot, heard, understanding)
        store(talk, run, slot, value)
        if slot.kind != "telephone":
            run.checked.add(slot.name)
        return advance(talk, run, talk.text("formulaire.corrige", {"valeur": spoken(slot, value, talk.today)}))
    return None


def _digresses(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None) -> bool:
    if understanding is None or understanding.verdict is not Verdict.SURE or understanding.elliptic:
        return False
    if understanding.intent in (*run.form.intents, "hors_sujet", "oui", "non", "merci", "saluer"):
        return False
    folded = fold(heard.text)
    asks = "?" in heard.text or any(contains(folded, mark) for mark in talk.knowledge.marks["digression"])
    return asks and len(folded.split()) >= _QUESTION_WORDS


def _asks(talk: Talk, heard: Heard) -> bool:
    """Tell whether the turn is worded as a question."""
    folded, marks = fold(heard.text), talk.knowledge.marks
    worded = any(contains(folded, mark) for mark in (*marks["digression"], *marks["question"]))
    return (worded or "?" in heard.text) and len(folded.split()) >= _QUESTION_WORDS


def _is_nothing(talk: Talk, heard: Heard, understanding: Understanding | None) -> bool:
    if heard.keys:
        return heard.keys == _DEFER_KEY
    if understanding is not None and understanding.verdict is Verdict.SURE and understanding.intent == "non":
        return True
    folded = fold(heard.text)
    return any(folded == fold(mark) for mark in (*talk.knowledge.marks["rien"], *talk.knowledge.marks["non"]))


def _wants_others(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None) -> bool:
    if heard.keys:
        return heard.keys == str(len(run.offered) + 1)
    folded = fold(heard.text)
    if any(contains(folded, mark) for mark in talk.knowledge.marks["suivants"]):
        return True
    return understanding is not None and understanding.intent == "non" and len(folded.split()) < 3


# -- the value of one slot ------------------------------------------------------------------------------------


def _value(talk: Talk, run: FormRun, slot: Slot, heard: Heard, understanding: Understanding | None) -> str | None:
    if heard.keys:
        return _typed(talk, run, slot, heard)
    offered = options(talk, run, slot)
    ranked = _by_rank(talk, run, heard) if slot.kind == "creneau" else None
    if ranked is not None:
        return ranked
    dated = _on_date(talk, run, heard) if slot.kind == "creneau" else None
    if dated is not None and _names_date(heard.text):
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
    return latest(value, talk.today) if value and slot.past else value


def _continued(talk: Talk, run: FormRun, slot: Slot, heard: Heard) -> tuple[str | None, Draft | None]:
    """Join a number dictated in pieces; return it, or else what encourages to go on, or neither."""
    read, background = talk.understander.slot_value, talk.background(slot.name)
    digits = read("chiffres", f"{run.partial} {heard.text}", (), background) or ""
    value = valid(slot.kind, digits, talk.today) if run.partial and len(digits) == _DIGITS else None
    if value:
        return value, None
    fresh = read("chiffres", heard.text, (), background)
    if not fresh or not digits.startswith("0") or not _LEAST_DIGITS <= len(digits) < _DIGITS:
        return None, None
    run.partial = digits
    pairs = [digits[start : start + 2] for start in range(0, len(digits), 2)]
    draft = talk.text("telephone.suite", {"chiffres": Words(", ".join(pairs), " ".join(pairs))})
    draft.question = FormQuestion()
    draft.actions.append(Ask(slot.name, run.form.id))
    return None, draft


def _without(talk: Talk, heard: Heard, understanding: Understanding | None) -> bool:
    """Tell whether the caller has no reference to give."""
    if heard.keys or not heard.text:
        return False
    if talk.understander.slot_value("reference", heard.text, heard.alternatives, talk.background("reference")):
        return False
    folded = fold(heard.text)
    if any(contains(folded, mark) for mark in talk.knowledge.marks["sans_reference"]):
        return True
    return _is_nothing(talk, heard, understanding)


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
    if slot.kind != "adresse" or _entity(talk, understanding, "adresse"):
        return True
    if _asks(talk, heard) and not _is_place(talk, heard.text):
        return False
    return not _nothing_else(talk, heard.text, understanding)


def _typed(talk: Talk, run: FormRun, slot: Slot, heard: Heard) -> str | None:
    entry = heard.keys.split("*")[-1].rstrip("#")
    if slot.kind in ("telephone", "reference"):
        return valid(slot.kind, entry, talk.today)
    if slot.kind in (*FREE, "email") and entry == _DEFER_KEY:
        return talk.knowledge.marks["a_preciser"][0]
    picked = pick(heard, options(talk, run, slot))
    return picked.id if picked else None


def _by_rank(talk: Talk, run: FormRun, heard: Heard) -> str | None:
    """Return the offer named by its place ("le deuxième"), or the first for who takes any."""
    if _names_date(heard.text) or any(offer.day.day == 1 for offer in run.offered):
        return None
    folded = fold(heard.text)
    for place, mark in ((0, "premier"), (1, "deuxieme"), (2, "troisieme"), (-1, "dernier"), (0, "indifferent")):
        if run.offered and any(contains(folded, said) for said in talk.knowledge.marks[mark]):
            return run.offered[min(place, len(run.offered) - 1)].value
    return None


def _names_date(text: str) -> bool:
    folded = fold(text)
    return any(char.isdigit() for char in folded) or any(contains(folded, month) for month in MONTHS)


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


def _offered(talk: Talk, run: FormRun, value: str) -> bool:
    return any(offer.value == value for offer in free_offers(talk, run))
