"""Choosing a name by its first letters on the keypad (2 is A, B or C; ITU-T E.161), seldom spelled in full.

As soon as five names or fewer remain they are read out, each with a key. Whoever goes on typing is followed: a key
pressed before the first name was heard is one more letter when it continues a name, for fingers are faster than ears.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

MAX_READ_OUT = 5
_LETTERS = {"2": "ABC", "3": "DEF", "4": "GHI", "5": "JKL", "6": "MNO", "7": "PQRS", "8": "TUV", "9": "WXYZ"}
_KEY_OF = {letter: key for key, letters in _LETTERS.items() for letter in letters}
_LIGATURES = {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"}


def keys_of(name: str) -> str:
    """Return the keys that spell ``name``: letters only, accents, spaces, hyphens and apostrophes left out."""
    for ligature, letters in _LIGATURES.items():
        name = name.replace(ligature, letters)
    flat = unicodedata.normalize("NFKD", name).upper()
    return "".join(_KEY_OF[letter] for letter in flat if letter in _KEY_OF)


class KeypadNames:
    """Names that can be typed, in the order in which they are read out.

    Raises:
        ValueError: there is no name, or one has no letter, or two are the same.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._keys = {name: keys_of(name) for name in self.names}
        if not self.names or len(self._keys) != len(self.names):
            raise ValueError("keypad names must be there, and differ")
        mute = [name for name, keys in self._keys.items() if not keys]
        if mute:
            raise ValueError(f"these names have no letter to type: {', '.join(map(repr, mute))}")

    def matches(self, typed: str) -> tuple[str, ...]:
        """Return the names that begin with the keys ``typed``; 0 and 1 carry no letter and are passed over."""
        letters = "".join(key for key in typed if key in _LETTERS)
        return tuple(name for name, keys in self._keys.items() if keys.startswith(letters))

    def exactly(self, typed: str) -> tuple[str, ...]:
        """Return the names spelled in full by ``typed``."""
        return tuple(name for name, keys in self._keys.items() if keys == typed)

    def presses(self, name: str) -> int:
        """Return after how many letters ``name`` is read out; 0 when there are so few names that all are at once."""
        keys = self._keys[name]
        return next((n for n in range(len(keys)) if len(self.matches(keys[:n])) <= MAX_READ_OUT), len(keys))


class Typing(Enum):
    """Where the choice of a name stands."""

    MORE = "more"
    """Too many names yet: wait for the next letter."""
    CHOOSE = "choose"
    """Few names: read them out."""
    FOUND = "found"
    """Settled: ``name``."""
    NONE = "none"
    """No name begins like that: start again."""


@dataclass(frozen=True, slots=True)
class TypingStep:
    """What a key led to: the names that remain, and the one that is meant once that is settled."""

    state: Typing
    names: tuple[str, ...] = ()
    name: str = ""


class KeypadSearch:
    """One caller typing one name, key by key; 0, * and # that mean something else are kept from it by its driver.

    ``first_heard`` is the share of what is being said after which the first name and its key have been heard: the
    driver sets it when it reads names out.
    """

    def __init__(self, names: KeypadNames) -> None:
        self._names = names
        self._typed = ""
        self._step = self._look()
        self.first_heard = 1.0

    @property
    def typed(self) -> str:
        """The letter keys typed so far."""
        return self._typed

    @property
    def step(self) -> TypingStep:
        """Where the choice stands; few names are to choose from at once."""
        return self._step

    def press(self, key: str, played: float = 1.0) -> TypingStep:
        """Take one key; ``played`` is the share of what was being said that had been heard when it was pressed."""
        if key == "*":
            self._typed = ""
            self._step = self._look()
        elif key == "#":
            self._step = self._entered()
        elif self._step.state is Typing.CHOOSE:
            self._step = self._chosen(key, played)
        elif key in _LETTERS:
            self._type(key)
        return self._step

    def _chosen(self, key: str, played: float) -> TypingStep:
        step = self._step
        numbers = {str(number): name for number, name in enumerate(step.names, start=1)}
        continues = key in _LETTERS and bool(self._names.matches(self._typed + key))
        if continues and (played < self.first_heard or key not in numbers):
            self._type(key)
            return self._step
        if key in numbers:
            return TypingStep(Typing.FOUND, names=(numbers[key],), name=numbers[key])
        return step

    def _type(self, key: str) -> None:
        self._typed += key
        self._step = self._look()

    def _look(self) -> TypingStep:
        names = self._names.matches(self._typed)
        if not names:
            self._typed = ""
            return TypingStep(Typing.NONE)
        return TypingStep(Typing.MORE if len(names) > MAX_READ_OUT else Typing.CHOOSE, names)

    def _entered(self) -> TypingStep:
        """End the entry: one name left, or spelled in full, is the one; else those left are to choose from."""
        whole = self._names.exactly(self._typed) if self._typed else ()
        names = whole if len(whole) == 1 else self._names.matches(self._typed)
        if len(names) == 1:
            return TypingStep(Typing.FOUND, names=names, name=names[0])
        return self._look()
