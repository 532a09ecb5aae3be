"""Telephone keys as tones: made and recognised (ITU-T Q.23, Q.24).

Each key is a low and a high tone. The detector measures the eight frequencies (Goertzel's sums, as one product with a
table) on 20 ms windows every 10 ms. A key counts when two windows in a row hold it, so at least 40 ms of tone always
do and less than 20 ms never; it is over after 40 ms without it, so a lost packet does not double it.
"""

import numpy as np
import numpy.typing as npt

from voicebot.audio.frames import FULL_SCALE, Pcm, frame_samples

LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")

_OFFSETS = (-0.038, -0.012, 0.0, 0.012, 0.038)
_QUIETEST_DBFS = -42.0
_HIGH_OVER_LOW_DB = 6.0
_LOW_OVER_HIGH_DB = 10.0
_PURITY = 0.75
_RIVAL_DB = 6.0
_WINDOWS_TO_START = 2
_WINDOWS_TO_END = 4


def tone(key: str, ms: int, rate_hz: int, level_dbfs: float = -16.0) -> Pcm:
    """Return the tone of ``key`` (0-9, A-D, * or #), both frequencies together at an RMS level of ``level_dbfs``.

    Raises:
        ValueError: there is no such key.
    """
    found = [(row, column) for row in range(4) for column in range(4) if KEYS[row][column] == key]
    if not found:
        raise ValueError(f"{key!r} is not a telephone key (0-9, A-D, *, #)")
    row, column = found[0]
    times = np.arange(rate_hz * ms // 1000) / rate_hz
    both = np.sin(2 * np.pi * LOW_HZ[row] * times) + np.sin(2 * np.pi * HIGH_HZ[column] * times)
    return np.clip(np.rint(both * FULL_SCALE * 10 ** (level_dbfs / 20)), -32768, 32767).astype(np.int16)


class DtmfDetector:
    """Finds the keys pressed in a stream of 20 ms frames at ``rate_hz``.

    Tones may be 42 dB under full scale, the high one up to 6 dB above the low one or 10 dB below (Q.24 leaves the twist
    to each administration; these are the widest), and 1.5 % off frequency; 3.5 % off is refused. About 3 microseconds a
    frame in silence, 25 otherwise.
    """

    def __init__(self, rate_hz: int) -> None:
        self._size = frame_samples(rate_hz)
        self._half = np.zeros(self._size // 2, dtype=np.float32)
        frequencies = np.array([hz * (1 + offset) for hz in LOW_HZ + HIGH_HZ for offset in _OFFSETS])
        angles = 2 * np.pi * np.outer(frequencies, np.arange(self._size)) / rate_hz
        self._table = np.concatenate((np.cos(angles), np.sin(angles))).astype(np.float32)
        self._quietest = (FULL_SCALE * 10 ** (_QUIETEST_DBFS / 20)) ** 2
        self._candidate = ""
        self._hits = 0
        self._held = ""
        self._misses = 0

    @property
    def held(self) -> str:
        """The key being held now, empty if none."""
        return self._held

    def feed(self, frame: Pcm) -> str:
        """Return the keys whose press was recognised in this frame: nearly always none, at most two."""
        samples = frame.astype(np.float32)
        straddling = np.concatenate((self._half, samples[: self._size - self._half.size]))
        self._half = samples[self._size - self._half.size :]
        return self._step(self._key_in(straddling)) + self._step(self._key_in(samples))

    def _step(self, key: str) -> str:
        if self._held:
            self._misses = 0 if key == self._held else self._misses + 1
            if self._misses >= _WINDOWS_TO_END:
                self._held = ""
        self._hits = self._hits + 1 if key and key == self._candidate else int(bool(key))
        self._candidate = key
        if key and key != self._held and self._hits >= _WINDOWS_TO_START:
            self._held, self._misses = key, 0
            return key
        return ""

    def _key_in(self, window: npt.NDArray[np.float32]) -> str:
        """The key whose tones fill this window, empty if none."""
        power = float(np.dot(window, window)) / window.size
        if power < self._quietest:
            return ""
        sums = self._table @ window
        half = sums.size // 2
        powers = (sums[:half] ** 2 + sums[half:] ** 2).reshape(8, len(_OFFSETS)) * (2 / window.size**2)
        inside = powers[:, 1:4].max(axis=1)
        low, high = int(inside[:4].argmax()), 4 + int(inside[4:].argmax())
        low_power, high_power = float(inside[low]), float(inside[high])
        if low_power + high_power < _PURITY * power:
            return ""
        if not -_LOW_OVER_HIGH_DB <= _ratio_db(high_power, low_power) <= _HIGH_OVER_LOW_DB:
            return ""
        if min(low_power, high_power) < self._quietest / 2:
            return ""
        for best, group in ((low, range(4)), (high, range(4, 8))):
            # as strong or stronger well beside the tone: off frequency
            if max(powers[best, 0], powers[best, 4]) > inside[best]:
                return ""
            rival = max(float(inside[other]) for other in group if other != best)
            if _ratio_db(float(inside[best]), rival) < _RIVAL_DB:
                return ""
        return KEYS[low][high - 4]


def _ratio_db(power: float, other: float) -> float:
    return 10.0 * float(np.log10((power + 1e-9) / (other + 1e-9)))
