"""Sounds for the tests of this package: synthetic French speech, noises, coughs, doors. All deterministic."""

from functools import cache

import numpy as np
from py_nanotts import NanoTTS

from voicebot.audio.frames import LINE_HZ, Pcm, silence
from voicebot.audio.level import normalise
from voicebot.audio.resample import resample

PICO_HZ = 16000


@cache
def _spoken(text: str, pitch: float) -> Pcm:
    """Return speech at ``PICO_HZ``, higher and quicker with ``pitch``.

    It is played faster rather than spoken so: at another speed or pitch than its own, Pico does not say the same from
    one process to the next.
    """
    spoken = np.frombuffer(NanoTTS().speak(text, voice="fr-FR"), dtype="<i2").astype(np.int16)
    pcm = spoken if pitch == 1.0 else resample(spoken, round(PICO_HZ * pitch), PICO_HZ)
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 300)
    return pcm[loud[0] : loud[-1] + 1]


def say(text: str, rate_hz: int, level_dbfs: float = -20.0, pitch: float = 1.0) -> Pcm:
    """Return ``text`` spoken by Pico, without silence before or after, at an active level of ``level_dbfs``."""
    return normalise(resample(_spoken(text, pitch), PICO_HZ, rate_hz), rate_hz, level_dbfs)


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


def at(sound: Pcm, when_s: float, total: int) -> Pcm:
    """Return ``total`` samples of silence with ``sound`` placed at ``when_s``, at 8 kHz."""
    start = round(when_s * LINE_HZ)
    out = silence(total)
    piece = sound[: total - start]
    out[start : start + piece.size] = piece
    return out


def cough(seed: int) -> Pcm:
    """Two bursts of breath noise, loudest at their start, in the telephone band."""
    rng = np.random.default_rng(seed)
    length = int(rng.uniform(0.12, 0.28) * LINE_HZ)
    breath = np.convolve(rng.standard_normal(length), np.hanning(rng.integers(3, 8)), "same")
    breath *= np.minimum(np.arange(length) / 80, 1) * np.exp(-np.arange(length) / 640)
    burst = (breath / np.max(np.abs(breath)) * 32768 * 10 ** (rng.uniform(-14, -4) / 20)).astype(np.int16)
    return np.concatenate([burst, silence(1200), burst])


def door(seed: int) -> Pcm:
    """A slam: a broad-band shock, then a rumble that dies away."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(0.25 * LINE_HZ)) / LINE_HZ
    rumble = np.convolve(rng.standard_normal(times.size), np.hanning(9), "same") * np.exp(-times * 25)
    ring = np.sin(2 * np.pi * rng.uniform(300, 500) * times) * np.exp(-times * 35)
    shock = rng.standard_normal(times.size) * np.exp(-times * 120)
    slam = rumble / 2 + ring + shock
    pcm: Pcm = (slam / np.max(np.abs(slam)) * 32768 * 10 ** (rng.uniform(-12, -3) / 20)).astype(np.int16)
    return pcm
