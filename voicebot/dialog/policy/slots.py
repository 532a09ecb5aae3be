"""Slot questions asked to answer a request: which commune, which stream, which object.

A commune may be typed on the keypad by its first letters; five matches or fewer are read out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voicebot.dialog.keypad import MAX_READ_OUT, KeypadNames, KeypadSearch, Typing
from voicebot.dialog.nlu.base import Understanding
from voicebot.dialog.policy import acts
from voicebot.dialog.policy.evidence import Picked, pick
from voicebot.dialog.policy.questions import SlotQuestion
from voicebot.dialog.policy.talk import Draft, Talk, Values
from voicebot.dialog.turns import Ask, Dictation, Expect, Heard, Option
from voicebot.dialog.wording import at_place, enumeration, fold

KEYPAD_ATTEMPT = 2
_LAST_KEY = 9
LAST_ATTEMPT = 3


def commune_options(talk: Talk) -> tuple[Option, ...]:
    """Return the communes as options: their name, their nicknames, each with its preposition."""
    options = []
    for name, commune in talk.knowledge.communes.items():
        texts = [name, *commune.nicknames]
        kept = {fold(text): text for text in reversed(texts)}
        spoken = [form for text in kept.values() for form in (text, at_place(text))]
        options.append(Option(name, tuple(spoken), name))
    return tuple(options)


def stream_options(talk: Talk, among: Sequence[str] = ()) -> tuple[Option, ...]:
    """Return the streams as options; only those ``among`` have a key, when any are named."""
    streams = talk.knowledge.streams
    keyed = [name for name in among if name in streams] or list(streams)[:_LAST_KEY]
    keys = {name: str(key) for key, name in enumerate(keyed, start=1)}
    return tuple(
        Option(one.id, (one.name, *one.texts), one.name.capitalize(), keys.get(one.id, "")) for one in streams.values()
    )


def ask_slot(
    talk: Talk,
    slot: str,
    intent: str,
    entities: Mapping[str, str],
    answer: str = "",
    values: Values | None = None,
) -> Draft:
    """Ask for ``slot`` so that ``intent`` can be answered."""
    asked = SlotQuestion(slot, intent, dict(entities))
    draft = Draft(question=asked, actions=[Ask(slot)])
    if slot == "secteur":
        commune, stream = entities.get("commune", ""), entities.get("flux_secteur", "")
        sectors = talk.knowledge.collection.sectors(commune, stream)
        values = {"a_commune": at_place(commune), "choix": enumeration(sectors, "ou")}
    return talk.tell(draft, answer or f"{slot}.question", values)


def ask_slot_again(talk: Talk, asked: SlotQuestion) -> Draft:
    """Put the question again, otherwise: reworded, then by keypad; then give it up for an adviser."""
    asked = replace(asked, attempt=asked.attempt + 1)
    draft = Draft(question=asked, actions=[Ask(asked.slot)])
    if asked.slot == "commune":
        if asked.attempt >= LAST_ATTEMPT:
            return talk.text("commune.inconnue")
        return talk.tell(draft, "commune.clavier" if asked.attempt == KEYPAD_ATTEMPT else "commune.question.2")
    if asked.attempt >= KEYPAD_ATTEMPT:
        return acts.transfer(talk, talk.text("incompris.abandon"), asked.intent)
    talk.tell(draft, "incompris.question")
    if asked.slot == "secteur":
        return draft.add(replace_question(ask_slot(talk, "secteur", asked.intent, asked.entities), asked))
    return talk.tell(draft, "objet.question" if asked.slot == "matiere" else f"{asked.slot}.question")


def changed(talk: Talk, asked: SlotQuestion, understanding: Understanding | None) -> dict[str, str] | None:
    """Return the request with what the caller says of it instead of answering ("et le tri ?"), if they do."""
    if understanding is None or not (understanding.elliptic or understanding.intent == asked.intent):
        return None
    new = {
        name: value
        for name, value in understanding.entities.items()
        if name in ("flux", "date", "objet") and value and value != asked.entities.get(name)
    }
    return {**asked.entities, **new} if new else None


def replace_question(draft: Draft, asked: SlotQuestion) -> Draft:
    """Keep the count of attempts of ``asked`` in a draft that puts it again."""
    draft.question = asked
    draft.actions = []
    return draft


def slot_expect(talk: Talk, asked: SlotQuestion) -> Expect:
    """Return what a slot question expects."""
    patience = talk.knowledge.identity.policy.no_input_s
    if asked.slot == "commune":
        return commune_expect(talk, asked.attempt)
    if asked.slot == "objet" and talk.memory.by_keys:
        # an object cannot be typed: the commonest are chosen by key, and only by key, for any may be said
        common = enumerate(talk.knowledge.marks["objets_courants"], start=1)
        options = tuple(Option(name, (name,), name, str(key)) for key, name in common)
        return Expect(asked.slot, options, no_input_s=patience)
    if asked.slot == "flux":
        return Expect(asked.slot, stream_options(talk), no_input_s=patience)
    if asked.slot == "secteur":
        commune, stream = asked.entities.get("commune", ""), asked.entities.get("flux_secteur", "")
        sectors = talk.knowledge.collection.sectors(commune, stream)
        options = tuple(Option(name, (name,), name, str(key)) for key, name in enumerate(sectors, start=1))
        return Expect(asked.slot, options, no_input_s=patience)
    return Expect(asked.slot, no_input_s=patience)


def take_slot(talk: Talk, asked: SlotQuestion, heard: Heard, understanding: Understanding | None) -> Picked | None:
    """Return the value answered, and whether it is sure, or ``None``."""
    options = slot_expect(talk, asked).options
    picked = pick(heard, options) if options else None
    if picked is not None and picked.sure:
        return picked
    found = talk.understander.slot_value(asked.slot, heard.text, heard.alternatives, talk.background(asked.slot))
    if found is None and understanding is not None:
        found = understanding.entities.get(asked.slot)
    if found is not None and (not options or asked.slot == "commune" or any(found == one.id for one in options)):
        return Picked(found, picked is None or picked.id == found)
    if picked is None and asked.slot == "matiere" and heard.text.strip():
        return Picked(heard.text.strip(), True)
    return picked


def commune_expect(talk: Talk, attempt: int = 0) -> Expect:
    """Return what the question of a commune expects: every name, or the few read out with their keys."""
    policy = talk.knowledge.identity.policy
    typing, names = talk.memory.typing, tuple(talk.knowledge.communes)
    if typing is not None and typing.step.state is Typing.CHOOSE:
        names = typing.step.names
    if len(names) <= MAX_READ_OUT:
        yes = talk.knowledge.marks["oui"] if len(names) == 1 else ()
        few = (Option(name, (name, at_place(name), *yes), name, str(key)) for key, name in enumerate(names, start=1))
        return Expect("commune", tuple(few), no_input_s=policy.patient_no_input_s)
    wait_s = policy.patient_no_input_s if attempt >= KEYPAD_ATTEMPT or typing is not None else policy.no_input_s
    return Expect("commune", commune_options(talk), (), Dictation.LETTERS, max_keys=1, no_input_s=wait_s)


def type_commune(talk: Talk, heard: Heard) -> tuple[str, Draft]:
    """Take keys pressed for a commune; return its name once it is found, else what to say (maybe nothing yet)."""
    memory = talk.memory
    memory.typing = typing = memory.typing or KeypadSearch(KeypadNames(talk.knowledge.communes))
    step = typing.step
    for number, key in enumerate(heard.keys):
        step = typing.press(key, 0.0 if number else heard.played)
    draft = Draft(actions=[Ask("commune")])
    if step.state is Typing.FOUND:
        memory.typing = None
        return step.name, draft
    if step.state is Typing.NONE:
        return "", talk.tell(draft, "commune.aucune")
    if step.state is Typing.CHOOSE:
        return "", read_out(talk, typing, draft)
    if heard.keys[-1] == "#":
        talk.tell(draft, "commune.encore")
    elif heard.keys[-1] == "*":
        talk.tell(draft, "commune.clavier")
    return "", draft


def read_out(talk: Talk, typing: KeypadSearch, draft: Draft) -> Draft:
    """Read the names that remain with their keys, and note when the first has been heard."""
    names = typing.step.names
    if len(names) == 1:
        talk.tell(draft, "commune.une", {"lieu": names[0]})
        heard = len(names[0])
    else:
        told = [f"{name}, {key}" for key, name in enumerate(names, start=1)]
        talk.tell(draft, "commune.liste", {"choix": " ; ".join(told)})
        heard = draft.says[-1].text.find(told[0]) + len(told[0])
    typing.first_heard = heard / len(draft.says[-1].text)
    return draft
