"""Another voice assistant asked the same questions as ours, in turn with it: ``bench turn --peer``.

The peer runs in a process of its own, with the interpreter in which it is installed: what it depends on contradicts our
locked packages, and neither side then shares the other's interpreter, threads or memory. It is given the environment
that the command was given, plays the same WAV files in real time, and has its answers from the same conversation. While
one side is asked the other is idle, and which goes first changes at every question: what the machine does meanwhile
weighs on both.
"""

import asyncio
import os
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import voicebot
from voicebot.asr.engines import choose_model
from voicebot.audio.frames import LINE_HZ
from voicebot.audio.wav import write_wav
from voicebot.bench.peer_wire import LONGEST_LINE, Wire
from voicebot.bench.questions import Question
from voicebot.bench.turn import Asked, Stage, conversation
from voicebot.bench.turn_report import Answered, TurnReport, spread
from voicebot.config import Settings
from voicebot.dialog.turns import Heard

PEERS: Mapping[str, str] = {"pipecat": "voicebot.bench.pipecat_peer"}
"""The peers there are, and the module that their interpreter runs."""
ASKED_RATIO = 0.3
"""Our median delay is to be at most this part of the peer's."""
_ROOT = str(Path(voicebot.__file__).resolve().parent.parent)
"""Where the peer's interpreter finds this very package."""
_LOADS_S = 180.0
_ANSWERS_S = 90.0
_ENDS_S = 10.0
_LAST_WORDS = 8


class PeerError(Exception):
    """The peer cannot be asked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What the peer made of a question. ``delay_s``: from the true end of speech, ``None`` when it did not answer.

    ``cut_off``: it spoke, or took the turn as over, before the caller had finished. ``cpu_s``: what its process used.
    """

    text: str
    heard: str = ""
    delay_s: float | None = None
    cut_off: bool = False
    cpu_s: float = 0.0


@dataclass(slots=True)
class _Process:
    """The process of a peer: what it writes on standard error is kept for whoever asks why it ended."""

    running: asyncio.subprocess.Process
    wire: Wire
    last_words: deque[str]
    listening: asyncio.Task[None]

    async def told(self, within_s: float) -> dict[str, Any]:
        """Return what the peer says next.

        Raises:
            PeerError: it ended, said something else than a message, or nothing ``within_s``.
        """
        try:
            message = await asyncio.wait_for(self.wire.receive(), within_s)
        except TimeoutError as error:
            raise PeerError(f"the peer does not answer any more ({within_s:.0f} s){self._said()}") from error
        except ValueError as error:
            raise PeerError(f"the peer said something that is no message: {error}") from error
        if message is None:
            status = await self.running.wait()
            await asyncio.wait({self.listening}, timeout=_ENDS_S)
            raise PeerError(f"the peer ended by itself with status {status}{self._said()}")
        return message

    def _said(self) -> str:
        return "; the last it said:\n" + "\n".join(self.last_words) if self.last_words else ""

    async def end(self) -> None:
        """Let the peer end by itself when its questions are over, else end it."""
        if self.running.stdin is not None:
            self.running.stdin.close()
        try:
            await asyncio.wait_for(self.running.wait(), _ENDS_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.running.kill()
            await self.running.wait()
        self.listening.cancel()


@dataclass(slots=True)
class Peer:
    """A peer that is ready. ``described``: its ``name``, ``recognition`` and ``voice``."""

    described: Mapping[str, str]
    _folder: Path
    _process: _Process
    peak_mb: float = 0.0

    async def ask(self, question: Question, answer: Callable[[str], str]) -> PeerAnswer:
        """Play ``question`` to the peer; ``answer`` gives its words for what it heard.

        Raises:
            PeerError: the peer ended or answers no more.
        """
        wav, line = self._folder / "question.wav", self._folder / "line.wav"
        write_wav(wav, question.pcm, LINE_HZ)
        write_wav(line, question.background, LINE_HZ)
        self._process.wire.send({"ask": str(wav), "line": str(line), "speech_s": question.speech_s})
        while True:
            message = await self._process.told(question.speech_s + _ANSWERS_S)
            if "heard" in message:
                self._process.wire.send({"say": answer(str(message["heard"]))})
            elif "answered" in message:
                found = message["answered"]
                self.peak_mb = max(self.peak_mb, float(found["peak_mb"]))
                delay = found["delay_s"]
                return PeerAnswer(
                    question.text,
                    heard=str(found["heard"]),
                    delay_s=None if delay is None else float(delay),
                    cut_off=bool(found["cut_off"]),
                    cpu_s=float(found["cpu_s"]),
                )


def what_it_loads(settings: Settings) -> dict[str, Any]:
    """Return the models that the peer is told to use: those that answer our calls.

    Raises:
        RecognitionError: the recogniser's model is missing.
        PeerError: we do not listen with Whisper, which is what the peer is compared on.
    """
    engine, folder = choose_model(settings.asr, settings.paths.models)
    if engine != "whisper":
        raise PeerError('the peer listens with Whisper: to compare, set engine = "whisper" in [asr]')
    tts = settings.tts
    lexicon = None if tts.lexicon is None else str(tts.lexicon.resolve())
    voice = {"engine": tts.engine, "voice": tts.voice, "speed": tts.speed, "threads": tts.threads, "lexicon": lexicon}
    return {"whisper": str(folder.resolve()), "models": str(settings.paths.models.resolve()), "tts": voice}


@asynccontextmanager
async def peer(name: str, python: Path, loads: Mapping[str, Any], module: str = "") -> AsyncIterator[Peer]:
    """Start peer ``name`` with the interpreter ``python``; yield it once its models are loaded, end it afterwards.

    ``module`` is run instead of the peer's own.

    Raises:
        PeerError: the interpreter or the peer is missing, or it does not start.
    """
    path = os.pathsep.join((_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])))
    with tempfile.TemporaryDirectory(prefix="voicebot-peer-") as folder:
        try:
            running = await asyncio.create_subprocess_exec(
                *(str(python), "-m", module or PEERS[name]),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
                limit=LONGEST_LINE,
            )
        except OSError as error:
            raise PeerError(f"--peer-python {python} cannot be run ({error.strerror}); {_how(name)}") from error
        process = _process(running)
        try:
            process.wire.send(loads)
            ready = await process.told(_LOADS_S)
            if "missing" in ready:
                raise PeerError(f"{name} is not installed for {python} ({ready['why']}); {_how(name)}")
            if "failed" in ready:
                raise PeerError(f"{name} does not start with {python}: {ready['failed']}")
            yield Peer(ready["ready"], Path(folder), process)
        finally:
            await process.end()


