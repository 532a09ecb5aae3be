"""What an engine gives is trimmed, levelled and joined without click."""

import numpy as np

from voicebot.audio.level import active_level_dbfs
from voicebot.tts.shaping import Samples, shape, trim

AIM_DBFS = -20.0


def tone(seconds: float, rate_hz: int = 16_000, amplitude: float = 0.2) -> Samples:
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * 300 * times)).astype(np.float32)


def padded(sound: Samples, head_s: float, tail_s: float, rate_hz: int = 16_000) -> Samples:
    return np.pad(sound, (int(head_s * rate_hz), int(tail_s * rate_hz)))


def test_silence_at_both_ends_is_trimmed_to_a_breath() -> None:
    kept = trim(padded(tone(0.5), 0.4, 0.6), 16_000)
    assert 0.5 <= kept.size / 16_000 <= 0.58


def test_a_soft_end_is_not_cut_off() -> None:
    sound = np.concatenate((tone(0.3), tone(0.1, amplitude=0.005)))
    assert trim(padded(sound, 0.2, 0.2), 16_000).size >= sound.size


def test_silence_alone_becomes_nothing() -> None:
    assert shape(np.zeros(16_000, dtype=np.float32), 16_000, 8000, 0.0, AIM_DBFS).size == 0
    assert shape(np.zeros(0, dtype=np.float32), 16_000, 8000, 0.0, AIM_DBFS).size == 0


def test_a_clause_starts_and_ends_at_zero() -> None:
    pcm = shape(tone(0.5), 24_000, 8000, 0.0, AIM_DBFS)
    assert pcm[0] == 0
    assert abs(int(pcm[-1])) <= 2


def test_the_gain_is_applied_at_the_line_rate() -> None:
    plain, louder = (shape(tone(1.0, amplitude=0.1), 16_000, 8000, gain, AIM_DBFS + gain) for gain in (0.0, 6.0))
    assert abs(active_level_dbfs(louder, 8000) - active_level_dbfs(plain, 8000) - 6.0) < 0.2


def test_a_large_gain_never_clips() -> None:
    pcm = shape(tone(0.5, amplitude=0.9), 16_000, 8000, 20.0, AIM_DBFS)
    assert int(np.abs(pcm.astype(np.int32)).max()) <= 26_100


def test_broken_samples_become_silence() -> None:
    sound = tone(0.5)
    sound[1000:1010] = np.nan
    sound[2000] = np.inf
    assert np.abs(shape(sound, 16_000, 8000, 0.0, AIM_DBFS).astype(np.int32)).max() < 10_000


def test_what_is_too_loud_or_too_soft_is_brought_half_way_to_the_aim() -> None:
    for sent_db, heard_db in ((2.0, 1.0), (-2.0, -1.0), (8.0, 6.5)):
        sent = tone(1.0, amplitude=0.1 * 2**0.5 * 10 ** (sent_db / 20))
        assert abs(active_level_dbfs(shape(sent, 16_000, 8000, 0.0, AIM_DBFS), 8000) - AIM_DBFS - heard_db) < 0.4


def test_a_word_too_short_to_be_measured_keeps_its_level() -> None:
    sent = tone(0.3, amplitude=0.3)
    kept = shape(sent, 16_000, 8000, 0.0, AIM_DBFS)
    assert int(np.abs(kept.astype(np.int32)).max()) > 9500
