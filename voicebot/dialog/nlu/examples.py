"""The examples understanding is learnt from: those written for each intent, and those made from lists of names.

``{objet}`` in an example stands for objects of the sorting guide; the sentences of ``lexique/ailleurs.toml`` are made
with the names of their table and belong to ``hors_sujet``. Chance derives from each sentence alone, so that the same
sentence gives the same examples whatever stands beside it.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from voicebot.dialog.nlu.data import NAME, NluData

OBJECT = "{objet}"
"""In an example, stands for any object of the sorting guide."""

OTHER = "hors_sujet"
_SEED = 20261124
_OBJECTS_EACH = 8
_NAMES_EACH = 6
_CONTRACTIONS = ((" de le ", " du "), (" de les ", " des "), (" à le ", " au "), (" à les ", " aux "))


@dataclass(frozen=True, slots=True)
class Example:
    """One example of the intent ``intent``; ``made`` when it comes from a list of names, first of its sentence or not.

    ``source`` numbers the sentence it comes from: examples of one source say nearly the same. ``table`` is the list of
    names of another world it was made with. ``heard``: it is what the recogniser made of the sentence said.
    """

    text: str
    intent: str
    source: int
    made: bool = False
    first: bool = True
    table: str = ""
    heard: bool = False


def chance_of(text: str) -> random.Random:
    """Return the source of chance of a sentence."""
    return random.Random(f"{_SEED} {text}")  # noqa: S311 -- made-up examples, not secrets


def examples_of(data: NluData) -> list[Example]:
    """Return every example of ``data``, in the order of its intents, then those of other worlds."""
    objects = [item.name for item in data.objects]
    written = [(text, intent.id) for intent in data.intents for text in intent.examples]
    found: list[Example] = []
    for source, (text, intent) in enumerate(written):
        if OBJECT in text:
            found += _filled(text, OBJECT, objects or ["objet"], _OBJECTS_EACH, intent, source)
        else:
            found.append(Example(text, intent, source))
    phrases = [(phrase, table) for table in data.elsewhere for phrase in table.phrases if table.names]
    for source, (phrase, table) in enumerate(phrases, start=len(written)):
        made = _filled(phrase, NAME, table.names, _NAMES_EACH, OTHER, source)
        found += [replace(example, table=table.id) for example in made]
    return found + list(_heard(data, found))


def _heard(data: NluData, written: Sequence[Example]) -> Iterator[Example]:
    sources = {(example.text, example.intent): example for example in written}
    for one in data.heard:
        origin = sources.get((one.said, one.intent))
        # an example since withdrawn or moved to another intent teaches nothing any more
        if origin is not None:
            yield replace(origin, text=one.heard, made=True, first=False, heard=True)


def _filled(text: str, place: str, names: Sequence[str], count: int, intent: str, source: int) -> list[Example]:
    chance = chance_of(text)
    chosen = chance.sample(names, min(count, len(names)))
    return [
        Example(_contracted(text.replace(place, name)), intent, source, made=True, first=not rank)
        for rank, name in enumerate(chosen)
    ]


def _contracted(text: str) -> str:
    padded = f" {text} "
    for apart, together in _CONTRACTIONS:
        padded = padded.replace(apart, together)
    return padded.strip()
