"""A Whisper model on CTranslate2: sound to encoder states, states to texts, and how well given texts fit the states.

Holds the weights and the tokenizer, no policy: what to retry, refuse or clean is decided by whoever calls. Every
method may be called from any thread; CTranslate2 releases the interpreter's lock while it computes. The same input
always gives the same output.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from voicebot.asr.base import RecognitionError
from voicebot.asr.features import Spectrogram

FRAME_S = 0.02
"""Duration of one encoder frame."""
_MEDIAN_WIDTH = 7


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoded text: its tokens, the mean log probability of a token, and the end of text counted."""

    tokens: tuple[int, ...]
    text: str
    mean_log_prob: float
    no_speech: float


@dataclass(frozen=True, slots=True)
class Fit:
    """How a given text fits the sound: the log probability of each token, and the encoder frame where each begins.

    ``starts`` has one more entry than there are tokens: the end of the last.
    """

    log_probs: npt.NDArray[np.float32]
    starts: tuple[int, ...]

    @property
    def total(self) -> float:
        """The log probability of the whole text."""
        return float(self.log_probs.sum())


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to decode: the width of the beam, the length allowed, and what must not be repeated."""

    beam: int = 1
    hypotheses: int = 1
    max_tokens: int = 200
    no_repeat_ngram: int = 0


class WhisperModel:
    """The model in ``folder`` (model.bin, config.json, tokenizer.json, vocabulary), in 8-bit integers."""

    def __init__(self, folder: Path, threads: int, workers: int) -> None:
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=workers
            )
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both libraries raise bare RuntimeError or Exception
            raise RecognitionError(
                f"the Whisper model in {folder} cannot be loaded ({error}); run: voicebot models verify"
            ) from error
        self._end = self._special("<|endoftext|>")
        self._languages: dict[str, tuple[int, ...]] = {}

    @property
    def bands(self) -> int:
        """The number of mel bands the model was trained with."""
        return int(self._model.n_mels)

    def encode(self, features: Spectrogram) -> npt.NDArray[np.float32]:
        """Return the encoder's states for ``features``, shape [1, frames, width]."""
        view = ctranslate2.StorageView.from_array(features[None])
        return np.array(self._model.encode(view, to_cpu=True))

    def decode(
        self, states: npt.NDArray[np.float32], language: str, how: Decoding, prompt: Sequence[int] = ()
    ) -> tuple[Hypothesis, ...]:
        """Return the texts heard in ``states``, best first. ``prompt`` is text said to precede, as tokens."""
        start = list(self._start(language))
        if prompt:
            start = [self._special("<|startofprev|>"), *prompt, *start]
        result = self._model.generate(
            ctranslate2.StorageView.from_array(states),
            [start],
            beam_size=how.beam,
            num_hypotheses=how.hypotheses,
            max_length=min(448, len(start) + how.max_tokens),
            no_repeat_ngram_size=how.no_repeat_ngram,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        found = []
        for tokens, score in zip(result.sequences_ids, result.scores, strict=True):
            mean = score * len(tokens) / (len(tokens) + 1)
            found.append(Hypothesis(tuple(tokens), self.text(tokens), mean, result.no_speech_prob))
        return tuple(found)

    def fit(
        self, states: npt.NDArray[np.float32], language: str, texts: Sequence[Sequence[int]], frames: int
    ) -> tuple[Fit, ...]:
        """Return how each of ``texts`` (tokens) fits ``states``; ``frames`` encoder frames hold sound, not padding."""
        if not texts:
            return ()
        repeated = np.ascontiguousarray(np.repeat(states, len(texts), axis=0))
        aligned = self._model.align(
            ctranslate2.StorageView.from_array(repeated),
            list(self._start(language)[:3]),
            [list(tokens) for tokens in texts],
            [max(2, min(frames, states.shape[1])) * 2] * len(texts),
            median_filter_width=_MEDIAN_WIDTH,
        )
        return tuple(_fit(result, len(tokens)) for result, tokens in zip(aligned, texts, strict=True))

    def tokens(self, text: str) -> tuple[int, ...]:
        """Return the tokens of ``text``, written as Whisper does after a pause: with a leading space."""
        return tuple(self._tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids)

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of ``tokens``."""
        return str(self._tokenizer.decode(list(tokens))).strip()

    def words(self, tokens: Sequence[int]) -> tuple[tuple[int, int], ...]:
        """Return the half-open token ranges of the words of a text."""
        starts = [
            position
            for position, token in enumerate(tokens)
            if position == 0 or (self._tokenizer.id_to_token(token) or "").startswith("Ġ")
        ]
        return tuple(zip(starts, [*starts[1:], len(tokens)], strict=True))

    def _special(self, name: str) -> int:
        token = self._tokenizer.token_to_id(name)
        if token is None:
            raise RecognitionError(f"the Whisper model has no token {name}: it is not a multilingual Whisper")
        return int(token)

    def _start(self, language: str) -> tuple[int, ...]:
        if language not in self._languages:
            names = ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>")
            self._languages[language] = tuple(self._special(name) for name in names)
        return self._languages[language]


def _fit(result: "ctranslate2.models.WhisperAlignmentResult", tokens: int) -> Fit:
    starts = [0] * (tokens + 1)
    seen = -1
    for token, frame in result.alignments:
        if token > seen:
            for passed in range(seen + 1, min(token, tokens) + 1):
                starts[passed] = frame
            seen = token
    for missing in range(seen + 1, tokens + 1):
        starts[missing] = starts[max(0, seen)]
    log_probs = np.log(np.maximum(np.asarray(result.text_token_probs, dtype=np.float32), 1e-10))
    return Fit(log_probs, tuple(starts))
