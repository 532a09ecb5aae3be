"""Speech is made as loud as asked, never clipped, with smooth edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.sounds import say, tone, with_silence
from voicebot.audio.frames import SILENCE_DBFS, level_dbfs, silence
from voicebot.audio.level import active_level_dbfs, amplify, fade_in, fade_out, limit, normalise

SENTENCE = "Le centre de recyclage est ouvert du lundi au samedi."


def test_the_active_level_does_not_depend_on_the_pauses() -> None:
    speech = say(SENTENCE, 8000)
    with_pauses = with_silence(np.concatenate([speech, silence(16000), speech]), 2.0, 3.0, 8000)
    assert level_dbfs(with_pauses) < level_dbfs(speech) - 3
    assert active_level_dbfs(with_pauses, 8000) == pytest.approx(active_level_dbfs(speech, 8000), abs=0.7)


def test_the_active_level_of_a_steady_tone_is_its_level() -> None:
    assert active_level_dbfs(tone(440, 2.0, 8000, -25), 8000) == pytest.approx(-25, abs=0.3)


def test_the_active_level_follows_the_gain_exactly() -> None:
    speech = say(SENTENCE, 8000, level_dbfs=-30)
    louder = amplify(speech, 6.0)
    assert active_level_dbfs(louder, 8000) - active_level_dbfs(speech, 8000) == pytest.approx(6.0, abs=0.2)


def test_silence_has_no_active_level_and_stays_silence() -> None:
    assert active_level_dbfs(silence(8000), 8000) == SILENCE_DBFS
    assert active_level_dbfs(silence(0), 8000) == SILENCE_DBFS
    assert not normalise(silence(8000), 8000).any()


@pytest.mark.parametrize("target_dbfs", [-26.0, -20.0])
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_normalised_speech_has_the_level_asked_for(target_dbfs: float, rate_hz: int) -> None:
    for start in (-40.0, -12.0):
        speech = normalise(say(SENTENCE, rate_hz, start), rate_hz, target_dbfs)
        assert active_level_dbfs(speech, rate_hz) == pytest.approx(target_dbfs, abs=0.6)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(-20, 0))
def test_nothing_ever_exceeds_the_ceiling_nor_changes_sign_or_order(values: list[float], ceiling: float) -> None:
    samples = np.array(values)
    out = limit(samples, ceiling).astype(int)
    assert np.max(np.abs(out)) <= 32768 * 10 ** (ceiling / 20)
    assert np.all(out * np.sign(samples) >= 0)
    order = np.argsort(samples)
    assert np.all(np.diff(out[order]) >= 0)


def test_what_is_soft_is_left_alone() -> None:
    pcm = tone(440, 0.1, 8000, -20)
    assert np.array_equal(limit(pcm), pcm)


def test_fades_start_and_end_at_nothing_and_touch_no_more_than_asked() -> None:
    pcm = np.full(1000, 8000, dtype=np.int16)
    rising, falling = fade_in(pcm, 100), fade_out(pcm, 100)
    assert rising[0] == 0
    assert falling[-1] == 0
    assert np.all(np.diff(rising[:100].astype(int)) >= 0)
    assert np.all(np.diff(falling[-100:].astype(int)) <= 0)
    assert np.array_equal(rising[100:], pcm[100:])
    assert np.array_equal(falling[:-100], pcm[:-100])
    assert fade_in(pcm[:10], 100).size == 10
    assert fade_out(silence(0), 100).size == 0
