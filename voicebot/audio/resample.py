"""Sound at one rate turned into sound at another.

``resample`` is for whole clips (soxr, the best quality). ``Resampler`` is for a live line: soxr's streams give their
output in bursts of 60 to 220 ms, far too late for a conversation, so it is a polyphase windowed-sinc filter that gives
each frame's output at once, a few milliseconds late.
"""

from math import gcd

import numpy as np
import numpy.typing as npt
import soxr

from voicebot.audio.frames import Pcm

_ZERO_CROSSINGS = 16
_KAISER_BETA = 8.0
_BAND_KEPT = 0.94


def resample(pcm: Pcm, from_hz: int, to_hz: int) -> Pcm:
    """Return ``pcm`` at ``to_hz``. Deterministic; clipped, never wrapped.

    Raises:
        ValueError: a rate is not positive.
    """
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError(f"rates must be positive, not {from_hz} and {to_hz} Hz")
    if from_hz == to_hz or pcm.size == 0:
        return pcm
    # in float: soxr dithers 16-bit output, and silence must stay silence
    return _to_pcm(soxr.resample(pcm.astype(np.float32), from_hz, to_hz))


class Resampler:
    """A stream of sound from ``from_hz`` to ``to_hz``, of any chunk size, with a constant delay of ``delay_s``.

    The number of samples given back is exact over the stream: after n samples in, ceil(n * to_hz / from_hz) came out,
    so 20 ms frames in give 20 ms frames out. Meant for rates in a simple ratio (8, 16, 24, 32, 48 kHz).
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"rates must be positive, not {from_hz} and {to_hz} Hz")
        divisor = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // divisor, from_hz // divisor
        self._filters = _polyphase(self._up, self._down)
        taps = self._filters.shape[1]
        self._history = np.zeros(taps - 1, dtype=np.float32)
        self._offsets = np.arange(taps)
        # position of the next output, in units of 1/up input samples, relative to the first sample of the next chunk
        self._position = 0
        self.delay_s = 0.0 if from_hz == to_hz else taps / 2 / from_hz

    def feed(self, pcm: Pcm) -> Pcm:
        """Return the samples that ``pcm`` makes available."""
        if self._up == self._down:
            return pcm
        samples = np.concatenate((self._history, pcm.astype(np.float32)))
        end = pcm.size * self._up
        positions = np.arange(self._position, end, self._down)
        out = np.empty(0, dtype=np.float32)
        if positions.size:
            self._position = int(positions[-1]) + self._down
            starts, phases = np.divmod(positions, self._up)
            windows = samples[starts[:, None] + self._offsets]
            out = np.einsum("ij,ij->i", windows, self._filters[phases])
        self._position -= end
        self._history = samples[samples.size - self._history.size :]
        return _to_pcm(out)

    def flush(self) -> Pcm:
        """Return the last samples, those the delay still held."""
        if self._up == self._down:
            return np.zeros(0, dtype=np.int16)
        return self.feed(np.zeros(self._filters.shape[1] // 2, dtype=np.int16))


def _to_pcm(samples: npt.NDArray[np.float32]) -> Pcm:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def _polyphase(up: int, down: int) -> npt.NDArray[np.float32]:
    """Return one Kaiser-windowed sinc filter a phase, each of unit gain, cutting below the lower Nyquist frequency."""
    band = _BAND_KEPT * min(1.0, up / down)
    half = int(np.ceil(_ZERO_CROSSINGS / band))
    taps = 2 * half
    # a later phase sits later in time, hence nearer to the newest sample of its window
    distances = np.arange(taps)[None, :] - (half - 1) - (np.arange(up) / up)[:, None]
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (distances / half) ** 2, 0, None))) / np.i0(_KAISER_BETA)
    filters = band * np.sinc(band * distances) * window
    filters /= filters.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(filters, dtype=np.float32)
