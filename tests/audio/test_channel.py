"""The simulated line does to a voice what it says it does, the same each time."""

import numpy as np
import pytest

from tests.audio.sounds import mix, say, tone, with_silence
from voicebot.audio.channel import Channel
from voicebot.audio.frames import level_dbfs, silence
from voicebot.audio.level import active_level_dbfs

SENTENCE = "Bonjour, je voudrais prendre rendez-vous pour les encombrants."


def test_the_same_seed_gives_the_same_line_and_another_seed_another() -> None:
    speech = say(SENTENCE, 16000)
    channel = Channel(snr_db=10, loss=0.05, seed=3)
    assert np.array_equal(channel.apply(speech, 16000), channel.apply(speech, 16000))
    assert not np.array_equal(channel.apply(speech, 16000), Channel(10, 0.05, seed=4).apply(speech, 16000))


@pytest.mark.parametrize("noise", ["white", "pink", "babble"])
@pytest.mark.parametrize("snr_db", [20.0, 10.0])
def test_the_noise_is_as_far_below_the_speech_as_asked(noise: str, snr_db: float) -> None:
    line = Channel(snr_db=snr_db, level_dbfs=-22, codec="none", seed=1, noise=noise)  # type: ignore[arg-type]
    speech = with_silence(say(SENTENCE, 8000), 0, 0, 8000)
    clean = Channel(snr_db=None, level_dbfs=-22, codec="none").apply(speech, 8000)
    added = line.apply(speech, 8000).astype(int) - clean
    assert active_level_dbfs(clean, 8000) == pytest.approx(-22, abs=0.4)
    assert level_dbfs(np.clip(added, -32768, 32767).astype(np.int16)) == pytest.approx(-22 - snr_db, abs=0.3)


def test_only_the_telephone_band_passes() -> None:
    line = Channel(snr_db=None, level_dbfs=None, codec="none")
    for hz, passes in ((100, False), (400, True), (1000, True), (3300, True), (3800, False)):
        level = level_dbfs(line.apply(tone(hz, 1.0, 16000), 16000)[800:-800])
        assert (level > -21) if passes else (level < -60), hz


def test_the_sound_comes_out_at_eight_kilohertz_with_its_duration() -> None:
    for rate_hz in (8000, 16000, 24000, 44100):
        speech = tone(440, 1.0, rate_hz)
        assert Channel().apply(speech, rate_hz).size == pytest.approx(8000, abs=1)


def test_packets_are_lost_in_the_share_asked_for_and_concealed() -> None:
    speech = np.tile(say(SENTENCE, 8000), 10)
    whole = Channel(snr_db=None).apply(speech, 8000)
    lossy = Channel(snr_db=None, loss=0.1, seed=2).apply(speech, 8000)
    frames = whole.size // 160
    changed = np.any((whole != lossy)[: frames * 160].reshape(frames, 160), axis=1)
    assert changed.mean() == pytest.approx(0.1, abs=0.025)
    assert level_dbfs(lossy) == pytest.approx(level_dbfs(whole), abs=1.0)


def test_a_silent_caller_still_has_a_noisy_room() -> None:
    line = Channel(snr_db=20, level_dbfs=-22).apply(silence(16000), 8000)
    assert level_dbfs(line) == pytest.approx(-42, abs=1)


def test_the_codec_is_the_only_loss_of_a_clean_line() -> None:
    speech = mix(tone(500, 1.0, 8000, -25), tone(1500, 1.0, 8000, -25))
    plain = Channel(snr_db=None, level_dbfs=None, codec="none").apply(speech, 8000).astype(float)
    for codec in ("alaw", "ulaw"):
        coded = Channel(snr_db=None, level_dbfs=None, codec=codec).apply(speech, 8000)
        snr_db = 10 * np.log10(np.mean(plain**2) / np.mean((coded - plain) ** 2))
        assert 34 < snr_db < 42


def test_nothing_gives_nothing() -> None:
    assert Channel().apply(silence(0), 8000).size == 0


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="loss"):
        Channel(loss=1.5)
    with pytest.raises(ValueError, match="codec"):
        Channel(codec="opus")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="noise"):
        Channel(noise="pub")  # type: ignore[arg-type]
