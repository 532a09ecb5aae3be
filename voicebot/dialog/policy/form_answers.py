"""Uses what the caller says for the form in progress: the value asked for, values said unasked, corrections, a yes.

A caller answers in their own order: an address given with its commune, a day instead of a street, the street again
when the next question is already put. Whatever fits a slot is kept, and the question still open is put again.
"""

from voicebot.dialog.forms.spec import Slot
from voicebot.dialog.forms.values import FREE, STRONG, Offer, spoken, valid
from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy import acts
from voicebot.dialog.policy.evidence import by_words, pick
from voicebot.dialog.policy.form_reading import QUESTION_WORDS, asks, entity, is_nothing, is_place, nothing_else
from voicebot.dialog.policy.form_run import (
    FormRun,
    advance,
    ask,
    by_key,
    conclude,
    options,
    put,
    store,
    yes_no,
)
from voicebot.dialog.policy.form_values import (
    continued,
    happened,
    numbered,
    offered,
    offers_of_period,
    value_of,
    wants_others,
    wants_sooner,
    without_reference,
)
from voicebot.dialog.policy.questions import FormQuestion
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.turns import Heard
from voicebot.dialog.wording import contains, fold, full_date

_GIVE_UP = 3
_STATED = 0.85
"""A statement that is no question leaves a form only when it is at least this surely a request."""
_SHORT_TELLING = 4
_WAITS = 3
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
    by_choice = bool(heard.keys and options(talk, run, slot))  # then a key is one of the answers offered
    if slot.optional and not by_choice and is_nothing(talk, heard, understanding):
        run.values[slot.name] = ""
        return advance(talk, run, Draft())
    if slot.kind == "creneau" and offers_of_period(talk, run, heard):
        return put(talk, run, Draft())
    if slot.kind == "creneau" and wants_sooner(talk, heard):
        run.page = 0
        return ask(talk, run, slot, talk.text("formulaire.plus_tot"))
    if slot.kind == "creneau" and wants_others(talk, run, heard, understanding):
        run.page += 1
        return ask(talk, run, slot, Draft())
    if slot.kind == "reference" and without_reference(talk, heard, understanding):
        if slot.optional:
            run.values[slot.name] = ""
            return advance(talk, run, Draft())
        return acts.transfer(talk, talk.text("suivi.sans_reference"), next(iter(run.form.intents), "conseiller"))
    value = value_of(talk, run, slot, heard, understanding)
    volunteered = _volunteer(talk, run, slot, heard, understanding)
    if value is None and slot.kind == "telephone" and heard.text:
        value, draft = continued(talk, run, slot, heard)
        if draft is not None:
            return draft
    if value is None and volunteered is None:
        volunteered = _chosen_unasked(talk, run, slot, heard)
    if value is None and volunteered is not None:
        return put(talk, run, volunteered)
    if value is None:
        outside = entity(talk, understanding, "hors_territoire")
        if slot.kind != "commune" or not outside:
            return None
        return ask(talk, run, slot, talk.text("hors_territoire", {"lieu": outside}))
    if slot.kind == "creneau" and not offered(talk, run, value):
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
    if understanding.intent == "hors_sujet" and run.stage == "ask" and asks(talk, heard):
        return put(talk, run, talk.tell(Draft(), "hors_sujet", ask=False))
    return None


def given_up(talk: Talk, run: FormRun) -> Draft:
    """Return what is said, and done, once a form could not be filled: an adviser, a callback, or else the site."""
    if run.form.record == "callback" and not talk.open:
        return talk.text("formulaire.echec")
    subject = next(iter(run.form.intents), "conseiller")
    return acts.transfer(talk, talk.text("formulaire.echec.conseiller"), subject)


def concluded(talk: Talk, run: FormRun) -> Draft:
    """Return what is said, and kept, of a form whose caller takes leave in the middle of it."""
    return conclude(talk, run) or talk.text("formulaire.inacheve", {"formulaire": run.form.name})


