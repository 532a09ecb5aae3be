"""The real engines, and which one is chosen."""

import asyncio
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from voicebot.audio.frames import Pcm
from voicebot.audio.level import active_level_dbfs
from voicebot.tts.base import Manner, SynthesisError, Voice
from voicebot.tts.engines import caller_voices, installed_engines, load_caller_voice, load_voice
from voicebot.tts.kokoro import Kokoro, KokoroModel
from voicebot.tts.settings import TtsSettings
from voicebot.tts.speaking import whole
from voicebot.tts.worker import Stop

JOE = "piper-en-joe-medium"
KOKORO = "kokoro-82m-int8"


def say(voice: Voice, *asked: tuple[str, Manner], rate_hz: int = 8000) -> list[Pcm]:
    async def scenario() -> list[Pcm]:
        sounds = [await whole(voice.speak(text, rate_hz, manner)) for text, manner in asked]
        await voice.close()
        return sounds

    return asyncio.run(scenario())


def linked(folder: Path, models_dir: Path, *models: str) -> Path:
    for model in models:
        assert (models_dir / model).is_dir(), f"run: voicebot models install {model}"
        (folder / model).symlink_to(models_dir / model, target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def model(models_dir: Path) -> KokoroModel:
    assert (models_dir / KOKORO).is_dir(), f"run: voicebot models install {KOKORO}"
    return KokoroModel(models_dir / KOKORO, threads=2)


@pytest.fixture(scope="module")
def sophie(model: KokoroModel, models_dir: Path) -> Kokoro:
    return Kokoro(model, models_dir / "kokoro-voice-ff-siwis" / "ff_siwis.bin")


def test_importing_the_package_imports_no_engine() -> None:
    code = (
        "import sys, voicebot.tts.engines; print([m for m in sys.modules if m in ('onnxruntime','piper','py_nanotts')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"


def test_kokoro_speaks_french_then_english_at_one_level(models_dir: Path) -> None:
    voice = load_voice(TtsSettings(engine="kokoro"), models_dir, None)
    assert voice.name == "kokoro/ff_siwis"
    french, english = say(voice, ("C'est noté, bonne journée.", Manner()), ("Good morning.", Manner(language="en")))
    assert 1.2 < french.size / 8000 < 3.0
    assert 0.5 < english.size / 8000 < 2.0
    assert abs(active_level_dbfs(french, 8000) + 20.0) < 2.5


def test_kokoro_gives_the_same_samples_for_the_same_text(sophie: Kokoro) -> None:
    sounds = [sophie.synthesise("Oui.", 1.0, "fr", Stop()) for _ in range(2)]
    np.testing.assert_array_equal(sounds[0], sounds[1])


def test_kokoro_stops_when_told(sophie: Kokoro) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Exception, match=r"(?i)terminat"):
        sophie.synthesise("Une phrase dont personne ne veut plus.", 1.0, "fr", stop)


def test_kokoro_takes_a_clause_longer_than_its_window(model: KokoroModel) -> None:
    runs = model.tokens("la commune et le bac " * 60, "fr")
    assert len(runs) > 1
    assert all(0 < len(run) <= 500 for run in runs)


def test_kokoro_says_nothing_of_a_text_without_sound(sophie: Kokoro) -> None:
    assert sophie.synthesise("...", 1.0, "fr", Stop()).size == 0


def test_piper_speaks_at_the_level_measured_when_it_was_loaded(models_dir: Path) -> None:
    assert (models_dir / JOE).is_dir(), f"run: voicebot models install {JOE}"
    voice = load_voice(TtsSettings(engine="piper", voice=JOE), models_dir, None)
    assert voice.name == f"piper/{JOE}"
    text = "The recycling centre is open from Monday to Saturday. Thank you for your call."
    english = Manner(language="en")
    normal, slow = say(voice, (text, english), (text, Manner(speed=0.7, language="en")))
    assert abs(active_level_dbfs(normal, 8000) + 20.0) < 2.0
    assert slow.size > 1.2 * normal.size


def test_a_french_piper_is_preferred_then_kokoro_then_pico(models_dir: Path, tmp_path: Path) -> None:
    assert installed_engines(tmp_path) == ("pico",)
    linked(tmp_path, models_dir, KOKORO, "kokoro-voice-ff-siwis")
    assert installed_engines(tmp_path) == ("kokoro", "pico")
    # the English test voice stands for a French one: the choice looks at the folder's name
    (tmp_path / "piper-fr-test-medium").symlink_to(models_dir / JOE, target_is_directory=True)
    assert installed_engines(tmp_path) == ("piper", "kokoro", "pico")
    voice = load_voice(TtsSettings(), tmp_path, None)
    assert voice.name == "piper/piper-fr-test-medium"
    asyncio.run(voice.close())


def test_without_any_model_pico_speaks(tmp_path: Path) -> None:
    voice = load_voice(TtsSettings(), tmp_path, None)
    assert voice.name == "pico/fr-FR"
    french, english = say(voice, ("Bonjour.", Manner()), ("Good morning.", Manner(language="en")), rate_hz=16_000)
    assert french.size > 8000
    assert english.size > 8000


def test_a_broken_model_is_told_and_the_next_voice_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = tmp_path / "piper-fr-siwis-medium"
    broken.mkdir()
    (broken / "voice.onnx").write_bytes(b"not a model")
    (broken / "voice.onnx.json").write_text("{}")
    with caplog.at_level(logging.WARNING):
        voice = load_voice(TtsSettings(), tmp_path, None)
    assert voice.name == "pico/fr-FR"
    assert "voicebot models install piper-fr-siwis-medium" in caplog.text
    asyncio.run(voice.close())


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        (TtsSettings(engine="kokoro"), "voicebot models install kokoro-voice-ff-siwis"),
        (TtsSettings(engine="kokoro", voice="af_heart"), "voicebot models install kokoro-caller-voices"),
        (TtsSettings(engine="piper"), "voicebot models install piper-fr-siwis-medium"),
        (TtsSettings(engine="piper", voice="piper-fr-tom-medium"), "voicebot models install piper-fr-tom-medium"),
    ],
)
def test_a_missing_model_is_told_with_the_command_to_run(tmp_path: Path, settings: TtsSettings, command: str) -> None:
    with pytest.raises(SynthesisError, match=command):
        load_voice(settings, tmp_path, None)


