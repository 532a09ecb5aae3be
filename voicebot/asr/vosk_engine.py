"""The Vosk engine: streaming recognition, with the expected answers as a grammar where the model allows it.

Each turn decodes as it is spoken, in blocks of fixed length so that the result does not depend on the timing of the
threads. A closed question is decoded twice at once: with the grammar of its choices, for the probabilities, and freely,
for what else the caller may have said.
"""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import vosk

from voicebot.asr.base import ChoiceScore, Hints, RecognitionError, RecognizerBusy, Transcript, Word
from voicebot.asr.settings import AsrSettings
from voicebot.asr.vosk_grammar import Grammar, choice_scores, lexical
from voicebot.asr.workers import InferencePool, wait_result
from voicebot.audio.frames import Pcm
from voicebot.audio.resample import Resampler

DEFAULT_MODEL_HZ = 16000
BLOCK_S = 0.1
UNKNOWN = "[unk]"
GRAMMAR_MARGIN = 25.0
GRAMMAR_SCALE = 8.0
"""How much less likely than free speech (log, and its spread) the best phrase of a grammar may be and still be said."""
DYNAMIC_GRAPH = ("graph/Gr.fst", "graph/HCLr.fst")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to understand a stretch of speech: its words and its log likelihood."""

    text: str
    words: tuple[Word, ...]
    likelihood: float


class _Decoder:
    """One Kaldi decoder fed block by block; used by one worker at a time."""

    def __init__(self, kaldi: Any, alternatives: int) -> None:
        kaldi.SetWords(True)
        kaldi.SetMaxAlternatives(alternatives + 1)
        self._kaldi = kaldi
        self._segments: list[tuple[_Reading, ...]] = []
        self.partial = ""

    def accept(self, block: Pcm) -> None:
        if self._kaldi.AcceptWaveform(block.tobytes()):
            self._keep(self._kaldi.Result())
            self.partial = ""
        else:
            self.partial = str(json.loads(self._kaldi.PartialResult()).get("partial", ""))

    def so_far(self) -> str:
        """Return the text up to now."""
        return " ".join(text for text in (*(segment[0].text for segment in self._segments), self.partial) if text)

    def finish(self) -> list[tuple[_Reading, ...]]:
        """Return the readings of each stretch of speech, best first."""
        self._keep(self._kaldi.FinalResult())
        return self._segments

    def _keep(self, result: str) -> None:
        readings = tuple(
            _Reading(
                text=str(entry.get("text", "")).strip(),
                words=tuple(
                    Word(str(word["word"]), float(word["start"]), float(word["end"]), 1.0)
                    for word in entry.get("result", ())
                ),
                likelihood=float(entry.get("confidence", 0.0)),
            )
            for entry in json.loads(result).get("alternatives", ())
        )
        if any(reading.text for reading in readings):
            self._segments.append(readings)


class VoskStream:
    """See ``voicebot.asr.base.Stream``; decodes in the pool while it is fed."""

    def __init__(
        self, pool: InferencePool, rate_hz: int, model_hz: int, decoders: "_Decoders", timer: Callable[[], float]
    ) -> None:
        self._pool = pool
        self._rate_hz = rate_hz
        self._block = int(BLOCK_S * model_hz)
        self._resampler = Resampler(rate_hz, model_hz)
        self._decoders = decoders
        self._timer = timer
        self._samples = 0
        self._waiting: list[Pcm] = []
        self._lock = threading.Lock()
        self._decoding = threading.Lock()
        self._scheduled: Future[None] | None = None
        self._closed = False

    @property
    def decoding(self) -> "Future[None] | None":
        """The decoding under way or waiting of what was fed, if any."""
        return self._scheduled

    def feed(self, pcm: Pcm) -> None:
        """Add sound; it is decoded as soon as a worker is free."""
        if self._closed:
            raise RecognitionError("this stream is finished; open another for the next turn")
        self._samples += len(pcm)
        converted = self._resampler.feed(pcm)
        with self._lock:
            self._waiting.append(converted.copy())
            ready = sum(len(chunk) for chunk in self._waiting) >= self._block
        if ready and (self._scheduled is None or self._scheduled.done()):
            try:
                self._scheduled = self._pool.submit(self._drain)
            except RecognizerBusy:
                self._scheduled = None  # the sound waits here; the next frame tries again

    def speculate(self) -> None:
        """Nothing to do: decoding never waits for a pause."""

    def hasten(self) -> None:
        """Nothing to hasten."""

    def resume(self) -> None:
        """Nothing to forget."""

    def partial(self) -> Transcript | None:
        """Return the text decoded so far."""
        text = self._decoders.free.so_far()
        return self._decoders.transcript(text, self._samples / self._rate_hz) if text else None

    async def speculated(self) -> Transcript | None:
        """Return the text decoded so far, at once."""
        return self.partial()

    async def finish(self) -> Transcript:
        """Return the transcript of all that was fed; see ``Stream.finish``."""
        if self._closed:
            raise RecognitionError("this stream is already finished")
        self._closed = True
        with self._lock:
            self._waiting.append(self._resampler.flush())
        return await wait_result(self._pool.submit(self._conclude))

    def cancel(self) -> None:
        """Drop the stream. Idempotent."""
        self._closed = True
        if self._scheduled is not None:
            self._scheduled.cancel()
        with self._lock:
            self._waiting.clear()

    def _drain(self, rest: bool = False) -> None:
        with self._decoding:
            with self._lock:
                sound = np.concatenate(self._waiting) if self._waiting else np.zeros(0, dtype=np.int16)
                whole = len(sound) if rest else len(sound) - len(sound) % self._block
                self._waiting = [sound[whole:]]
            began = self._timer()
            for start in range(0, whole, self._block):
                self._decoders.accept(sound[start : min(whole, start + self._block)])
            self._decoders.compute_s += self._timer() - began

    def _conclude(self) -> Transcript:
        self._drain(rest=True)
        began = self._timer()
        result = self._decoders.finish(self._samples / self._rate_hz)
        return replace(result, compute_s=self._decoders.compute_s + self._timer() - began)


class _Decoders:
    """The free decoder of a turn and, for a closed question, the one bound to its choices."""

    def __init__(self, free: _Decoder, closed: _Decoder | None, grammar: Grammar | None, name: str) -> None:
        self.free = free
        self._closed = closed
        self._grammar = grammar
        self._name = name
        self.compute_s = 0.0

    def accept(self, block: Pcm) -> None:
        self.free.accept(block)
        if self._closed is not None:
            self._closed.accept(block)

    def transcript(self, text: str, audio_s: float) -> Transcript:
        return Transcript(text, 0.5, audio_s=audio_s, compute_s=self.compute_s, engine=self._name)

    def finish(self, audio_s: float) -> Transcript:
        segments = self.free.finish()
        words = tuple(word for segment in segments for word in _with_confidence(segment))
        confidence = float(np.mean([word.confidence for word in words])) if words else 0.0
        alternatives = _unique(reading.text for reading in segments[0][1:]) if len(segments) == 1 else ()
        text = " ".join(segment[0].text for segment in segments)
        return replace(
            self.transcript(text, audio_s),
            confidence=confidence,
            words=words,
            alternatives=tuple(other for other in alternatives if other != text),
            choices=self._choices(segments),
        )

    def _choices(self, free: list[tuple[_Reading, ...]]) -> tuple[ChoiceScore, ...]:
        if self._closed is None or self._grammar is None:
            return ()
        bound = self._closed.finish()
        if not bound or not free:
            return choice_scores(self._grammar, ())
        readings: list[tuple[str, float]] = [("", _believable(bound, free))]
        for segment in bound:
            weights = _posteriors(segment)
            readings = [
                (f"{text} {reading.text}".strip(), probability * weight)
                for text, probability in readings
                for reading, weight in zip(segment, weights, strict=True)
            ]
            readings = sorted(readings, key=lambda item: -item[1])[:20]
        return choice_scores(self._grammar, readings)


class VoskRecognizer:
    """See ``voicebot.asr.base.Recognizer``."""

    streaming = True

    def __init__(self, folder: Path, pool: InferencePool, alternatives: int, timer: Callable[[], float]) -> None:
        self.name = folder.name
        self.grammar = all((folder / part).is_file() for part in DYNAMIC_GRAPH)
        self._model_hz = model_rate(folder)
        self._pool = pool
        self._alternatives = alternatives
        self._timer = timer
        self._model = _load(folder)

    def open(self, rate_hz: int, hints: Hints = Hints()) -> VoskStream:
        """Open a stream for one turn at ``rate_hz``."""
        grammar = Grammar.of(hints.choices, self._knows) if hints.choices and self.grammar else None
        closed = None
        if grammar is not None and grammar.phrases:
            phrases = [*grammar.phrases, UNKNOWN] if self._knows(UNKNOWN) else list(grammar.phrases)
            text = json.dumps(phrases, ensure_ascii=False)
            closed = _Decoder(vosk.KaldiRecognizer(self._model, float(self._model_hz), text), 9)
        free = _Decoder(vosk.KaldiRecognizer(self._model, float(self._model_hz)), self._alternatives)
        decoders = _Decoders(free, closed, grammar, self.name)
        return VoskStream(self._pool, rate_hz, self._model_hz, decoders, self._timer)

    def unknown_words(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Return the words of ``texts`` that the model cannot recognise, each once, in their order."""
        found = dict.fromkeys(word for text in texts for word in lexical(text) if not self._knows(word))
        return tuple(found)

    async def close(self) -> None:
        """Stop the workers; streams still open fail with ``RecognitionError``."""
        await self._pool.close()

    def _knows(self, word: str) -> bool:
        return bool(self._model.vosk_model_find_word(word) >= 0)


