"""Which choice the caller's words name. Literal and cautious: free speech goes to the brain, not here."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from voicebot.ivr_menus.menus import Choice, Do

_NUMBERS = ("zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
_SPOKEN_KEY = re.compile(rf"(?:(?:le|choix|numero|touche|tapez|je tape|pour le) )*(\d|{'|'.join(_NUMBERS)}|une)")
_NEGATION = ("pas", "ni", "sauf")
_NEGATION_REACH = 3


def fold(text: str) -> str:
    """Return ``text`` in lower case, without accents or punctuation, words separated by one space."""
    flat = unicodedata.normalize("NFKD", text.lower().replace("œ", "oe").replace("æ", "ae"))
    bare = "".join(char for char in flat if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", bare))


def spoken_key(text: str) -> str:
    """Return the digit said alone ("le deux", "tapez 3"), or an empty string."""
    found = _SPOKEN_KEY.fullmatch(fold(text))
    if not found:
        return ""
    word = "un" if found[1] == "une" else found[1]
    return word if word.isdigit() else str(_NUMBERS.index(word))


def named_choice(text: str, choices: Iterable[Choice]) -> Choice | None:
    """Return the one choice whose labels the words hold; ``None`` when there is none, or more than one.

    A label within a longer one does not count: "jours de collecte" is not "collecte".
    """
    words = fold(text).split()
    found = [
        (start, end, choice)
        for choice in choices
        for label in (choice.name, *choice.texts)
        for start, end in _places(words, fold(label).split())
    ]
    named = {
        choice.id: choice
        for start, end, choice in found
        if not any(a <= start and end <= b and b - a > end - start for a, b, _ in found)
    }
    return next(iter(named.values())) if len(named) == 1 else None


def universal_act(text: str, universal: Mapping[Do, tuple[str, ...]]) -> Do | None:
    """Return what works in every menu when the words are that and nothing else ("répétez", "retour")."""
    folded = fold(text)
    return next((do for do, labels in universal.items() if folded in map(fold, labels)), None)


def _places(words: Sequence[str], label: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where a label occurs as whole words, except where it is refused ("pas les déchets")."""
    for start in range(len(words) - len(label) + 1):
        end = start + len(label)
        before = words[max(0, start - _NEGATION_REACH) : start]
        if label and list(words[start:end]) == list(label) and not set(before) & set(_NEGATION):
            yield start, end
