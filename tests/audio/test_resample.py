"""Resampling keeps what it should, removes what it must, and a stream does it frame by frame."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.sounds import noise, tone
from voicebot.audio.frames import frame_samples, level_dbfs
from voicebot.audio.resample import Resampler, resample

RATES = [(8000, 16000), (16000, 8000), (48000, 8000), (8000, 48000), (24000, 8000), (22050, 8000), (44100, 16000)]


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_a_clip_keeps_its_length_pitch_and_level(from_hz: int, to_hz: int) -> None:
    out = resample(tone(1000, 0.5, from_hz), from_hz, to_hz)
    assert out.size == pytest.approx(to_hz / 2, abs=1)
    middle = out[out.size // 10 : -out.size // 10].astype(float)
    expected = tone(1000, 0.5, to_hz)[out.size // 10 : -out.size // 10].astype(float)
    assert 10 * np.log10(np.mean(expected**2) / (np.mean((middle - expected) ** 2) + 1e-9)) > 50


def test_a_clip_is_the_same_each_time_and_silence_stays_silence() -> None:
    pcm = noise(4000, -20, seed=3)
    assert np.array_equal(resample(pcm, 8000, 16000), resample(pcm, 8000, 16000))
    assert not resample(np.zeros(4000, dtype=np.int16), 16000, 8000).any()


def test_a_full_scale_clip_does_not_wrap() -> None:
    square = np.where(np.arange(4000) % 40 < 20, 32767, -32768).astype(np.int16)
    out = resample(square, 8000, 16000).astype(int)
    expected = np.repeat(square, 2).astype(int)
    assert np.mean(np.sign(out) == np.sign(expected)) > 0.95


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_a_stream_gives_a_tone_back_after_a_few_milliseconds(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    pcm = tone(1000, 0.5, from_hz)
    size = from_hz * 20 // 1000
    out = np.concatenate([resampler.feed(pcm[at : at + size]) for at in range(0, pcm.size, size)])
    assert out.size == -(-pcm.size * to_hz // from_hz)
    assert resampler.delay_s <= 0.003
    times = np.arange(out.size) / to_hz - resampler.delay_s
    expected = 32768 * 0.1 * 2**0.5 * np.sin(2 * np.pi * 1000 * times)
    steady = slice(out.size // 10, -out.size // 10)
    error = out[steady] - expected[steady]
    assert 10 * np.log10(np.mean(expected[steady] ** 2) / np.mean(error**2)) > 50


def test_a_stream_gives_whole_frames_for_whole_frames() -> None:
    for from_hz, to_hz in [(8000, 16000), (16000, 8000), (48000, 8000), (24000, 16000)]:
        resampler = Resampler(from_hz, to_hz)
        frame = np.zeros(frame_samples(from_hz), dtype=np.int16)
        assert {resampler.feed(frame).size for _ in range(50)} == {frame_samples(to_hz)}


def test_a_stream_removes_what_the_lower_rate_cannot_carry() -> None:
    resampler = Resampler(16000, 8000)
    out = resampler.feed(tone(5000, 0.5, 16000))[200:]
    assert level_dbfs(out) < -70


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(1, 700), min_size=1, max_size=8), rates=st.sampled_from(RATES))
def test_a_stream_does_not_depend_on_how_it_is_cut(cuts: list[int], rates: tuple[int, int]) -> None:
    pcm = noise(sum(cuts), -20, seed=5)
    whole, pieces = Resampler(*rates), Resampler(*rates)
    bounds = np.cumsum([0, *cuts])
    out = [pieces.feed(pcm[a:b]) for a, b in pairwise(bounds.tolist())]
    expected = whole.feed(pcm)
    got = np.concatenate(out)
    assert got.size == expected.size
    assert np.max(np.abs(got.astype(int) - expected), initial=0) <= 1


def test_flushing_gives_the_end_of_the_stream() -> None:
    resampler = Resampler(8000, 16000)
    pcm = np.zeros(400, dtype=np.int16)
    pcm[-1] = 20000
    assert np.max(np.abs(resampler.feed(pcm).astype(int))) < 5000
    assert np.max(resampler.flush()) > 15000


def test_the_same_rate_passes_through() -> None:
    pcm = tone(440, 0.1, 8000)
    assert np.array_equal(resample(pcm, 8000, 8000), pcm)
    assert np.array_equal(Resampler(8000, 8000).feed(pcm), pcm)


def test_a_rate_that_is_not_one_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        resample(tone(440, 0.1, 8000), 8000, 0)
    with pytest.raises(ValueError, match="positive"):
        Resampler(0, 8000)