def load_vosk(folder: Path, settings: AsrSettings, timer: Callable[[], float] = time.perf_counter) -> VoskRecognizer:
    """Load the model in ``folder`` and start its workers."""
    return VoskRecognizer(
        folder, InferencePool(max(1, settings.workers), settings.queue_size), settings.alternatives, timer
    )


def model_rate(folder: Path) -> int:
    """Return the sample rate in Hz that the model in ``folder`` was trained with (``conf/mfcc.conf``)."""
    for name in ("conf/mfcc.conf", "mfcc.conf"):
        path = folder / name
        if path.is_file():
            for line in path.read_text("utf-8").splitlines():
                key, _, value = line.partition("#")[0].strip().partition("=")
                if key.strip() == "--sample-frequency":
                    return int(float(value))
    return DEFAULT_MODEL_HZ


def _load(folder: Path) -> Any:
    """Load the model without Kaldi's dither: noise drawn at random would make the same call give two transcripts."""
    vosk.SetLogLevel(-1)
    with TemporaryDirectory(prefix="voicebot-vosk-") as name:
        shadow = Path(name)
        for part in folder.iterdir():
            if part.name == "conf":
                shutil.copytree(part, shadow / "conf")
            elif part.name == "mfcc.conf":
                shutil.copy(part, shadow)
            else:
                (shadow / part.name).symlink_to(part.resolve())
        for features in (shadow / "conf" / "mfcc.conf", shadow / "mfcc.conf"):
            if features.is_file():
                features.write_text(features.read_text("utf-8").rstrip() + "\n--dither=0\n", "utf-8")
        try:
            return vosk.Model(model_path=str(shadow))
        except Exception as error:  # vosk raises a bare Exception
            raise RecognitionError(
                f"the Vosk model in {folder} cannot be loaded ({error}); run: voicebot models verify"
            ) from error


