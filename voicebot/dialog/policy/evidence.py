"""Which option of a closed question was chosen: keys, scores of the recogniser, and words, weighed together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from voicebot.dialog.turns import Heard, Option
from voicebot.dialog.wording import contains, fold

SURE = 0.6
DOUBTFUL = 0.35
_ALIKE = 86.0
_NAMES = ("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
_DIGITS = {name: str(number) for number, name in enumerate(_NAMES, start=1)}
_NUMBER = re.compile(rf"^(?:(?:le|la|choix|numero|touche|je tape|tape|option)\s+)*([1-9]|{'|'.join(_DIGITS)})$")


@dataclass(frozen=True, slots=True)
class Picked:
    """The option chosen; ``sure`` False asks for a confirmation."""

    id: str
    sure: bool


def pick(heard: Heard, options: Sequence[Option]) -> Picked | None:
    """Return the option chosen, or ``None``.

    A key is certain. Words that name exactly one option are certain too; otherwise the recogniser's score decides:
    0.6 and above is taken, 0.35 and above is to be confirmed. Words and score that disagree are to be confirmed.
    """
    if heard.keys:
        found = next((option.id for option in options if option.key and option.key == heard.keys[0]), None)
        return Picked(found, True) if found else None
    known = {option.id for option in options}
    scores = sorted(((p, name) for name, p in heard.choices if name in known), reverse=True)
    best, top = (scores[0][1], scores[0][0]) if scores else (None, 0.0)
    named = by_words(heard, options)
    if named is not None:
        contradicted = best is not None and best != named and top >= SURE
        return Picked(named, not contradicted)
    if best is not None and top >= SURE:
        return Picked(best, True)
    if best is not None and top >= DOUBTFUL:
        return Picked(best, False)
    return None


def by_words(heard: Heard, options: Sequence[Option]) -> str | None:
    """Return the one option named in the words heard, the longest wording first."""
    for text in (heard.text, *heard.alternatives):
        folded = fold(text)
        if not folded:
            continue
        found = _named(folded, options)
        if len(found) == 1:
            return found.pop()
        if len(found) > 1:
            return None
    folded = fold(heard.text)
    numbered = _NUMBER.match(folded)
    if numbered:
        key = _DIGITS.get(numbered[1], numbered[1])
        return next((option.id for option in options if option.key == key), None)
    for option in options:
        wordings = [fold(text) for text in option.texts]
        if any(fuzz.ratio(folded, one) >= _ALIKE for one in wordings if len(one) > 4 and not _digits(one)):
            return option.id
    return None


def _says(folded: str, wording: str) -> bool:
    """A word of one or two letters must be the whole answer: "un" is in too many sentences."""
    return folded == wording or (len(wording) > 2 and contains(folded, wording))


def _digits(text: str) -> bool:
    """Numbers are never alike: "le 9 décembre" is not "le 2 décembre"."""
    return any(char.isdigit() for char in text)


def _named(folded: str, options: Sequence[Option]) -> set[str]:
    """Return the options named, leaving out a wording that is part of a longer one also named."""
    hits = [(fold(text), option.id) for option in options for text in option.texts if _says(folded, fold(text))]
    return {name for text, name in hits if not any(text != other and contains(other, text) for other, _ in hits)}