def _process(running: asyncio.subprocess.Process) -> _Process:
    assert running.stdin is not None and running.stdout is not None and running.stderr is not None  # noqa: S101, PT018
    last_words: deque[str] = deque(maxlen=_LAST_WORDS)
    listening = asyncio.create_task(_keep(running.stderr, last_words), name="peer errors")
    return _Process(running, Wire(running.stdout, running.stdin.write), last_words, listening)


def _how(name: str) -> str:
    """How to install the peer apart from the locked packages, which it contradicts."""
    version = ".".join(map(str, sys.version_info[:2]))
    return (
        f"install it apart: python{version} -m venv {name}-peer && {name}-peer/bin/pip install -e '.[peer]', "
        f"then give --peer-python {name}-peer/bin/python"
    )


async def _keep(errors: asyncio.StreamReader, last_words: deque[str]) -> None:
    while line := await errors.readline():
        last_words.append(line.decode("utf-8", "replace").rstrip())


def answers_of(stage: Stage, question: Question) -> Callable[[str], str]:
    """Return what our conversation says to whoever is heard to ask this or that, ``question`` being asked."""
    begun = conversation(stage, question)
    begun.greet()

    def answer(heard: str) -> str:
        return " ".join(say.text for say in begun.fork().respond(Heard(heard)).says)

    return answer


class Alternation:
    """Has each question asked on both sides, one after the other; the side that goes first changes every time.

    Without ``theirs`` only our side is asked.
    """

    def __init__(self, theirs: Callable[[Asked], Awaitable[PeerAnswer]] | None) -> None:
        self._theirs = theirs
        self.answers: list[PeerAnswer] = []

    async def __call__(self, asked: Asked, ours: Callable[[], Awaitable[None]]) -> None:
        """Hold our call (``ours``) and theirs."""
        if self._theirs is None:
            await ours()
        elif len(self.answers) % 2 == 0:
            await ours()
            self.answers.append(await self._theirs(asked))
        else:
            self.answers.append(await self._theirs(asked))
            await ours()


def in_turn(stage: Stage, beside: Peer | None) -> Alternation:
    """Return how the questions are asked to us and, unless there is none, to the peer ``beside`` us."""
    if beside is None:
        return Alternation(None)
    return Alternation(lambda asked: beside.ask(asked.question, answers_of(stage, asked.question)))


def compared(beside: Peer | None, ours: TurnReport, asked: Alternation) -> dict[str, Any]:
    """Return what a report has more when there is a peer."""
    if beside is None:
        return {}
    return {"peer": Compared(ours.answered, asked.answers, beside.described, beside.peak_mb).to_json()}


@dataclass(frozen=True, slots=True)
class Compared:
    """The answers of both sides to the same questions, in the order in which they were asked."""

    ours: Sequence[Answered]
    theirs: Sequence[PeerAnswer]
    described: Mapping[str, str]
    peak_mb: float

    def to_json(self) -> dict[str, Any]:
        """Return the peer's figures, and ours divided by them; ``None`` where either side has none."""
        theirs = self.theirs
        unrendered = [one.text for one in self.ours if not one.rendered]
        delays = _delays(theirs)
        return {
            **self.described,
            "turns_asked": len(theirs),
            "unanswered": sum(one.delay_s is None for one in theirs),
            "cut_off_early": sum(one.cut_off for one in theirs),
            "answer_delay_ms": spread(delays),
            "cpu_s_per_turn": round(sum(one.cpu_s for one in theirs) / max(1, len(theirs)), 3),
            "peak_memory_mb": round(self.peak_mb),
            "ratio": _ratios(_delays(self.ours), delays),
            "ratio_unrendered": _ratios(
                _delays([one for one in self.ours if not one.rendered]),
                _delays([one for one in theirs if one.text in unrendered]),
            ),
            "asked_ratio_p50": ASKED_RATIO,
        }


def _delays(answers: Sequence[Answered] | Sequence[PeerAnswer]) -> list[float]:
    return sorted(one.delay_s for one in answers if one.delay_s is not None)


def _ratios(ours_s: Sequence[float], theirs_s: Sequence[float]) -> dict[str, float | None]:
    ours, theirs = spread(ours_s), spread(theirs_s)
    return {cut: round(ours[cut] / theirs[cut], 3) if ours and theirs.get(cut) else None for cut in ("p50", "p95")}
