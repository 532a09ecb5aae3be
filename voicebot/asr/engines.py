"""Which engine listens: chosen in the configuration, found among the installed models, loaded once.

Nothing heavy is imported before a model is loaded.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from voicebot.asr.base import RecognitionError, Recognizer
from voicebot.asr.settings import AsrSettings
from voicebot.effort import Tally, thread_named

VOSK_MODELS = ("vosk-fr-large-0.22", "vosk-fr-small-0.22")
WHISPER_MODEL = "whisper-base"
MOST_WORKERS = 4


def choose_model(settings: AsrSettings, models_dir: Path) -> tuple[str, Path]:
    """Return the engine (``vosk`` or ``whisper``) and the folder of the model it would load.

    Raises:
        RecognitionError: no such model is installed; the message says how to install it.
    """
    if settings.model:
        folder = models_dir / settings.model
        engine = _engine_of(folder, settings.model)
        if settings.engine not in ("auto", engine):
            raise RecognitionError(
                f"asr.model {settings.model!r} is a {engine} model but asr.engine is {settings.engine}"
            )
        return engine, folder
    if settings.engine in ("auto", "vosk"):
        for model in VOSK_MODELS:
            if _is_vosk(models_dir / model):
                return "vosk", models_dir / model
    if settings.engine == "vosk":
        raise _missing(VOSK_MODELS[1], models_dir)
    if not _is_whisper(models_dir / WHISPER_MODEL):
        raise _missing(WHISPER_MODEL, models_dir)
    return "whisper", models_dir / WHISPER_MODEL


def load_recognizer(
    settings: AsrSettings,
    models_dir: Path,
    tally: Tally | None = None,
    hurried: Callable[[], bool] = lambda: False,
) -> Recognizer:
    """Load the recogniser that ``settings`` asks for, from the models under ``models_dir``; ``tally`` counts its work.

    While ``hurried``, an engine that can do with less work does with less.

    Raises:
        RecognitionError: the model is missing or damaged; the message says the command that repairs it.
    """
    engine, folder = choose_model(settings, models_dir)
    settings = replace(settings, workers=settings.workers or min(MOST_WORKERS, os.cpu_count() or 1))
    if engine == "vosk":
        from voicebot.asr.vosk_engine import load_vosk

        return load_vosk(folder, settings)
    # read when the library is loaded: threads that wait for each other sleep, rather than keep a core from the voice
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from voicebot.asr.whisper_engine import load_whisper

    with thread_named("asr"):
        return load_whisper(folder, settings, tally=tally, hurried=hurried)


def _is_vosk(folder: Path) -> bool:
    return (folder / "am" / "final.mdl").is_file() or (folder / "final.mdl").is_file()


def _is_whisper(folder: Path) -> bool:
    return (folder / "model.bin").is_file()


def _engine_of(folder: Path, model: str) -> str:
    if _is_vosk(folder):
        return "vosk"
    if _is_whisper(folder):
        return "whisper"
    raise _missing(model, folder.parent)


def _missing(model: str, models_dir: Path) -> RecognitionError:
    return RecognitionError(
        f"the speech recognition model {model} is not installed in {models_dir}; run: voicebot models install {model}"
    )
