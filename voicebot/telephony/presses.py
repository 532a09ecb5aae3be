"""Keys pressed, each once, whatever ways the network uses to tell them.

A press may come as RTP telephone-events (RFC 4733) or SIP INFO, signalled apart from the sound, or only as tones in the
sound. Some gateways let a little of the tone through before they signal, or signal twice. So a tone is held back until
a signal has had the time to come, and once a call has signalled a key its tones are no longer listened to.
"""

from collections import deque

from voicebot.audio.frames import FRAME_MS

TONE_HOLD_MS = 200
"""How long a tone waits for the signal that would tell the same press."""
RELEASE_MS = 1000
"""A key signalled again without having been released is the same press, unless it was that long ago."""


class KeyPresses:
    """The keys of one call. Time is counted by ``take``, called once a frame."""

    def __init__(self) -> None:
        self._frame = 0
        self._ready: list[str] = []
        self._tones: deque[tuple[int, str]] = deque()
        self._down = ""
        self._down_frame = 0
        self._signals = False

    @property
    def tones_matter(self) -> bool:
        """Whether tones in the sound are still worth looking for."""
        return not self._signals

    def signalled(self, key: str) -> None:
        """Take a press told apart from the sound."""
        self._signals = True
        self._tones.clear()
        if key == self._down and self._frame - self._down_frame < RELEASE_MS // FRAME_MS:
            return
        self._down, self._down_frame = key, self._frame
        self._ready.append(key)

    def released(self) -> None:
        """Learn that the signalled key is up."""
        self._down = ""

    def heard(self, keys: str) -> None:
        """Take the presses recognised in the sound of this frame."""
        if not self._signals:
            self._tones.extend((self._frame, key) for key in keys)

    def take(self) -> str:
        """Return the keys pressed, at the end of each 20 ms."""
        self._frame += 1
        while self._tones and self._frame - self._tones[0][0] >= TONE_HOLD_MS // FRAME_MS:
            self._ready.append(self._tones.popleft()[1])
        keys = "".join(self._ready)
        self._ready.clear()
        return keys
