"""Voice is told from noise, near from far, steady from living."""

import numpy as np
import pytest

from tests.audio.sounds import mix, noise, say, tone, with_silence
from voicebot.audio.frames import Pcm, frame_samples, silence
from voicebot.audio.settings import VadSettings
from voicebot.audio.vad import Vad, Voice

SENTENCE = "Bonjour, je voudrais savoir quand passent les poubelles à Deauville."


def hear(vad: Vad, pcm: Pcm, rate_hz: int = 8000) -> list[Voice]:
    size = frame_samples(rate_hz)
    return [vad.feed(pcm[at : at + size]) for at in range(0, pcm.size - size + 1, size)]


def share(voices: list[Voice]) -> float:
    return sum(voice.speech for voice in voices) / len(voices)


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("level_dbfs", [-14.0, -26.0, -38.0])
def test_speech_is_heard_at_every_telephone_level(rate_hz: int, level_dbfs: float) -> None:
    vad = Vad(rate_hz)
    hear(vad, silence(rate_hz), rate_hz)
    voices = hear(vad, say(SENTENCE, rate_hz, level_dbfs), rate_hz)
    assert share(voices) > 0.5
    assert sum(voice.voiced for voice in voices) > 0.3 * len(voices)


@pytest.mark.parametrize("level_dbfs", [-60.0, -45.0, -30.0])
def test_steady_noise_is_not_voice_once_it_is_known(level_dbfs: float) -> None:
    vad = Vad(8000)
    voices = hear(vad, noise(8 * 8000, level_dbfs, seed=2))
    assert share(voices[200:]) < 0.01


def test_the_floor_follows_the_noise_up_within_its_window_and_down_at_once() -> None:
    vad = Vad(8000)
    hear(vad, noise(4 * 8000, -50, seed=1))
    assert vad.floor_dbfs == pytest.approx(-50, abs=3)
    hear(vad, noise(5 * 8000, -35, seed=2))
    assert vad.floor_dbfs == pytest.approx(-35, abs=3)
    hear(vad, noise(8000 // 5, -60, seed=3))
    assert vad.floor_dbfs < -55


def test_one_lost_packet_does_not_drag_the_floor_down() -> None:
    vad = Vad(8000)
    hear(vad, noise(4 * 8000, -40, seed=1))
    before = vad.floor_dbfs
    vad.feed(silence(160))
    assert before - vad.floor_dbfs < 5


def test_the_hangover_of_the_detector_does_not_outlive_the_speech() -> None:
    vad = Vad(8000)
    pcm = with_silence(say("Touques", 8000), 0.5, 0.5, 8000)
    voices = hear(vad, pcm)
    last = max(i for i, voice in enumerate(voices) if voice.speech)
    assert (last + 1) * 0.02 <= pcm.size / 8000 - 0.5 + 0.04


def test_people_talking_far_behind_the_caller_are_not_the_caller() -> None:
    vad = Vad(8000)
    near = say(SENTENCE, 8000, level_dbfs=-16)
    far = [say(SENTENCE, 8000, -47, pitch) for pitch in (0.8, 1.3, 1.0, 1.6, 0.9, 0.7)]
    crowd = mix(*(np.roll(np.resize(clip, 5 * 8000), 3000 * i) for i, clip in enumerate(far)))
    hear(vad, np.concatenate([crowd, near, crowd]))
    assert share(hear(vad, crowd)) < 0.05


def test_sustained_music_stops_counting_as_voice() -> None:
    vad = Vad(8000, VadSettings(stuck_s=4.0))
    chord = mix(*(tone(hz, 16.0, 8000, -30) for hz in (262, 330, 392, 523)))
    times = np.arange(chord.size) / 8000
    tremolo = (chord * (0.8 + 0.2 * np.sin(2 * np.pi * 5 * times))).astype(np.int16)
    voices = hear(vad, tremolo)
    assert share(voices[300:]) < 0.05


def test_clicks_are_not_voiced() -> None:
    vad = Vad(8000)
    pcm = silence(8000)
    pcm[4000:4030] = noise(30, -6, seed=9)
    voices = hear(vad, pcm)
    assert sum(voice.speech for voice in voices) <= 2
    assert not any(voice.voiced for voice in voices)


def test_a_rate_webrtc_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        Vad(44100)


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="aggressiveness"):
        VadSettings(aggressiveness=4)
