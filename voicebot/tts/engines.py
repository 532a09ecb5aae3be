"""Which voice speaks: settings and installed models in, a loaded ``Voice`` out. Loading blocks: do it in a thread.

Importing this module imports no engine; only the engine chosen is imported, when it is loaded.
"""

import logging
import tomllib
from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np

from voicebot.audio.frames import LINE_HZ, SILENCE_DBFS, silence
from voicebot.audio.level import active_level_dbfs
from voicebot.audio.resample import resample
from voicebot.effort import Tally, thread_named
from voicebot.tts.base import SynthesisError
from voicebot.tts.cache import CachedVoice, PromptCache
from voicebot.tts.engine import Engine
from voicebot.tts.normalise import LexiconError, Normaliser, load_lexicon
from voicebot.tts.settings import TtsSettings
from voicebot.tts.shaping import to_pcm, trim
from voicebot.tts.speaking import Pace, SpokenVoice
from voicebot.tts.worker import Stop

log = logging.getLogger(__name__)

KOKORO_MODEL = "kokoro-82m-int8"
KOKORO_FRENCH = "kokoro-voice-ff-siwis"
CALLER_STYLES = "kokoro-caller-voices"
PIPER_FRENCH = "piper-fr-"
_PREFERRED_PIPER = "piper-fr-siwis-medium"
_FRENCH_STYLE = "ff_siwis"
_TARGET_DBFS = -20.0
_MB = 1_000_000


def load_voice(
    settings: TtsSettings,
    models_dir: Path,
    cache_dir: Path | None,
    tally: Tally | None = None,
    pressed: Callable[[], bool] = lambda: False,
) -> CachedVoice:
    """Load the voice of the assistant, with its prompt cache in ``cache_dir`` (``None``: in memory alone).

    ``tally`` counts what is synthesised; while ``pressed``, what can wait does. With engine ``auto``: a French Piper
    voice if one is installed, else Kokoro, else Pico; one that does not load is told in the log and the next is taken.
    A named engine is that one or an error.

    Raises:
        SynthesisError: the engine or its model is missing or does not load; the message says what to run.
    """
    return CachedVoice(
        load_spoken(settings, models_dir, tally, pressed), PromptCache(cache_dir, settings.cache_mb * _MB)
    )


def load_spoken(
    settings: TtsSettings,
    models_dir: Path,
    tally: Tally | None = None,
    pressed: Callable[[], bool] = lambda: False,
) -> SpokenVoice:
    """Load the voice of the assistant without its prompt cache: everything is synthesised. See ``load_voice``.

    Raises:
        SynthesisError: as for ``load_voice``.
    """
    with thread_named("tts"):
        engine = _automatic(settings, models_dir) if settings.engine == "auto" else _named(settings, models_dir)
    return _spoken(engine, settings, tally, pressed)


def load_caller_voice(name: str, models_dir: Path, threads: int = 2) -> SpokenVoice:
    """Load a voice for the callers of tests and scripts: ``pico``, a Kokoro style (``af_heart``...) or a mix of some.

    ``ff_siwis+bm_george`` is the mean of two styles: another person, with the accent of neither.

    Raises:
        SynthesisError: there is no such voice, or a model is missing; the message says which there are, or what to run.
    """
    settings = TtsSettings(threads=threads)
    if name == "pico":
        return _spoken(_pico(), settings)
    styles = [_style_file(part, models_dir) for part in name.split("+")]
    found = [style for style in styles if style is not None]
    if len(found) < len(styles):
        known = ", ".join(caller_voices(models_dir))
        raise SynthesisError(f"no caller's voice {name!r}; there are {known}, more with {_install(CALLER_STYLES)}")
    return _spoken(_kokoro(models_dir, threads, *found), settings)


def caller_voices(models_dir: Path) -> tuple[str, ...]:
    """Return the names ``load_caller_voice`` takes, of what is installed."""
    if not (models_dir / KOKORO_MODEL / "model.onnx").is_file():
        return ("pico",)
    return ("pico", *sorted(file.stem for file in (models_dir / CALLER_STYLES).glob("*.bin")))


def installed_engines(models_dir: Path) -> tuple[str, ...]:
    """Return the engines that ``auto`` would try, best first."""
    engines: list[str] = []
    if _french_pipers(models_dir):
        engines.append("piper")
    if (models_dir / KOKORO_MODEL / "model.onnx").is_file() and _style_file(_FRENCH_STYLE, models_dir) is not None:
        engines.append("kokoro")
    return (*engines, "pico")


def _automatic(settings: TtsSettings, models_dir: Path) -> Engine:
    loaders: list[Callable[[], Engine]] = [partial(_piper, folder) for folder in _french_pipers(models_dir)]
    if "kokoro" in installed_engines(models_dir):
        style = _style_file(_FRENCH_STYLE, models_dir)
        assert style is not None  # noqa: S101 (installed_engines found it)
        loaders.append(partial(_kokoro, models_dir, settings.threads, style))
    loaders.append(_pico)
    for loader in loaders[:-1]:
        try:
            return loader()
        except SynthesisError as error:
            log.warning("%s; the next voice is taken", error)
    return loaders[-1]()


