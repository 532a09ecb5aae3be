"""G.711 A-law and mu-law, by table: 8-bit codes on the wire, 16-bit samples inside.

The tables are computed from the reference algorithms of ITU-T G.191 (Software Tools Library), which G.711 defines.
"""

import numpy as np
import numpy.typing as npt

from voicebot.audio.frames import Pcm


def alaw_encode(pcm: Pcm) -> bytes:
    """Return the A-law codes of ``pcm``, one byte a sample."""
    return _ALAW_CODES[pcm.view(np.uint16)].tobytes()


def alaw_decode(codes: bytes) -> Pcm:
    """Return the samples of A-law ``codes``."""
    return _ALAW_SAMPLES[np.frombuffer(codes, dtype=np.uint8)]


def ulaw_encode(pcm: Pcm) -> bytes:
    """Return the mu-law codes of ``pcm``, one byte a sample."""
    return _ULAW_CODES[pcm.view(np.uint16)].tobytes()


def ulaw_decode(codes: bytes) -> Pcm:
    """Return the samples of mu-law ``codes``."""
    return _ULAW_SAMPLES[np.frombuffer(codes, dtype=np.uint8)]


def _magnitudes(bits: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The 65536 samples in the order of their unsigned pattern: magnitude without its low ``bits``, sign (True: +)."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)
    positive = samples >= 0
    return np.where(positive, samples, ~samples) >> bits, positive


def _segments(values: npt.NDArray[np.int64], first: int) -> npt.NDArray[np.int64]:
    """How many times each value doubles ``first`` (0 below it)."""
    return np.searchsorted(first << np.arange(7), values, side="right").astype(np.int64)


def _signed(codes: npt.NDArray[np.int64], magnitude: npt.NDArray[np.int64]) -> Pcm:
    samples: Pcm = np.where(codes >= 0x80, magnitude, -magnitude).astype(np.int16)
    return samples


def _alaw_codes() -> npt.NDArray[np.uint8]:
    magnitude, positive = _magnitudes(4)
    segment = _segments(magnitude, 16)
    mantissa = (magnitude >> np.maximum(segment - 1, 0)) & 0x0F
    return (((segment << 4 | mantissa) | np.where(positive, 0x80, 0)) ^ 0x55).astype(np.uint8)


def _alaw_samples() -> Pcm:
    codes = np.arange(256)
    plain = (codes ^ 0x55) & 0x7F
    segment, mantissa = plain >> 4, plain & 0x0F
    magnitude = ((mantissa + np.where(segment > 0, 16, 0) << 4) + 8) << np.maximum(segment - 1, 0)
    return _signed(codes, magnitude)


def _ulaw_codes() -> npt.NDArray[np.uint8]:
    magnitude, positive = _magnitudes(2)
    biased = np.minimum(magnitude + 33, 0x1FFF)
    segment = _segments(biased, 64)
    mantissa = (biased >> (segment + 1)) & 0x0F
    return ((7 - segment << 4 | 0x0F - mantissa) | np.where(positive, 0x80, 0)).astype(np.uint8)


def _ulaw_samples() -> Pcm:
    codes = np.arange(256)
    plain = ~codes & 0x7F
    segment, mantissa = plain >> 4, plain & 0x0F
    step = 8 << segment
    magnitude = (0x80 << segment) + step * mantissa + step // 2 - 4 * 33
    return _signed(codes, magnitude)


_ALAW_CODES, _ALAW_SAMPLES = _alaw_codes(), _alaw_samples()
_ULAW_CODES, _ULAW_SAMPLES = _ulaw_codes(), _ulaw_samples()
