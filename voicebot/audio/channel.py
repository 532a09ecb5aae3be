"""A telephone line in a box, for tests and scripts: what a caller's voice becomes on its way to us.

Band 300-3400 Hz, level, background noise at a given ratio, codec, lost packets with the simple concealment phones use.
Deterministic: the same sound, settings and seed give the same samples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from voicebot.audio.frames import FULL_SCALE, LINE_HZ, SILENCE_DBFS, Pcm, frame_samples
from voicebot.audio.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from voicebot.audio.level import active_level_dbfs, limit
from voicebot.audio.resample import resample

_Gain = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

Noise = Literal["white", "pink", "babble"]
Codec = Literal["alaw", "ulaw", "none"]

_BAND_HZ = (300.0, 3400.0)
_EDGE_HZ = 150.0
_TALKERS = 8
_CONCEALED_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Channel:
    """The line's settings.

    ``snr_db``: active speech level over the noise's level, both in band; ``None`` for no noise. ``loss``: share of
    20 ms packets lost, 0 to 1. ``level_dbfs``: active speech level on the line; ``None`` leaves it. ``noise``: white,
    pink (an engine, a street), or babble (a room full of people: speech-shaped noise with the rhythm of syllables).
    """

    snr_db: float | None = 20.0
    loss: float = 0.0
    level_dbfs: float | None = -22.0
    codec: Codec = "alaw"
    seed: int = 0
    noise: Noise = "white"

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1:
            raise ValueError(f"loss is a share of packets from 0 to 1, not {self.loss}")
        if self.codec not in ("alaw", "ulaw", "none"):
            raise ValueError(f"codec must be alaw, ulaw or none, not {self.codec!r}")
        if self.noise not in ("white", "pink", "babble"):
            raise ValueError(f"noise must be white, pink or babble, not {self.noise!r}")

    def apply(self, pcm: Pcm, rate_hz: int) -> Pcm:
        """Return ``pcm`` as it arrives, at 8 kHz."""
        line = _band(resample(pcm, rate_hz, LINE_HZ).astype(np.float64))
        level = active_level_dbfs(limit(line, 0.0), LINE_HZ)
        if self.level_dbfs is not None and level > SILENCE_DBFS:
            line *= 10 ** ((self.level_dbfs - level) / 20)
            level = self.level_dbfs
        rng = np.random.default_rng(self.seed)
        if self.snr_db is not None:
            # a silent caller's room is as loud as if they spoke at the usual level
            speech = level if level > SILENCE_DBFS else (self.level_dbfs if self.level_dbfs is not None else -22.0)
            line += _noise(self.noise, line.size, rng) * FULL_SCALE * 10 ** ((speech - self.snr_db) / 20)
        return self._lose_packets(self._code(limit(line, 0.0)), rng)

    def _code(self, pcm: Pcm) -> Pcm:
        if self.codec == "alaw":
            return alaw_decode(alaw_encode(pcm))
        if self.codec == "ulaw":
            return ulaw_decode(ulaw_encode(pcm))
        return pcm

    def _lose_packets(self, pcm: Pcm, rng: np.random.Generator) -> Pcm:
        if self.loss == 0:
            return pcm
        size = frame_samples(LINE_HZ)
        out = pcm.copy()
        last, missing = np.zeros(size, dtype=np.int16), 0
        for at in range(0, pcm.size, size):
            frame = out[at : at + size]
            if rng.random() >= self.loss:
                missing = 0
                if frame.size == size:
                    last = frame.copy()
                continue
            missing += 1
            gain = 0.5 ** (missing - 1) if missing <= _CONCEALED_FRAMES else 0.0
            frame[:] = np.rint(last[: frame.size] * gain)
        return out


def _band(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keep the telephone band, with raised-cosine edges, without delay."""
    if samples.size == 0:
        return samples
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(samples.size, 1 / LINE_HZ)
    low, high = _BAND_HZ
    rise = np.clip((hz - (low - _EDGE_HZ)) / _EDGE_HZ, 0, 1)
    fall = np.clip((high + _EDGE_HZ - hz) / _EDGE_HZ, 0, 1)
    gain = (0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * fall))
    return np.fft.irfft(spectrum * gain, samples.size)


def _noise(kind: Noise, samples: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Noise in the telephone band, of unit power."""
    if samples == 0:
        return np.zeros(0)
    if kind == "white":
        values = rng.standard_normal(samples)
    elif kind == "pink":
        values = _shaped(rng.standard_normal(samples), lambda hz: 1 / np.sqrt(np.maximum(hz, 50)))
    else:
        values = np.sum([_talker(samples, rng) for _ in range(_TALKERS)], axis=0)
    values = _band(values)
    power = float(np.mean(values**2))
    return values / np.sqrt(power) if power > 0 else values


def _talker(samples: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Noise with the spectrum of speech (falling 6 dB an octave above 500 Hz) and its 3 to 6 syllables a second."""
    carrier = _shaped(rng.standard_normal(samples), lambda hz: 1 / np.maximum(hz, 500))
    times = np.arange(samples) / LINE_HZ
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(3, 6) * times + rng.uniform(0, 2 * np.pi))
    phrases = np.clip(np.sin(2 * np.pi * rng.uniform(0.2, 0.5) * times + rng.uniform(0, 2 * np.pi)) + 0.7, 0, 1)
    return np.asarray(carrier * syllables**2 * phrases, dtype=np.float64)


def _shaped(values: npt.NDArray[np.float64], gain: _Gain) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(values)
    hz = np.fft.rfftfreq(values.size, 1 / LINE_HZ).astype(np.float64)
    return np.fft.irfft(spectrum * gain(hz), values.size)
