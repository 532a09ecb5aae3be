"""Choosing a name by its first letters on the keypad (2 is A, B or C; ITU-T E.161), seldom spelled in full.

As soon as five names or fewer remain they are read out, each with a key. Whoever goes on typing is followed: a key
pressed before the first name was heard is one more letter when it continues a name, for fingers are faster than ears.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from voicebot.dialog.turns import Dictation, Expect, Option
from voicebot.ivr_menus.menus import fill

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
    """Too many names yet: wait for the next letter, saying ``says`` if anything."""
    CHOOSE = "choose"
    """Few names: read them out."""
    FOUND = "found"
    """Settled: ``name``."""
    NONE = "none"
    """No name begins like that: start again."""


@dataclass(frozen=True, slots=True)
class TypingStep:
    """What a key led to: what to say now (nothing while more letters are awaited) and the names that remain."""

    state: Typing
    says: str = ""
    names: tuple[str, ...] = ()
    name: str = ""


class KeypadSearch:
    """One caller typing one name. ``sentences`` are ``Sentences.keypad``; ``slot`` names what is asked, in ``expect``.

    Keys come one by one. 0, * and # pressed while names are read out keep their general meaning and are the driver's,
    except # while letters are typed, which ends the entry, and * then, which erases it.
    """

    def __init__(self, names: KeypadNames, sentences: Mapping[str, str], slot: str = "commune") -> None:
        self._names = names
        self._sentences = sentences
        self._slot = slot
        self._typed = ""
        self._step = self._look() if len(names.names) <= MAX_READ_OUT else TypingStep(Typing.MORE)

    @property
    def typed(self) -> str:
        """The letter keys typed so far."""
        return self._typed

    @property
    def step(self) -> TypingStep:
        """Where the choice stands."""
        return self._step

    def question(self) -> str:
        """Return the opening question: say the name or type its first letters; with few names, which they are."""
        return self._step.says or self._sentences["demande"]

    def expect(self) -> Expect:
        """Return what is waited for: every remaining name by voice, and the keys one by one."""
        choosing = self._step.state is Typing.CHOOSE
        names = self._step.names or self._names.names
        options = tuple(
            Option(name, (name,), name, str(number) if choosing else "") for number, name in enumerate(names, start=1)
        )
        dictation = Dictation.NONE if choosing else Dictation.LETTERS
        return Expect(slot=self._slot, options=options, dictation=dictation, max_keys=1)

    def press(self, key: str, played: float = 1.0) -> TypingStep:
        """Take one key; ``played`` is the share of what was being said that had been heard when it was pressed."""
        if key == "*":
            self._typed = ""
            self._step = TypingStep(Typing.MORE, self._sentences["demande"])
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
        if continues and (played < self._first_name_heard() or key not in numbers):
            self._type(key)
            return self._step
        if key in numbers:
            return TypingStep(Typing.FOUND, names=(numbers[key],), name=numbers[key])
        return step

    def _first_name_heard(self) -> float:
        """Return the share of the reading after which a number makes sense: that of its first key."""
        says, first = self._step.says, f"{self._step.names[0]}, 1"
        end = says.find(first) + len(first) if first in says else len(says)
        return end / len(says)

    def _type(self, key: str) -> None:
        self._typed += key
        self._step = self._look()

    def _look(self) -> TypingStep:
        names = self._names.matches(self._typed)
        if not names:
            self._typed = ""
            return TypingStep(Typing.NONE, self._sentences["aucun"])
        if len(names) > MAX_READ_OUT:
            return TypingStep(Typing.MORE, names=names)
        return TypingStep(Typing.CHOOSE, self._read_out(names), names)

    def _entered(self) -> TypingStep:
        """End the entry: one name left, or spelled in full, is the one; else those left are read out again."""
        whole = self._names.exactly(self._typed) if self._typed else ()
        names = whole if len(whole) == 1 else self._names.matches(self._typed)
        if len(names) == 1:
            return TypingStep(Typing.FOUND, names=names, name=names[0])
        step = self._look()
        return TypingStep(Typing.MORE, self._sentences["encore"], names) if step.state is Typing.MORE else step

    def _read_out(self, names: tuple[str, ...]) -> str:
        if len(names) == 1:
            return fill(self._sentences["un"], {"nom": names[0]})
        listed = " ; ".join(f"{name}, {number}" for number, name in enumerate(names, start=1))
        return fill(self._sentences["liste"], {"liste": listed})