def _believable(bound: list[tuple[_Reading, ...]], free: list[tuple[_Reading, ...]]) -> float:
    """Return the probability that a phrase of the grammar was said at all, from what it costs to insist on one."""
    cost = sum(segment[0].likelihood for segment in free) - sum(segment[0].likelihood for segment in bound)
    return float(1.0 / (1.0 + np.exp(np.clip((cost - GRAMMAR_MARGIN) / GRAMMAR_SCALE, -50.0, 50.0))))


def _posteriors(readings: tuple[_Reading, ...]) -> list[float]:
    likelihoods = np.array([reading.likelihood for reading in readings])
    weights = np.exp(likelihoods - likelihoods.max())
    return [float(weight) for weight in weights / weights.sum()]


def _with_confidence(readings: tuple[_Reading, ...]) -> tuple[Word, ...]:
    """Return the best reading's words, each with the share of the readings that hear it at the same moment."""
    weights = _posteriors(readings)

    def heard(word: Word, reading: _Reading) -> bool:
        return any(w.text == word.text and w.start_s < word.end_s and word.start_s < w.end_s for w in reading.words)

    return tuple(
        replace(word, confidence=min(1.0, sum(w for w, r in zip(weights, readings, strict=True) if heard(word, r))))
        for word in readings[0].words
    )


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
