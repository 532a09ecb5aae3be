"""Kokoro-82M (StyleTTS 2, Apache-2.0) in int8, run by onnxruntime on espeak-ng phonemes. 24 kHz.

Two shared cores: 0.34 x real time with two threads, 0.56 with one; spinning threads cost a fifth more processor time
for nothing, and a dynamic block base gives the last few hundredths. The same text always gives the same samples.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from voicebot.espeak import phonemize
from voicebot.tts.clauses import Strides
from voicebot.tts.engine import fingerprint, package_version
from voicebot.tts.shaping import Samples
from voicebot.tts.worker import Stop

RATE_HZ = 24_000
_STYLE_SIZE = 256
_MOST_TOKENS = 500
_LONG_RUN = 48
"""Beyond so many tokens what a run worked in is given back at its end: the arena otherwise keeps for good what the
longest clause took (110 MB for 25 tokens, 250 MB for 120). Taking it again costs 30 ms, felt in a short first clause.
"""
_SPACE = " "
_ESPEAK_VOICES = {"en": "en-us"}


class KokoroModel:
    """The network and its vocabulary, which any number of voices (styles) share."""

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.dynamic_block_base", "4")
        model = folder / "model.onnx"
        self._session: Any = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._tokens_name: str = self._session.get_inputs()[0].name
        self._run_options = onnxruntime.RunOptions
        vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._vocabulary: dict[str, int] = vocabulary.get("vocab", vocabulary)
        self.version = f"{fingerprint(model, folder / 'vocab.json')}+piper-tts-{package_version('piper-tts')}"

    def tokens(self, text: str, language: str) -> list[list[int]]:
        """Return the tokens of ``text``, in runs the network can take, cut at a space."""
        sentences = phonemize(text, _ESPEAK_VOICES.get(language, language))
        phonemes = _SPACE.join("".join(sentence) for sentence in sentences)
        # espeak marks some liaisons with a hyphen, which the network was never taught
        known = [symbol for symbol in phonemes if symbol in self._vocabulary]
        return [[self._vocabulary[symbol] for symbol in run] for run in _runs(known)]

    def run(self, tokens: list[int], style: Samples, speed: float, stop: Stop) -> Samples:
        """Return the sound of one run of tokens. Stopped, it raises within some tens of milliseconds."""
        options = self._run_options()
        if len(tokens) > _LONG_RUN:
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        stop.on_set(lambda: setattr(options, "terminate", True))
        inputs = {
            self._tokens_name: np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style[min(len(tokens), len(style) - 1)][None, :],
            "speed": np.array([speed], dtype=np.float32),
        }
        return np.asarray(self._session.run(None, inputs, options)[0], dtype=np.float32).reshape(-1)


@cache
def shared_model(folder: Path, threads: int) -> KokoroModel:
    """Return the network of ``folder``, loaded once a process: the assistant and all callers of a test share it."""
    return KokoroModel(folder, threads)


class Kokoro:
    """One Kokoro voice: the shared network and a style, or the mean of several.

    A mean of styles is a voice of its own: a foreign style mixed with the French one keeps its timbre and loses most of
    its accent, which gives test callers that sound like French people (recognised like them, too).
    """

    rate_hz = RATE_HZ
    spelling = "espeak"
    strides = Strides(first=5, growth=1.6)

    def __init__(self, model: KokoroModel, *style_files: Path) -> None:
        self.name = f"kokoro/{'+'.join(file.stem for file in style_files)}"
        self._model = model
        styles = [np.fromfile(file, dtype="<f4").reshape(-1, _STYLE_SIZE) for file in style_files]
        self._style: Samples = np.mean(styles, axis=0, dtype=np.float32)
        self.version = f"{model.version}+{fingerprint(*style_files)}"

    def synthesise(self, text: str, speed: float, language: str, stop: Stop) -> Samples:
        """Return the sound of a clause at 24 kHz; see ``Engine``."""
        runs = self._model.tokens(text, language)
        sounds = [self._model.run(run, self._style, speed, stop) for run in runs if run]
        return np.concatenate(sounds) if sounds else np.zeros(0, dtype=np.float32)


def _runs(symbols: list[str]) -> Iterator[list[str]]:
    while len(symbols) > _MOST_TOKENS:
        head = symbols[:_MOST_TOKENS]
        cut = len(head) - head[::-1].index(_SPACE) if _SPACE in head else len(head)
        yield symbols[:cut]
        symbols = symbols[cut:]
    if any(symbol.isalpha() for symbol in symbols):
        yield symbols