def _named(settings: TtsSettings, models_dir: Path) -> Engine:
    if settings.engine == "pico":
        return _pico()
    if settings.engine == "kokoro":
        name = settings.voice or _FRENCH_STYLE
        style = _style_file(name, models_dir)
        if style is None:
            model = KOKORO_FRENCH if name == _FRENCH_STYLE else CALLER_STYLES
            raise SynthesisError(f"the Kokoro voice {name!r} is not installed; run: {_install(model)}")
        return _kokoro(models_dir, settings.threads, style)
    if settings.voice:
        return _piper(models_dir / settings.voice)
    found = _french_pipers(models_dir)
    if not found:
        raise SynthesisError(f"no French Piper voice is installed; run: {_install(_PREFERRED_PIPER)}")
    return _piper(found[0])


def _french_pipers(models_dir: Path) -> list[Path]:
    folders = [folder for folder in models_dir.glob(f"{PIPER_FRENCH}*") if any(folder.glob("*.onnx"))]
    return sorted(folders, key=lambda folder: (folder.name != _PREFERRED_PIPER, folder.name))


def _style_file(name: str, models_dir: Path) -> Path | None:
    folders = (KOKORO_FRENCH, CALLER_STYLES)
    # a name is not a path: "../x" is nobody's voice
    found = [file for folder in folders for file in (models_dir / folder).glob("*.bin") if file.stem == name]
    return found[0] if found else None


def _pico() -> Engine:
    from voicebot.tts.pico import Pico

    try:
        return Pico()
    except ImportError as error:
        raise SynthesisError(f"Pico does not load ({error}); run: pip install py-nanotts") from error


def _kokoro(models_dir: Path, threads: int, *styles: Path) -> Engine:
    from voicebot.tts.kokoro import Kokoro, shared_model

    folder = models_dir / KOKORO_MODEL
    for file in ("model.onnx", "vocab.json"):
        if not (folder / file).is_file():
            raise SynthesisError(f"the voice model {KOKORO_MODEL} is not installed; run: {_install(KOKORO_MODEL)}")
    try:
        return Kokoro(shared_model(folder, threads), *styles)
    except Exception as error:
        # onnxruntime raises its own family of exceptions for a damaged file
        repair = f"run: voicebot models verify, then {_install(KOKORO_MODEL)}"
        raise SynthesisError(f"the voice model {KOKORO_MODEL} does not load ({error}); {repair}") from error


def _piper(folder: Path) -> Engine:
    from voicebot.tts.piper import Piper

    if not folder.is_dir():
        raise SynthesisError(f"the Piper voice {folder.name} is not installed; run: {_install(folder.name)}")
    try:
        return Piper(folder)
    except Exception as error:
        repair = f"run: voicebot models verify, then {_install(folder.name)}"
        raise SynthesisError(f"the Piper voice {folder.name} does not load ({error}); {repair}") from error


def _install(model: str) -> str:
    return f"voicebot models install {model}"


def _spoken(
    engine: Engine, settings: TtsSettings, tally: Tally | None = None, pressed: Callable[[], bool] = lambda: False
) -> SpokenVoice:
    try:
        normaliser = Normaliser(load_lexicon(settings.lexicon))
    except LexiconError as error:
        raise SynthesisError(str(error)) from error
    pace = Pace(settings.speed, settings.level_dbfs)
    return SpokenVoice(engine, normaliser, _gain_db(engine), pace, tally, pressed)


def _gain_db(engine: Engine) -> float:
    """Return the gain that brings ``engine`` to -20 dBFS: known for the usual voices, measured for the others."""
    data = tomllib.loads(resources.files("voicebot.tts").joinpath("voices.toml").read_text(encoding="utf-8"))
    known = data["gain_db"].get(engine.name)
    if known is not None:
        return float(known)
    language = str(getattr(engine, "language", "fr"))
    sentences: list[str] = data["calibration"].get(language, data["calibration"]["en"])
    return measured_gain_db(engine, sentences, language)


def measured_gain_db(engine: Engine, sentences: list[str], language: str) -> float:
    """Return the gain, in dB, that brings what ``engine`` says of ``sentences`` to -20 dBFS of active level at 8 kHz.

    Raises:
        SynthesisError: the engine fails or gives no sound.
    """
    try:
        parts = [engine.synthesise(sentence, 1.0, language, Stop()) for sentence in sentences]
    except Exception as error:
        raise SynthesisError(f"the voice {engine.name} does not speak ({error}); choose another") from error
    spoken = [resample(to_pcm(trim(part, engine.rate_hz)), engine.rate_hz, LINE_HZ) for part in parts]
    sound = np.concatenate(spoken or [silence(0)])
    level = active_level_dbfs(sound, LINE_HZ)
    if level <= SILENCE_DBFS:
        raise SynthesisError(f"the voice {engine.name} gives no sound; choose another")
    return round(_TARGET_DBFS - level, 1)
