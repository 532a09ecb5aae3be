"""Scripted company for a conversation: a recogniser that hears what it is told, a brain that answers by rote."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from voicebot.asr.base import Hints, RecognitionError, Transcript
from voicebot.audio.frames import Pcm
from voicebot.audio.settings import TurnSettings
from voicebot.calls.desk import Desk
from voicebot.calls.ears import Ears
from voicebot.calls.mouth import Mouth
from voicebot.calls.ports import Witness
from voicebot.calls.record import CallRecord
from voicebot.calls.sentences import load_sentences
from voicebot.calls.session import CallSession, Company, Limits
from voicebot.calls.work import Work
from voicebot.clock import PARIS, VirtualClock
from voicebot.dialog.knowledge.identity import Target
from voicebot.dialog.turns import Heard, Record, Reply, Say
from voicebot.telephony.base import CallInfo, TransferOrder, TransferResult
from voicebot.telephony.replay import CallerScript, ReplayLeg, SpokenTurn
from voicebot.tts.base import Manner, SynthesisError

START = datetime(2026, 11, 24, 10, tzinfo=PARIS)
SENTENCES = load_sentences(Path(__file__).parents[2] / "prompts" / "calls.toml")
WORDS_PER_S = 3.0


class RoteStream:
    """Hears the next text of the list, whatever the sound."""

    def __init__(self, recognizer: "RoteRecognizer", hints: Hints) -> None:
        self._recognizer = recognizer
        self.hints = hints
        self.samples = 0
        self.log: list[str] = []

    def feed(self, pcm: Pcm) -> None:
        self.samples += pcm.size

    def speculate(self) -> None:
        self.log.append("speculate")

    def hasten(self) -> None:
        self.log.append("hasten")

    def resume(self) -> None:
        self.log.append("resume")

    def partial(self) -> Transcript | None:
        return None

    async def speculated(self) -> Transcript | None:
        text = self._recognizer.texts[0] if self._recognizer.texts else ""
        return None if isinstance(text, Exception) else Transcript(text, 0.9)

    async def finish(self) -> Transcript:
        text = self._recognizer.texts.pop(0) if self._recognizer.texts else ""
        if isinstance(text, Exception):
            raise text
        return Transcript(text, 0.9)

    def cancel(self) -> None:
        self.log.append("cancel")


class RoteRecognizer:
    """A recogniser that hears ``texts`` in order; an exception in the list is a failure."""

    name = "rote"
    streaming = False
    grammar = False

    def __init__(self, *texts: str | RecognitionError) -> None:
        self.texts = list(texts)
        self.streams: list[RoteStream] = []

    def open(self, rate_hz: int, hints: Hints = Hints()) -> RoteStream:
        stream = RoteStream(self, hints)
        self.streams.append(stream)
        return stream

    async def close(self) -> None:
        self.texts.clear()


class ToneVoice:
    """Says any text as a tone of a third of a second a word; sentences with "panne" fail."""

    name = "tone"

    def __init__(self) -> None:
        self.said: list[tuple[str, float]] = []

    async def speak(self, text: str, rate_hz: int, manner: Manner = Manner()) -> AsyncIterator[Pcm]:
        await asyncio.sleep(0)
        if "panne" in text:
            raise SynthesisError("out of order")
        self.said.append((text, manner.speed))
        for clause in text.split(","):
            samples = round(len(clause.split()) / WORDS_PER_S * rate_hz)
            phase = np.arange(samples) * (2 * np.pi * 400 / rate_hz)
            yield (4000 * np.sin(phase)).astype(np.int16)

    async def close(self) -> None:
        self.said.clear()


class RoteDialogue:
    """Answers each turn with the next reply, fails once for an exception. ``heard`` is that of the fork asked last."""

    def __init__(self, *replies: Reply | Exception, greeting: str = "Bonjour") -> None:
        self._greeting = greeting
        self._replies = replies
        self._heard: list[Heard] = []
        self._asked_last = [self]
        self._failures: list[Exception] = []
        self.came_back: list[str] = []
        self.waits: list[tuple[int, int | None]] = []
        self.said_enough: tuple[Record, ...] = ()

    @property
    def heard(self) -> list[Heard]:
        return self._asked_last[0]._heard

    def fork(self) -> "RoteDialogue":
        other = copy.copy(self)
        other._heard = list(self._heard)
        return other

    def greet(self) -> Reply:
        return Reply(says=(Say(self._greeting),))

    def respond(self, heard: Heard) -> Reply:
        turn = len(self._heard) + len(self._failures)
        self._heard.append(heard)
        self._asked_last[0] = self
        reply = self._replies[turn] if turn < len(self._replies) else Reply(says=(Say("Oui"),))
        if isinstance(reply, Exception):
            self._failures.append(reply)
            raise reply
        return reply

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        if queued is None:
            return Reply(says=())
        self.waits.append(queued)
        return Reply(says=(Say("Patientez"),))

    def returned(self, result: str) -> Reply:
        self.came_back.append(result)
        return Reply(says=(Say("Personne ne répond"),))

    def left(self) -> tuple[Record, ...]:
        return self.said_enough


class Advisers:
    """A profile with one target, ``conseillers``, at as many places as there are ``uris``."""

    def __init__(self, *uris: str, queue_s: float = 0.0, capacity: int = 0) -> None:
        self._uris = uris
        self._target = Target("conseillers", "les conseillers", uris, queue_s=queue_s, capacity=capacity)

    def target(self, target: str) -> Target | None:
        return self._target if target == "conseillers" else None

    def orders(self, target: str) -> tuple[TransferOrder, ...]:
        return tuple(TransferOrder(uri, ring_s=5.0) for uri in self._uris) if target == "conseillers" else ()


def speech(seconds: float, seed: int = 1) -> Pcm:
    """Return a sound that voice activity detection takes for speech: a wavering buzz with syllables."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * 8000)) / 8000
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * times + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch) / 8000
    buzz = sum(np.sin(phase * order) / order for order in range(1, 20))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4.0 * times)
    return np.asarray(3500 * buzz * syllables, dtype=np.int16)


def says(seconds: float = 1.0, **how: float) -> SpokenTurn:
    """Return a turn of that many seconds of speech."""
    return SpokenTurn(pcm=speech(seconds), speech_samples=round(seconds * 8000), barge_in_s=how.get("barge_in_s"))


def hold_call(
    turns: Sequence[SpokenTurn],
    recognizer: RoteRecognizer,
    dialogue: RoteDialogue,
    *,
    voice: ToneVoice | None = None,
    advisers: TransferResult | tuple[TransferResult, ...] = TransferResult.ANSWERED,
    targets: Advisers | None = None,
    limits: Limits = Limits(),
    desk: Desk | None = None,
    witnesses: Sequence[Witness] = (),
    observe: Callable[[ReplayLeg], None] = lambda leg: None,
) -> CallRecord:
    """Hold a whole call on a virtual clock and return its record."""

    async def call() -> CallRecord:
        work, clock = Work(), VirtualClock(START)
        leg = ReplayLeg(CallInfo("c1", "+336", "+332"), CallerScript(tuple(turns), advisers), clock, work.settle)
        observe(leg)
        ears = Ears(recognizer, 8000, work, TurnSettings())
        mouth = Mouth(voice or ToneVoice(), 8000, work)
        company = Company(dialogue, targets or Advisers("sip:a@example.org"), SENTENCES, witnesses, desk)
        record = CallRecord("c1", clock.now(), "+332", "+336", "test", realtime=False)
        session = CallSession(leg, ears, mouth, company, work, clock, record)
        session.limit(limits)
        return await session.run()

    return asyncio.run(call())
