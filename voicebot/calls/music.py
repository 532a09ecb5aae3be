"""What callers hear while they wait: a slow broken chord, made here from sines, so that it belongs to nobody.

It is soft (-26 dBFS), has no beat to hurry anybody, and loops without a seam.
"""

from functools import lru_cache

import numpy as np

from voicebot.audio.frames import Pcm, frame_samples

LEVEL_DBFS = -26.0
_NOTE_S = 0.75
_DECAY_S = 0.9
_ATTACK_S = 0.02
_CHORDS = ((57, 60, 64, 69), (53, 57, 60, 65), (48, 55, 60, 64), (55, 59, 62, 67))
"""MIDI notes: A minor, F, C, G, each up and down again."""
_PARTIALS = (1.0, 0.35, 0.12)


@lru_cache(maxsize=4)
def hold_music(rate_hz: int) -> Pcm:
    """Return one turn of the loop, a whole number of 20 ms frames, at ``rate_hz``."""
    notes = [note for chord in _CHORDS for note in (*chord, *chord[-2:0:-1])]
    step = round(_NOTE_S * rate_hz)
    size = len(notes) * step
    size += -size % frame_samples(rate_hz)
    ring = np.arange(round(4 * _DECAY_S * rate_hz)) / rate_hz
    shape = np.minimum(ring / _ATTACK_S, 1.0) * np.exp(-ring / _DECAY_S)
    sound = np.zeros(size)
    for place, note in enumerate(notes):
        pitch_hz = 440.0 * 2 ** ((note - 69) / 12)
        tone = sum(part * np.sin(2 * np.pi * pitch_hz * n * ring) for n, part in enumerate(_PARTIALS, start=1))
        where = (place * step + np.arange(ring.size)) % size  # what still rings at the end is heard at the beginning
        sound[where] += shape * tone
    level = 32768 * 10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(sound**2))
    return np.asarray(np.round(sound * level), dtype=np.int16)


class HoldMusic:
    """The loop as one caller hears it, a frame at a time."""

    def __init__(self, rate_hz: int) -> None:
        self._loop = hold_music(rate_hz)
        self._size = frame_samples(rate_hz)
        self._at = 0

    def frame(self) -> Pcm:
        """Return the next 20 ms."""
        start, self._at = self._at, (self._at + self._size) % self._loop.size
        return self._loop[start : start + self._size]
