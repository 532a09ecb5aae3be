"""Keys pressed during a call: alone they are answers, in a dictation they are characters.

Outside a dictation each key is handed over at once, but for those pressed ahead of an answer being worked out: these
wait for it, for it may tell what they mean. While digits or letters are being typed, ``#`` ends the entry,
``*`` erases it, and enough keys or a pause after the last one end it too. Keys that spell no letter keep their meaning
as long as no letter has been typed. Time is counted in frames.
"""

from voicebot.audio.frames import FRAME_S
from voicebot.dialog.turns import Dictation, Expect

_ENTRY_PAUSE_S = 3.0
_SPELL_NOTHING = "01*#"
_HABIT_S = 2.0
"""A hash pressed this soon after an entry that ended by itself was meant to end it."""


class Keypad:
    """The keys of one call."""

    def __init__(self) -> None:
        self._expect = Expect()
        self._typed = ""
        self._ahead = ""
        self._idle_s = 0.0
        self._since_full_s = _HABIT_S

    @property
    def typing(self) -> bool:
        """Whether an entry is in progress, or keys wait to be taken."""
        return bool(self._typed or self._ahead)

    def expect(self, expect: Expect) -> None:
        """Prepare for the answer to what was just asked; an entry in progress is forgotten."""
        self._expect = expect
        self._typed = ""

    def meant(self, keys: str) -> str:
        """Return the keys of one frame without a hash pressed by habit after an entry that ended by itself."""
        if keys[:1] == "#" and self._since_full_s < _HABIT_S:
            self._since_full_s = _HABIT_S
            return keys[1:]
        return keys

    def feed(self, keys: str, *, hold: bool = False) -> str | None:
        """Take the keys pressed in one frame; return an entry once it is whole, else ``None``.

        ``hold`` keeps them for later: what they answer is not known yet.
        """
        self._ahead += keys
        if hold:
            return None
        if not self._ahead:
            return self._wait()
        self._idle_s = 0.0
        while self._ahead:
            key, self._ahead = self._ahead[0], self._ahead[1:]
            entry = self._press(key)
            if entry is not None:
                return entry
        return None

    def _press(self, key: str) -> str | None:
        if self._expect.dictation is Dictation.NONE and self._expect.max_keys <= 1:
            return key
        if self._expect.dictation is Dictation.LETTERS and not self._typed and key in _SPELL_NOTHING:
            return key
        if key == "#":
            return self._take() or "#"
        if key == "*":
            self._typed = ""
            return None
        self._typed += key
        if len(self._typed) == self._expect.max_keys:
            self._since_full_s = 0.0 if self._expect.dictation is Dictation.DIGITS else _HABIT_S
            return self._take()
        return None

    def _wait(self) -> str | None:
        self._since_full_s += FRAME_S
        if not self._typed:
            return None
        self._idle_s += FRAME_S
        return self._take() if self._idle_s >= _ENTRY_PAUSE_S else None

    def _take(self) -> str:
        typed, self._typed = self._typed, ""
        return typed
