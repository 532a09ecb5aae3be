"""Leads one form: asks, reads back, keeps. One mechanism for every form; ``form_answers`` takes the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from voicebot.dialog.forms.spec import Form, Slot
from voicebot.dialog.forms.values import FREE, Offer, offers, spoken, telephone_in, valid
from voicebot.dialog.policy import callbacks
from voicebot.dialog.policy.evidence import by_words
from voicebot.dialog.policy.questions import FormQuestion
from voicebot.dialog.policy.slots import KEYPAD_ATTEMPT, commune_expect, stream_options
from voicebot.dialog.policy.talk import Draft, Talk
from voicebot.dialog.templates import Template
from voicebot.dialog.turns import Ask, Dictation, Expect, Heard, Option, Record
from voicebot.dialog.wording import Words, at_place, enumeration, of_place, spelled

_OFFERED = 3


@dataclass(slots=True)
class FormRun:
    """A form in progress.

    ``stage`` is ask, caller (the caller's own number?), check, recap or correct. ``said`` is what the request told
    beside the slots, kept with them. ``refused`` are the values read back to the caller, who said no. ``partial`` is
    the beginning of a number dictated over several turns.
    """

    form: Form
    values: dict[str, str] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    asked: str = ""
    stage: str = "ask"
    attempt: int = 0
    offered: tuple[Offer, ...] = ()
    page: int = 0
    caller_refused: bool = False
    said: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    partial: str = ""

    def copy(self) -> "FormRun":
        """Return the same form apart, its values its own."""
        return replace(
            self,
            values=dict(self.values),
            checked=set(self.checked),
            said=dict(self.said),
            refused=set(self.refused),
        )

    def applies(self, slot: Slot) -> bool:
        """Tell whether ``slot`` is needed, given the values before it."""
        return all(self.values.get(name) in allowed for name, allowed in slot.when.items())

    def forget(self, slot: Slot) -> None:
        """Drop a value so that it is asked again."""
        self.values.pop(slot.name, None)
        self.checked.discard(slot.name)


def yes_no(talk: Talk) -> tuple[Option, ...]:
    """Return yes and no as the profile words them."""
    marks = talk.knowledge.marks
    return (Option("oui", marks["oui"], "Oui", "1"), Option("non", marks["non"], "Non", "2"))


def start(talk: Talk, form: Form, entities: Mapping[str, str], text: str) -> tuple[FormRun, Draft]:
    """Begin a form with what the request already said."""
    run = FormRun(form)
    known = {**entities}
    if talk.memory.commune:
        known.setdefault("commune", talk.memory.commune)
    for slot in form.slots:
        if slot.kind == "choix":
            value = by_words(Heard(text), slot.choices) or slot.default
        else:
            value = valid(slot.kind, known.get(slot.name, ""), talk.today) or slot.default
            if slot.kind == "telephone" and not value:
                value = telephone_in(text) or ""
            if slot.kind == "objet" and text:
                value = talk.understander.slot_value("objets", text, (), talk.background(slot.name)) or value
            if slot.told and names_object(talk, text):
                value = text
            if slot.kind == "creneau":
                value = ""
        if value and run.applies(slot):
            run.values[slot.name] = value
    if form.slot("date") is None and form.slot("creneau") is None and known.get("date"):
        run.said = {"date": known["date"]}
    draft = Draft()
    if form.opening:
        talk.speak(draft, form.opening[0], _words(talk, run))
    return run, advance(talk, run, draft)


def names_object(talk: Talk, text: str) -> bool:
    """Tell whether ``text`` names something of the sorting guide."""
    name = talk.understander.slot_value("objet", text, (), talk.background("objet")) if text else None
    return name is not None and talk.knowledge.guide.find(name) is not None


def advance(talk: Talk, run: FormRun, draft: Draft) -> Draft:
    """Put the next question, or read the whole back, or keep the form."""
    for slot in run.form.slots:
        if not run.applies(slot):
            continue
        if slot.name not in run.values:
            return ask(talk, run, slot, draft)
        left = run.values[slot.name] in talk.knowledge.marks["a_preciser"]
        if slot.check and run.values[slot.name] and not left and slot.name not in run.checked:
            return _check(talk, run, slot, draft)
    if _recap(run) is not None and "*" not in run.checked:
        run.stage, run.asked, run.attempt = "recap", "", 0
        return put(talk, run, draft)
    return _keep(talk, run, draft)


def conclude(talk: Talk, run: FormRun) -> Draft | None:
    """Keep a form whose caller takes leave, when it lacks only what may be left out; ``None`` when it lacks more."""
    unasked = [slot for slot in run.form.slots if run.applies(slot) and slot.name not in run.values]
    unchecked = any(
        slot.check and run.values.get(slot.name) and slot.name not in run.checked for slot in run.form.slots
    )
    confirmed = _recap(run) is None or "*" in run.checked
    if unchecked or not confirmed or run.form.record_type is None or not all(slot.optional for slot in unasked):
        return None
    run.values.update({slot.name: "" for slot in unasked})
    return _keep(talk, run, Draft())


def left(talk: Talk, run: FormRun | None) -> tuple[Record, ...]:
    """Return what is kept of the form of a caller who has hung up."""
    draft = None if run is None else conclude(talk, run)
    return () if draft is None else tuple(action for action in draft.actions if isinstance(action, Record))


def ask(talk: Talk, run: FormRun, slot: Slot, draft: Draft) -> Draft:
    """Ask for ``slot``, in the words of the present attempt."""
    if run.asked != slot.name or run.stage != "ask":
        run.attempt = 0
    run.asked, run.stage = slot.name, "ask"
    if slot.kind == "telephone" and talk.context.caller and not run.caller_refused:
        run.stage = "caller"
    if slot.kind == "creneau" and not _offer(talk, run):
        return talk.tell(draft, "formulaire.creneaux_epuises")
    return put(talk, run, draft)


def _check(talk: Talk, run: FormRun, slot: Slot, draft: Draft) -> Draft:
    run.asked, run.stage, run.attempt = slot.name, "check", 0
    return put(talk, run, draft)


def put(talk: Talk, run: FormRun, draft: Draft) -> Draft:
    """Put the question of the present stage."""
    draft.question = FormQuestion()
    slot = run.form.slot(run.asked)
    words = _words(talk, run)
    if run.stage == "recap":
        talk.speak(draft, _recap(run) or Template(""), words)
        draft.actions.append(Ask("confirmation", run.form.id))
    elif run.stage == "correct":
        talk.tell(draft, "formulaire.a_corriger")
    elif slot is None:
        return draft
    elif run.stage == "caller":
        tail = talk.context.caller[-2:]
        talk.tell(draft, "rappel.numero_appelant", {"fin_numero": tail})
        draft.actions.append(Ask(slot.name, run.form.id))
    elif run.stage == "check":
        if slot.read_back is not None:
            talk.speak(draft, slot.read_back, words)
        else:
            talk.tell(draft, "confirmer.valeur", {"valeur": words[slot.name]})
        draft.actions.append(Ask(slot.name, run.form.id))
    else:
        _put_slot(talk, run, slot, draft)
    return draft


def _recap(run: FormRun) -> Template | None:
    for value in run.values.values():
        if value in run.form.recap_when:
            return run.form.recap_when[value]
    return run.form.recap


def _put_slot(talk: Talk, run: FormRun, slot: Slot, draft: Draft) -> None:
    if run.attempt >= KEYPAD_ATTEMPT and slot.kind == "commune":
        talk.tell(draft, "commune.clavier")
    elif slot.kind == "creneau":
        spoken_offers = [offer.brief() for offer in run.offered]
        choix = Words(
            enumeration((words.ear for words in spoken_offers), "ou"),
            enumeration((words.written for words in spoken_offers), "ou"),
        )
        talk.tell(draft, "formulaire.creneaux", {"choix": choix})
    else:
        ask = slot.ask[min(run.attempt, len(slot.ask) - 1)]
        if slot.written is not None and talk.context.channel == "chat":
            ask = slot.written
        talk.speak(draft, ask, _words(talk, run))
    draft.actions.append(Ask(slot.name, run.form.id))


def form_expect(talk: Talk, run: FormRun) -> Expect:
    """Return what the form's present question expects."""
    policy = talk.knowledge.identity.policy
    slot = run.form.slot(run.asked)
    if run.stage in ("caller", "check", "recap") or slot is None:
        if run.stage == "correct":
            return Expect(None, by_key(run) if talk.memory.by_keys else (), no_input_s=policy.no_input_s)
        return Expect("oui_non", yes_no(talk), no_input_s=policy.no_input_s)
    patient = policy.patient_no_input_s
    if slot.kind == "telephone":
        return Expect(slot.name, dictation=Dictation.DIGITS, max_keys=10, no_input_s=patient)
    if slot.kind == "email":
        return Expect(slot.name, dictation=Dictation.LETTERS, no_input_s=patient)
    if slot.kind == "reference":
        return Expect(slot.name, dictation=Dictation.DIGITS, no_input_s=patient)
    if slot.kind == "commune":
        return commune_expect(talk, run.attempt)
    return Expect(slot.name, options(talk, run, slot), no_input_s=patient if slot.kind in FREE else policy.no_input_s)


def options(talk: Talk, run: FormRun, slot: Slot) -> tuple[Option, ...]:
    """Return the answers a slot offers, as options."""
    if slot.kind == "commune":
        return commune_expect(talk).options
    if slot.kind == "flux":
        return stream_options(talk, slot.among)
    if slot.kind == "creneau":
        offered = tuple(offer.option(key, run.offered) for key, offer in enumerate(run.offered, start=1))
        more = Option("", (), talk.knowledge.marks["autres_dates"][0], str(len(offered) + 1))
        return (*offered, more) if talk.memory.by_keys else offered
    return slot.choices


def by_key(run: FormRun) -> tuple[Option, ...]:
    """Return the values that may be wrong as options to choose from by key."""
    filled = [slot for slot in run.form.slots if slot.name in run.values and slot.label]
    return tuple(Option(slot.name, (slot.label,), slot.label, str(key)) for key, slot in enumerate(filled, start=1))


def store(talk: Talk, run: FormRun, slot: Slot, value: str) -> None:
    """Keep a value; what depended on another is forgotten."""
    if run.values.get(slot.name) != value:
        run.checked.discard(slot.name)
        run.checked.discard("*")
    run.values[slot.name] = value
    run.partial = ""
    if slot.kind == "commune":
        talk.memory.commune = talk.memory.entities["commune"] = value
    for other in run.form.slots:
        if other.name in run.values and not run.applies(other):
            run.forget(other)


def free_offers(talk: Talk, run: FormRun) -> list[Offer]:
    """Return the appointments still free, in order."""
    appointments = run.form.appointments
    if appointments is None:
        return []
    form_id = run.form.id
    return list(offers(appointments, talk.today, lambda day, moment: talk.context.taken(form_id, day, moment)))


def _offer(talk: Talk, run: FormRun) -> bool:
    free = free_offers(talk, run)
    if not free:
        return False
    if run.page * _OFFERED >= len(free):
        run.page = 0
    run.offered = tuple(islice(free, run.page * _OFFERED, (run.page + 1) * _OFFERED))
    return True


def _words(talk: Talk, run: FormRun) -> dict[str, Words]:
    words = {slot.name: Words("") for slot in run.form.slots}
    for slot in run.form.slots:
        if run.values.get(slot.name):
            words[slot.name] = spoken(slot, run.values[slot.name], talk.today)
            if slot.kind == "flux" and run.values[slot.name] in talk.knowledge.streams:
                words[slot.name] = Words(talk.knowledge.streams[run.values[slot.name]].name)
    commune = run.values.get("commune", "")
    words["a_commune"] = Words(at_place(commune) if commune else "")
    words["de_commune"] = Words(of_place(commune) if commune else "")
    return words


def _keep(talk: Talk, run: FormRun, draft: Draft) -> Draft:
    if run.form.record == "lookup":
        return _look_up(talk, run, draft)
    reference = talk.context.new_reference()
    talk.memory.references.append(reference)
    slots = {**run.said, **run.values}
    for slot in run.form.slots:
        if slot.kind == "creneau" and slot.name in slots:
            offer = Offer.parse(slots.pop(slot.name))
            slots.update({"date": offer.day.isoformat(), "heure": offer.moment})
    kind = run.form.record_type
    if kind is not None:
        draft.actions.append(Record(kind, reference, run.form.id, {k: v for k, v in slots.items() if v}))
    values = {**_words(talk, run), "reference": spelled(reference)}
    if kind == "callback":
        values["quand"] = callbacks.told(run.values.get("heure", ""), talk.context.now(), talk.context.advisers_open)
    done = run.form.done
    for condition, texts in run.form.done_when.items():
        if condition in run.values.values():
            done = texts
    certain = run.form.appointments is None or run.form.appointments.confirmed
    if not certain and talk.knowledge.identity.demo and not talk.memory.demo_said:
        talk.memory.demo_said = True
        talk.tell(draft, "demonstration")
    for template in done:
        talk.speak(draft, Template(template.text), values)
    draft.question = None
    draft.settled = True
    return draft


def _look_up(talk: Talk, run: FormRun, draft: Draft) -> Draft:
    reference = run.values.get("reference", "")
    state = talk.context.find_request(reference)
    values: dict[str, str | Words] = {"reference": spelled(reference)}
    draft.question = None
    if state is None:
        return talk.tell(draft, "suivi.inconnu", values)
    draft.settled = True
    return talk.tell(draft, "suivi.trouve", {**values, "etat": state})
