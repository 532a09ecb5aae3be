"""The unit every call is made of: 20 ms of 16-bit mono sound.

A frame is a plain ``numpy`` array of ``int16`` samples, so that it can be handed from the line to the recogniser
without a copy. Its rate is a property of the leg it belongs to and never changes during a call. Time inside a call is
counted in frames, never read from a clock.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Pcm: TypeAlias = npt.NDArray[np.int16]
"""Mono samples, -32768 to 32767, of any length."""

Upcoming: TypeAlias = Callable[[int], Sequence[Pcm]]
"""Asked for some number of frames, returns at most as many of those that are played next: in order, and for certain."""

FRAME_MS = 20
FRAME_S = FRAME_MS / 1000
LINE_HZ = 8000
FULL_SCALE = 32768.0
SILENCE_DBFS = -96.0


class AudioError(Exception):
    """A sound that cannot be read or used; the message says which and what to do."""


def frame_samples(rate_hz: int) -> int:
    """Return the number of samples of one 20 ms frame at ``rate_hz``."""
    return rate_hz * FRAME_MS // 1000


def silence(samples: int) -> Pcm:
    """Return ``samples`` zero samples."""
    return np.zeros(samples, dtype=np.int16)


def level_dbfs(pcm: Pcm) -> float:
    """Return the RMS level of ``pcm`` in dBFS (0 dBFS: a full-scale square wave); -96 for silence or nothing."""
    if pcm.size == 0:
        return SILENCE_DBFS
    samples = pcm.astype(np.float32)
    rms = float(np.sqrt(np.dot(samples, samples) / pcm.size))
    if rms < 0.52:
        return SILENCE_DBFS
    return 20.0 * float(np.log10(rms / FULL_SCALE))
