"""Energy tells where the voice is, and that a steady noise is not one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.activity import find_activity, frame_levels, only_silence_since
from voicebot.audio.frames import Pcm, silence

RATE = 8000


def _noise(seconds: float, amplitude: float, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).normal(0, amplitude, int(RATE * seconds)).astype(np.int16)


def _syllables(seconds: float, amplitude: float = 6000) -> Pcm:
    time_s = np.arange(int(RATE * seconds)) / RATE
    wave = np.sin(2 * np.pi * 200 * time_s) * np.abs(np.sin(2 * np.pi * 2 * time_s))
    return (amplitude * wave).astype(np.int16)


@pytest.mark.parametrize(
    "sound",
    [
        silence(10 * RATE),
        _noise(10, 1000),
        _noise(10, 30),
        (3000 * np.sin(2 * np.pi * 50 * np.arange(10 * RATE) / RATE)).astype(np.int16),
        silence(0),
        silence(100),
    ],
    ids=["silence", "loud noise", "quiet noise", "hum", "nothing", "less than a frame"],
)
def test_a_steady_sound_holds_no_voice(sound: Pcm) -> None:
    assert not find_activity(sound, RATE).present


def test_the_voice_is_found_where_it_is() -> None:
    sound = np.concatenate([silence(RATE), _syllables(1.0), silence(RATE)]) + _noise(3.0, 40)
    found = find_activity(sound.astype(np.int16), RATE)
    assert found.start == pytest.approx(RATE, abs=0.1 * RATE)
    assert found.end == pytest.approx(2 * RATE, abs=0.1 * RATE)


def test_a_click_is_not_a_voice() -> None:
    sound = _noise(2.0, 40)
    sound[8000:8100] = 20000
    assert not find_activity(sound, RATE).present


def test_noise_after_the_words_is_silence() -> None:
    words = (np.concatenate([silence(2400), _syllables(1.0)]) + _noise(1.3, 300)).astype(np.int16)
    sound = np.concatenate([words, _noise(0.5, 300, seed=2)])
    assert only_silence_since(sound, RATE, len(words))


def test_words_after_the_words_are_not_silence() -> None:
    words = (np.concatenate([silence(2400), _syllables(1.0)]) + _noise(1.3, 300)).astype(np.int16)
    sound = np.concatenate([words, _syllables(0.4, 3000)])
    assert not only_silence_since(sound, RATE, len(words))


@given(st.integers(0, 400), st.integers(-32768, 32767))
def test_a_constant_has_no_level_whatever_its_offset(samples: int, value: int) -> None:
    levels = frame_levels(np.full(samples, value, dtype=np.int16), RATE)
    assert (levels <= -95.9).all()
