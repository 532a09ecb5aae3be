"""The engine is the configured one, found among the installed models, or the error says what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

from voicebot.asr.base import RecognitionError
from voicebot.asr.engines import choose_model, load_recognizer
from voicebot.asr.settings import AsrSettings


def _install(models_dir: Path, *ids: str) -> None:
    for model in ids:
        part = "model.bin" if model.startswith("whisper") else "am/final.mdl"
        (models_dir / model / part).parent.mkdir(parents=True)
        (models_dir / model / part).touch()


def test_auto_prefers_french_vosk_and_the_large_one(tmp_path: Path) -> None:
    _install(tmp_path, "whisper-base", "vosk-ko")
    assert choose_model(AsrSettings(), tmp_path) == ("whisper", tmp_path / "whisper-base")
    _install(tmp_path, "vosk-fr-small-0.22")
    assert choose_model(AsrSettings(), tmp_path) == ("vosk", tmp_path / "vosk-fr-small-0.22")
    _install(tmp_path, "vosk-fr-large-0.22")
    assert choose_model(AsrSettings(), tmp_path) == ("vosk", tmp_path / "vosk-fr-large-0.22")
    assert choose_model(AsrSettings(engine="whisper"), tmp_path) == ("whisper", tmp_path / "whisper-base")


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        (AsrSettings(), "whisper-base"),
        (AsrSettings(engine="whisper"), "whisper-base"),
        (AsrSettings(engine="vosk"), "vosk-fr-small-0.22"),
        (AsrSettings(model="vosk-ko"), "vosk-ko"),
    ],
)
def test_a_missing_model_says_the_command_that_installs_it(tmp_path: Path, settings: AsrSettings, model: str) -> None:
    with pytest.raises(RecognitionError, match=f"voicebot models install {model}"):
        load_recognizer(settings, tmp_path)


def test_a_model_of_the_other_engine_is_refused(tmp_path: Path) -> None:
    _install(tmp_path, "vosk-ko")
    with pytest.raises(RecognitionError, match=r"vosk model but asr\.engine is whisper"):
        choose_model(AsrSettings(engine="whisper", model="vosk-ko"), tmp_path)


def test_a_damaged_model_says_how_to_verify(tmp_path: Path) -> None:
    _install(tmp_path, "whisper-base")
    with pytest.raises(RecognitionError, match="voicebot models verify"):
        load_recognizer(AsrSettings(), tmp_path)


@pytest.mark.parametrize("bad", [{"engine": "kaldi"}, {"threads": 0}, {"workers": -1}, {"alternatives": 99}])
def test_settings_name_the_key_that_is_wrong(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(bad))}:"):
        AsrSettings(**bad)  # type: ignore[arg-type]


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, voicebot.asr.engines, voicebot.asr.base; "
        "print(sorted({'vosk', 'ctranslate2', 'tokenizers', 'onnxruntime', 'piper'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