def test_a_style_without_its_network_is_told(tmp_path: Path, models_dir: Path) -> None:
    linked(tmp_path, models_dir, "kokoro-voice-ff-siwis")
    with pytest.raises(SynthesisError, match="voicebot models install kokoro-82m-int8"):
        load_voice(TtsSettings(engine="kokoro"), tmp_path, None)


def test_a_wrong_lexicon_is_told(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match=r"none\.toml"):
        load_voice(TtsSettings(engine="pico", lexicon=tmp_path / "none.toml"), tmp_path, None)


def test_callers_have_other_voices(models_dir: Path) -> None:
    assert {"pico", "af_heart", "bm_george"} <= set(caller_voices(models_dir))
    (sound,) = say(load_caller_voice("bm_george", models_dir), ("À Touques.", Manner()))
    assert abs(active_level_dbfs(sound, 8000) + 20.0) < 3.0


@pytest.mark.parametrize("name", ["nobody", "../kokoro-voice-ff-siwis/ff_siwis", ""])
def test_an_unknown_caller_is_told(models_dir: Path, name: str) -> None:
    with pytest.raises(SynthesisError, match="no caller's voice"):
        load_caller_voice(name, models_dir)


@pytest.mark.parametrize(
    "wrong",
    [{"engine": "festival"}, {"voice": "x"}, {"speed": 3.0}, {"level_dbfs": 0.0}, {"threads": 0}, {"cache_mb": -1}],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|needs"):
        TtsSettings(**wrong)  # type: ignore[arg-type]
