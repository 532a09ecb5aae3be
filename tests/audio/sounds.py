"""Sounds for the tests of this package: synthetic French speech, noises, coughs, doors. All deterministic."""

from functools import cache

import numpy as np
from py_nanotts import NanoTTS

from voicebot.audio.frames import Pcm, silence
from voicebot.audio.level import normalise
from voicebot.audio.resample import resample

PICO_HZ = 16000


@cache
def _spoken(text: str, speed: float, pitch: float) -> Pcm:
    pcm = np.frombuffer(NanoTTS().speak(text, voice="fr-FR", speed=speed, pitch=pitch), dtype="<i2").astype(np.int16)
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 300)
    return pcm[loud[0] : loud[-1] + 1]


def say(text: str, rate_hz: int, level_dbfs: float = -20.0, speed: float = 1.0, pitch: float = 1.0) -> Pcm:
    """Return ``text`` spoken by Pico, without silence before or after, at an active level of ``level_dbfs``."""
    return normalise(resample(_spoken(text, speed, pitch), PICO_HZ, rate_hz), rate_hz, level_dbfs)


def with_silence(pcm: Pcm, before_s: float, after_s: float, rate_hz: int) -> Pcm:
    """Return ``pcm`` between two silences."""
    return np.concatenate([silence(round(before_s * rate_hz)), pcm, silence(round(after_s * rate_hz))])


def noise(samples: int, level_dbfs: float, seed: int) -> Pcm:
    """Return white noise at an RMS level of ``level_dbfs``."""
    values = np.random.default_rng(seed).standard_normal(samples) * 32768 * 10 ** (level_dbfs / 20)
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def mix(*sounds: Pcm) -> Pcm:
    """Return the sum of sounds of the same length, clipped."""
    total: Pcm = np.clip(np.sum([s.astype(np.int32) for s in sounds], axis=0), -32768, 32767).astype(np.int16)
    return total


def tone(hz: float, seconds: float, rate_hz: int, level_dbfs: float = -20.0) -> Pcm:
    """Return a sine."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    amplitude = 32768 * 10 ** (level_dbfs / 20) * 2**0.5
    return np.clip(np.rint(amplitude * np.sin(2 * np.pi * hz * times)), -32768, 32767).astype(np.int16)
