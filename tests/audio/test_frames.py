"""The unit of sound: 20 ms, and its level."""

import numpy as np
import pytest

from tests.audio.sounds import tone
from voicebot.audio.frames import SILENCE_DBFS, frame_samples, level_dbfs, silence


@pytest.mark.parametrize(("rate_hz", "samples"), [(8000, 160), (16000, 320), (24000, 480), (48000, 960)])
def test_a_frame_is_20_ms_at_every_rate(rate_hz: int, samples: int) -> None:
    assert frame_samples(rate_hz) == samples


def test_a_full_scale_square_wave_is_0_dbfs_and_a_sine_3_less() -> None:
    square = np.where(np.arange(8000) % 2, 32767, -32767).astype(np.int16)
    assert level_dbfs(square) == pytest.approx(0.0, abs=0.01)
    sine = (32767 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)
    assert level_dbfs(sine) == pytest.approx(-3.01, abs=0.02)


def test_the_level_of_a_tone_is_the_one_it_was_made_with() -> None:
    assert level_dbfs(tone(1000, 1.0, 8000, -33)) == pytest.approx(-33, abs=0.05)


def test_silence_and_nothing_have_the_lowest_level() -> None:
    assert level_dbfs(silence(160)) == SILENCE_DBFS
    assert level_dbfs(silence(0)) == SILENCE_DBFS
