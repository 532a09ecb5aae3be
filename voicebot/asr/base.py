"""What a recogniser is, for whoever drives one.

One ``Recognizer`` is loaded once and shared by every call; one ``Stream`` is opened for each caller turn. Nothing
here blocks the event loop: ``feed``, ``speculate`` and ``resume`` return at once, native inference runs in worker
threads behind a bounded queue.

The driver of a stream (``calls``) says three things: here is more sound (``feed``); the caller has paused and may have
finished (``speculate``); the caller went on (``resume``). A batch engine starts recognising at ``speculate`` and
throws the result away at ``resume``; a streaming engine may ignore both. ``finish`` gives the transcript of all that
was fed, at no cost when the speculation already covers it (only silence was fed since).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from voicebot.audio.frames import Pcm


class RecognitionError(Exception):
    """Recognition failed or is unavailable; the call goes on with keys."""


class RecognizerBusy(RecognitionError):
    """The bounded inference queue is full; try again or offer keys."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer to a closed question: its id and the ways a caller may word it."""

    id: str
    texts: tuple[str, ...]


Enough: TypeAlias = Callable[[str, float], bool]
"""Called in a worker thread with a first text, found quickly, and its confidence; True: no better one is looked for."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of the answer before it is heard.

    ``choices`` makes the question closed: the stream's transcript then carries ``choice`` results. ``phrases`` is
    vocabulary to favour in a free answer (names of places, of the service). ``digits`` says that numbers or spelt
    letters are being dictated. ``language`` is a two-letter code. ``words`` asks for the time of each word.
    ``enough`` lets whoever acts on the answer spare the search for a better text than the first.
    """

    choices: tuple[Choice, ...] = ()
    phrases: tuple[str, ...] = ()
    digits: bool = False
    language: str = "fr"
    words: bool = True
    enough: Enough | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; times in seconds from the start of the stream; confidence from 0 to 1."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class ChoiceScore:
    """How well one choice fits the sound; probabilities over all choices and "none of them" sum to 1."""

    id: str
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard in one turn.

    ``text`` is empty when nothing intelligible was said. ``alternatives`` are the other hypotheses, best first,
    without ``text``. ``choices`` is set for a closed question: best first. ``compute_s`` is the wall time spent,
    ``audio_s`` the duration of the sound.
    """

    text: str
    confidence: float
    words: tuple[Word, ...] = ()
    alternatives: tuple[str, ...] = ()
    choices: tuple[ChoiceScore, ...] = ()
    audio_s: float = 0.0
    compute_s: float = 0.0
    engine: str = ""


class Stream(Protocol):
    """One caller turn being recognised."""

    def feed(self, pcm: Pcm) -> None:
        """Add sound at the rate the stream was opened with. Never blocks."""

    def speculate(self) -> None:
        """Start recognising what was fed so far: the caller has paused and may have finished."""

    def hasten(self) -> None:
        """Know that a caller waits for the speculation: they have probably finished."""

    def resume(self) -> None:
        """Forget the speculation: the caller went on."""

    def partial(self) -> Transcript | None:
        """Return the latest hypothesis there is (the finished speculation, for a batch engine), or ``None``."""

    async def speculated(self) -> Transcript | None:
        """Wait for the speculation under way and return it; ``None`` when there is none, or it was forgotten.

        A streaming engine returns its partial at once.
        """

    async def finish(self) -> Transcript:
        """Return the transcript of all that was fed; the stream is then closed.

        Raises:
            RecognizerBusy: the queue is full.
            RecognitionError: the engine failed.
        """

    def cancel(self) -> None:
        """Drop the stream and whatever it was computing. Idempotent."""


class Recognizer(Protocol):
    """An engine with its model loaded, shared by all calls."""

    name: str
    streaming: bool
    grammar: bool
    """Whether choices restrict or re-score recognition (False for Vosk models without a dynamic graph)."""

    def open(self, rate_hz: int, hints: Hints = Hints()) -> Stream:
        """Open a stream for one turn at ``rate_hz``."""

    async def close(self) -> None:
        """Stop the workers; streams still open fail with ``RecognitionError``."""
