"""What an engine gives, made ready for a telephone: trimmed, at a constant level, never clipped, joined without click.

Pure functions on float samples (full scale 1.0); no state, no engine.
"""

import numpy as np
import numpy.typing as npt

from voicebot.audio.frames import FULL_SCALE, Pcm
from voicebot.audio.level import active_level_dbfs, amplify, fade_in, fade_out
from voicebot.audio.resample import resample

Samples = npt.NDArray[np.float32]
"""Mono samples, full scale 1.0."""

_BLOCK_S = 0.005
_TRIM_BELOW_PEAK_DB = 42.0
_QUIETEST_DBFS = -60.0
_HEAD_KEPT_S = 0.02
_TAIL_KEPT_S = 0.04
_FADE_IN_S = 0.005
_FADE_OUT_S = 0.02
_CEILING_DBFS = -2.0
_LEVELLED_S = 0.5
_MOST_CORRECTION_DB = 1.5


def trim(samples: Samples, rate_hz: int) -> Samples:
    """Return ``samples`` without the silence an engine leaves at both ends, a breath of it kept on each side."""
    levels = _block_levels_dbfs(samples, rate_hz)
    if levels.size == 0:
        return samples[:0]
    heard = np.flatnonzero(levels > max(float(levels.max()) - _TRIM_BELOW_PEAK_DB, _QUIETEST_DBFS))
    if heard.size == 0:
        return samples[:0]
    step = _step(rate_hz)
    start = max(0, int(heard[0]) * step - int(_HEAD_KEPT_S * rate_hz))
    end = min(samples.size, (int(heard[-1]) + 1) * step + int(_TAIL_KEPT_S * rate_hz))
    return samples[start:end]


def to_pcm(samples: Samples) -> Pcm:
    """Return ``samples`` as 16-bit sound, clipped, what is not a number silenced."""
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    scaled: Samples = np.clip(np.rint(finite * FULL_SCALE), -32768, 32767)
    return scaled.astype(np.int16)


def shape(samples: Samples, from_hz: int, to_hz: int, gain_db: float, aim_dbfs: float) -> Pcm:
    """Return an engine's ``samples`` as a clause ready to be played: trimmed, resampled, amplified, limited, faded.

    ``gain_db`` is the voice's own, the same for all it says. What is then still louder or softer than ``aim_dbfs`` is
    brought half way there, by 1.5 dB at most: an engine's accidents are halved, a sentence keeps its dynamics. The
    clause starts and ends at exactly zero, so that it can be joined to anything; empty when nothing is heard in it.
    """
    pcm = resample(to_pcm(trim(samples, from_hz)), from_hz, to_hz)
    if pcm.size >= _LEVELLED_S * to_hz:
        missing_db = aim_dbfs - gain_db - active_level_dbfs(pcm, to_hz)
        gain_db += min(_MOST_CORRECTION_DB, max(-_MOST_CORRECTION_DB, missing_db / 2))
    pcm = amplify(pcm, gain_db, _CEILING_DBFS)
    return fade_out(fade_in(pcm, int(_FADE_IN_S * to_hz)), int(_FADE_OUT_S * to_hz))


def _step(rate_hz: int) -> int:
    return max(1, int(_BLOCK_S * rate_hz))


def _block_levels_dbfs(samples: Samples, rate_hz: int) -> npt.NDArray[np.float64]:
    step = _step(rate_hz)
    padded = np.zeros(-(-samples.size // step) * step, dtype=np.float64)
    padded[: samples.size] = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    power = np.mean(padded.reshape(-1, step) ** 2, axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-10)), dtype=np.float64)
