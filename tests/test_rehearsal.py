"""Scripts and recordings given a voice: turns, where speech truly ends, what cannot be used."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.calls.company import ToneVoice, speech
from voicebot.audio.frames import AudioError
from voicebot.audio.wav import write_wav
from voicebot.rehearsal import from_wav, give_voice, rehearse, speech_end
from voicebot.telephony.base import TransferResult
from voicebot.telephony.script import ScriptError, parse_script

SILENCE = np.zeros(8000, dtype=np.int16)


def test_a_recording_is_cut_into_turns_at_its_long_silences(tmp_path: Path) -> None:
    path = tmp_path / "caller.wav"
    one, two = speech(1.0), speech(1.5)
    write_wav(path, np.concatenate([one, *[SILENCE] * 3, two, SILENCE]), 8000)
    turns = from_wav(path).caller.turns
    lengths = [turn.pcm.size / 8000 for turn in turns if turn.pcm is not None]
    assert len(lengths) == 2
    assert lengths[0] == pytest.approx(1.3, abs=0.15)
    assert lengths[1] == pytest.approx(1.8, abs=0.35)


def test_a_short_pause_does_not_cut_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "caller.wav"
    write_wav(path, np.concatenate([speech(1.0), SILENCE, speech(1.0)]), 8000)
    assert len(from_wav(path).caller.turns) == 1


def test_a_silent_recording_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    write_wav(path, SILENCE, 8000)
    with pytest.raises(AudioError, match="holds no speech"):
        from_wav(path)


def test_the_same_recording_gives_the_same_call_identity(tmp_path: Path) -> None:
    path = tmp_path / "caller.wav"
    write_wav(path, speech(1.0), 8000)
    assert from_wav(path).script.digest == from_wav(path).script.digest


def test_speech_ends_before_the_silence_that_follows_it() -> None:
    pcm = np.concatenate([speech(1.0), SILENCE])
    assert speech_end(pcm, 8000) == pytest.approx(8000, abs=400)
    assert speech_end(np.zeros(0, dtype=np.int16), 8000) == 0


def test_what_a_script_says_is_spoken_through_the_telephone_channel(tmp_path: Path) -> None:
    document = {"advisers": "busy", "turns": [{"say": "bonjour madame", "barge_in_s": 1.5}, {"silence_s": 7}]}
    script = parse_script(document, source="x", folder=tmp_path)
    caller = asyncio.run(give_voice(script, ToneVoice())).caller
    assert caller.advisers == (TransferResult.BUSY,)
    assert caller.turns[0].pcm is not None
    assert caller.turns[0].barge_in_s == 1.5
    assert 0 < caller.turns[0].speech_samples <= caller.turns[0].pcm.size
    assert caller.turns[1].silence_s == 7


def test_a_wav_of_a_script_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not a wav")
    (tmp_path / "call.toml").write_text('[[turns]]\nwav = "bad.wav"\n', encoding="utf-8")
    with pytest.raises(AudioError, match=r"bad\.wav"):
        asyncio.run(rehearse(tmp_path / "call.toml", ToneVoice()))


def test_a_missing_script_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        asyncio.run(rehearse(tmp_path / "none.toml", ToneVoice()))