def leaves(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding) -> bool:
    """Tell whether a turn the form had no use for is a request of its own, rather than an answer not understood."""
    sure = understanding.verdict is Verdict.SURE and not understanding.elliptic
    if not sure or understanding.intent in (*run.form.intents, "hors_sujet", "oui", "non"):
        return False
    if not asks(talk, heard) and understanding.confidence < _STATED:
        return False
    return not is_place(talk, heard.text) and len(fold(heard.text).split()) >= QUESTION_WORDS


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
    noted |= _keep_beside(talk, run, heard, understanding)
    if corrected is not None:
        return talk.text("formulaire.corrige", {"valeur": corrected})
    return talk.text("formulaire.note") if noted else None


def _unasked(talk: Talk, slot: Slot, asked: Slot, heard: Heard, understanding: Understanding | None) -> str | None:
    """Return the value of a slot that was not asked for, when what was said can be nothing else."""
    if slot is asked or slot.kind not in _UNASKED:
        return None
    value = entity(talk, understanding, slot.name) or entity(talk, understanding, slot.kind)
    if slot.kind == "adresse" and not value and any(char.isdigit() for char in heard.text):
        found = talk.understander.slot_value(slot.name, heard.text, (), talk.background(slot.name)) or ""
        value = found if found[:1].isdigit() and any(char.isalpha() for char in found) else ""
    if slot.kind == "date" and _is_house_number(talk, heard, understanding):
        return None
    if slot.kind == "email" and not value and ("@" in heard.text or contains(fold(heard.text), "arobase")):
        value = (
            talk.understander.slot_value(slot.name, heard.text, heard.alternatives, talk.background(slot.name)) or ""
        )
    if not value or (slot.kind == "commune" and value not in talk.knowledge.communes):
        return None
    if slot.kind == "flux" and value not in talk.knowledge.streams:
        return None
    kept = valid(slot.kind, value, talk.today)
    return happened(talk, kept, heard.text) if kept and slot.kind == "date" and slot.past else kept


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
        return bool(entity(talk, understanding, "adresse")) or nothing_else(talk, heard.text, understanding)
    return True


def _keep_beside(talk: Talk, run: FormRun, heard: Heard, understanding: Understanding | None) -> bool:
    """Keep a number or a day that the form has no slot for beside its values: the service may need them.

    Tell whether there was one.
    """
    before = dict(run.said)
    for kind in ("telephone", "date"):
        value = entity(talk, understanding, kind)
        if kind == "date" and _is_house_number(talk, heard, understanding):
            continue
        if value and not any(slot.kind in (kind, "creneau") for slot in run.form.slots):
            run.said[kind] = value
    return run.said != before


def _is_house_number(talk: Talk, heard: Heard, understanding: Understanding | None) -> bool:
    """Tell whether the day understood is the number of an address: "le 6, chemin des Mares"."""
    address = fold(entity(talk, understanding, "adresse"))
    rest = fold(heard.text).replace(address, " ") if address else ""
    return bool(address) and talk.understander.slot_value("date", rest, (), talk.background("date")) is None


def _foresee(run: FormRun, heard: Heard) -> None:
    """Take a choice already named with the object: "deux matelas" answers how many."""
    for slot in run.form.slots:
        if slot.kind == "choix" and slot.name not in run.values:
            named = by_words(heard, slot.choices)
            if named:
                run.values[slot.name] = named


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
    street = entity(talk, understanding, "adresse") or numbered(run.values.get(slot.name, ""), heard.text)
    if not street and not is_place(talk, heard.text):
        return None
    value = street or value_of(talk, run, slot, heard, understanding)
    if not value or value == run.values.get(slot.name):
        return None
    known = run.values.get(slot.name, "")
    if not street and any(char.isdigit() for char in known):
        value = f"{known}, {value}"
    _volunteer(talk, run, slot, heard, understanding)
    store(talk, run, slot, value)
    return advance(talk, run, Draft())


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
        value: str | None = None
        if slot.kind == "commune" and not marked:
            value = entity(talk, understanding, "commune")  # a town that the words only sound like corrects nothing
        elif slot.kind in STRONG:
            value = value_of(talk, run, slot, heard, understanding)
        elif slot.kind == "adresse":
            value = entity(talk, understanding, "adresse")
        if not value or value == run.values[slot.name]:
            continue
        if slot.kind == "creneau" and not offered(talk, run, value):
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
    return asks and len(folded.split()) >= QUESTION_WORDS
