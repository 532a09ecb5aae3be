"""Slot questions asked to answer a request: which commune, which stream, which object.

A commune not understood twice is typed on the keypad by its first letters; five matches or fewer are read out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from voicebot.dialog.nlu.base import Understanding
from voicebot.dialog.policy.evidence import Picked, pick
from voicebot.dialog.policy.questions import SlotQuestion
from voicebot.dialog.policy.talk import Draft, Talk, Values
from voicebot.dialog.turns import Ask, Dictation, Expect, Heard, Option
from voicebot.dialog.wording import Words, at_place, enumeration, fold

_KEYPAD = {
    letter: str(key)
    for key, letters in enumerate(("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"), start=2)
    for letter in letters
}
_READ_OUT = 5
_TYPED_LETTERS = 3
KEYPAD_ATTEMPT = 2
LAST_ATTEMPT = 3


def keypad(name: str) -> str:
    """Return the keys that type ``name``: "Touques" is "8682837"."""
    return "".join(_KEYPAD.get(char, char) for char in fold(name).replace(" ", ""))


def commune_options(talk: Talk) -> tuple[Option, ...]:
    """Return the communes as options: their name, their nicknames, each with its preposition."""
    options = []
    for name, commune in talk.knowledge.communes.items():
        texts = [name, *commune.nicknames]
        kept = {fold(text): text for text in reversed(texts)}
        spoken = [form for text in kept.values() for form in (text, at_place(text))]
        options.append(Option(name, tuple(spoken), name))
    return tuple(options)


def stream_options(talk: Talk) -> tuple[Option, ...]:
    """Return the streams as options."""
    return tuple(
        Option(one.id, (one.name, *one.texts), one.name.capitalize()) for one in talk.knowledge.streams.values()
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
    """Put the question again, otherwise: reworded, then by keypad; then give it up (no question left)."""
    asked = replace(asked, attempt=asked.attempt + 1)
    draft = Draft(question=asked, actions=[Ask(asked.slot)])
    if asked.slot == "commune":
        if asked.attempt >= LAST_ATTEMPT:
            return talk.text("commune.inconnue")
        return talk.tell(draft, "commune.clavier" if asked.attempt == KEYPAD_ATTEMPT else "commune.question.2")
    if asked.attempt >= KEYPAD_ATTEMPT:
        return talk.text("incompris.final")
    talk.tell(draft, "incompris.question")
    if asked.slot == "secteur":
        return draft.add(replace_question(ask_slot(talk, "secteur", asked.intent, asked.entities), asked))
    return talk.tell(draft, "objet.question" if asked.slot == "matiere" else f"{asked.slot}.question")


def replace_question(draft: Draft, asked: SlotQuestion) -> Draft:
    """Keep the count of attempts of ``asked`` in a draft that puts it again."""
    draft.question = asked
    draft.actions = []
    return draft


def slot_expect(talk: Talk, asked: SlotQuestion) -> Expect:
    """Return what a slot question expects."""
    patience = talk.knowledge.identity.policy.no_input_s
    if asked.listed:
        options = tuple(
            Option(name, (name, at_place(name)), name, str(key)) for key, name in enumerate(asked.listed, start=1)
        )
        return Expect(asked.slot, options, no_input_s=patience)
    if asked.slot == "commune":
        options = commune_options(talk)
        if asked.attempt >= KEYPAD_ATTEMPT:
            patience = talk.knowledge.identity.policy.patient_no_input_s
        return Expect(asked.slot, options, (), Dictation.LETTERS, _TYPED_LETTERS, patience)
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


def typed_commune(talk: Talk, asked: SlotQuestion, keys: str) -> tuple[Picked | None, Draft]:
    """Return the commune typed by its first letters, or a draft that reads out the matches."""
    entry = keys.split("*")[-1].rstrip("#")
    matches = [name for name in talk.knowledge.communes if entry and keypad(name).startswith(entry)]
    if len(matches) == 1:
        return Picked(matches[0], True), Draft()
    if not matches or len(matches) > _READ_OUT:
        return None, ask_slot_again(talk, asked)
    return None, read_out(talk, asked, matches)


def read_out(talk: Talk, asked: SlotQuestion, matches: Iterable[str]) -> Draft:
    """Read the matches with their keys."""
    listed = tuple(matches)
    choices = " ".join(f"{name}, tapez {key}." for key, name in enumerate(listed, start=1))
    draft = Draft(question=replace(asked, listed=listed), actions=[Ask(asked.slot)])
    return talk.tell(draft, "commune.liste", {"choix": Words(choices)})
