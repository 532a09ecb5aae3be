"""How loud speech is, made constant, and edges made smooth."""

from math import log10

import numpy as np
import numpy.typing as npt

from voicebot.audio.frames import FULL_SCALE, SILENCE_DBFS, Pcm, level_dbfs

_BLOCK_MS = 5
_MARGIN_DB = 15.9
_HANGOVER_S = 0.2
_TIME_CONSTANT_S = 0.03


def active_level_dbfs(pcm: Pcm, rate_hz: int) -> float:
    """Return the level of speech while it is active, pauses left out, in dBFS; -96 when there is none.

    After ITU-T P.56 method B (two-stage envelope of 30 ms, 200 ms hangover, threshold 15.9 dB below the result),
    computed on blocks of 5 ms rather than samples.
    """
    block = max(1, rate_hz * _BLOCK_MS // 1000)
    count = pcm.size // block
    if count < 4:
        return level_dbfs(pcm)
    samples = pcm[: count * block].astype(np.float64).reshape(count, block)
    energies = np.einsum("ij,ij->i", samples, samples)
    total = float(energies.sum())
    if total <= 0:
        return SILENCE_DBFS
    envelope = _envelope(np.abs(samples).mean(axis=1))
    hangover = int(_HANGOVER_S * 1000 / _BLOCK_MS)
    previous: tuple[float, float] | None = None
    # thresholds fall by 3 dB until active level and threshold are the margin apart, then interpolate
    for step in range(31):
        threshold = FULL_SCALE * 2 ** (-step / 2)
        active = _active_blocks(envelope >= threshold, hangover)
        if active == 0:
            continue
        level = 10 * log10(total / (active * block) / FULL_SCALE**2)
        excess = level - 20 * log10(threshold / FULL_SCALE) - _MARGIN_DB
        if excess >= 0:
            if previous is None or excess == previous[1]:
                return level
            share = -previous[1] / (excess - previous[1])
            return previous[0] + share * (level - previous[0])
        previous = (level, excess)
    return level_dbfs(pcm)


def normalise(pcm: Pcm, rate_hz: int, target_dbfs: float = -20.0, ceiling_dbfs: float = -1.0) -> Pcm:
    """Return ``pcm`` with its active speech level at ``target_dbfs``, its peaks held softly under ``ceiling_dbfs``."""
    level = active_level_dbfs(pcm, rate_hz)
    if level <= SILENCE_DBFS:
        return pcm
    gain = 10 ** ((target_dbfs - level) / 20)
    return limit(pcm.astype(np.float64) * gain, ceiling_dbfs)


def amplify(pcm: Pcm, gain_db: float, ceiling_dbfs: float = -1.0) -> Pcm:
    """Return ``pcm`` louder by ``gain_db`` (softer if negative), its peaks held softly under ``ceiling_dbfs``."""
    return limit(pcm.astype(np.float64) * 10 ** (gain_db / 20), ceiling_dbfs)


def limit(samples: npt.NDArray[np.float64] | Pcm, ceiling_dbfs: float = -1.0) -> Pcm:
    """Return ``samples`` (in 16-bit units, of any size) as 16-bit sound never above ``ceiling_dbfs``.

    Untouched up to 6 dB below the ceiling, bent smoothly above: loud peaks are rounded, not clipped.
    """
    ceiling = FULL_SCALE * 10 ** (min(ceiling_dbfs, 0.0) / 20) - 1
    knee = ceiling / 2
    values = np.asarray(samples, dtype=np.float64)
    size = np.abs(values)
    bent = knee + (ceiling - knee) * np.tanh((size - knee) / (ceiling - knee))
    return np.rint(np.where(size <= knee, values, np.sign(values) * bent)).astype(np.int16)


def fade_in(pcm: Pcm, samples: int) -> Pcm:
    """Return ``pcm`` with its first ``samples`` samples rising smoothly from nothing."""
    return _faded(pcm, samples, start=True)


def fade_out(pcm: Pcm, samples: int) -> Pcm:
    """Return ``pcm`` with its last ``samples`` samples falling smoothly to nothing."""
    return _faded(pcm, samples, start=False)


def _faded(pcm: Pcm, samples: int, start: bool) -> Pcm:
    length = min(samples, pcm.size)
    if length <= 0:
        return pcm
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)
    out = pcm.copy()
    if start:
        out[:length] = np.rint(pcm[:length] * ramp)
    else:
        out[pcm.size - length :] = np.rint(pcm[pcm.size - length :] * ramp[::-1])
    return out


def _envelope(blocks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    keep = float(np.exp(-_BLOCK_MS / 1000 / _TIME_CONSTANT_S))
    first = second = 0.0
    out = np.empty_like(blocks)
    for index, value in enumerate(blocks.tolist()):
        first = keep * first + (1 - keep) * value
        second = keep * second + (1 - keep) * first
        out[index] = second
    return out


def _active_blocks(above: npt.NDArray[np.bool_], hangover: int) -> int:
    """Count the blocks above the threshold or within ``hangover`` blocks after one that was."""
    hits = np.flatnonzero(above)
    if hits.size == 0:
        return 0
    ends = np.minimum(hits + hangover + 1, np.append(hits[1:], above.size))
    return int((ends - hits).sum())
