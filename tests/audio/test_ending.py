"""Whether the voice fell or stayed up before a pause."""

import numpy as np
import pytest

from voicebot.audio.ending import Ending, hear_ending
from voicebot.audio.frames import Pcm

RATE_HZ = 8000


def glide(first_hz: float, last_hz: float, steady_s: float = 1.0, glide_s: float = 0.4) -> Pcm:
    """A buzz with telephone harmonics, steady then gliding, and the silence after it."""
    steady = np.full(round(steady_s * RATE_HZ), first_hz)
    pitch = np.concatenate((steady, np.geomspace(first_hz, last_hz, round(glide_s * RATE_HZ))))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    buzz = sum(np.sin(order * phase) / order for order in range(3, 16))
    noise = np.random.default_rng(1).normal(0, 20, pitch.size + 1600)
    return np.asarray(np.concatenate((4000 * buzz, np.zeros(1600))) + noise, dtype=np.int16)


@pytest.mark.parametrize("voice_hz", [110.0, 200.0])
def test_a_voice_that_falls_has_finished_and_one_that_rises_has_not(voice_hz: float) -> None:
    assert hear_ending(glide(voice_hz, voice_hz * 0.7), RATE_HZ) is Ending.FALLEN
    assert hear_ending(glide(voice_hz, voice_hz * 1.4), RATE_HZ) is Ending.RAISED
    assert hear_ending(glide(voice_hz, voice_hz), RATE_HZ) is Ending.LEVEL


def test_noise_and_too_short_a_sound_tell_nothing() -> None:
    noise = np.random.default_rng(2).normal(0, 3000, 16000).astype(np.int16)
    assert hear_ending(noise, RATE_HZ) is Ending.LEVEL
    assert hear_ending(np.zeros(100, dtype=np.int16), RATE_HZ) is Ending.LEVEL
