"""How long a caller waits for an answer: spoken questions, in real time, through the whole conversation.

Each question is a call of its own, held as a real one would be. The delay runs from the true last sample of the
caller's speech to the first sample of the answer, and is split into end of turn, recognition, understanding and voice.
"""

import asyncio
import hashlib
import itertools
import resource
import statistics
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

import numpy as np

from voicebot.app import Service, new_dialogue, open_call, open_caller_voice
from voicebot.audio.channel import Channel
from voicebot.audio.frames import LINE_HZ, Pcm
from voicebot.calls.ports import Dialogue
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.calls.work import Work
from voicebot.clock import PARIS, WallClock
from voicebot.config import Settings
from voicebot.dialog.turns import Heard, Reply, Say
from voicebot.profile import Profile
from voicebot.rehearsal import speech_end
from voicebot.telephony.base import CallInfo
from voicebot.telephony.replay import CallerScript, ReplayLeg, SpokenTurn
from voicebot.tts.base import Manner

PARTS = ("end_of_turn", "recognition", "understanding", "voice")
_AT = datetime(2026, 11, 24, 10, tzinfo=PARIS)
_STUDIO_HZ = 16000


@dataclass(frozen=True, slots=True)
class Question:
    """One question as it reaches the line; ``speech_samples`` is where speech truly ends."""

    text: str
    voice: str
    pcm: Pcm
    speech_samples: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What one question gave. Seconds. ``delay_s`` is ``None`` when no answer came; ``early``: cut off too early."""

    text: str
    heard: str
    delay_s: float | None
    early: bool
    parts_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TurnReport:
    """The delays of a whole run, in ms, with their parts, and what they cost."""

    answered: Sequence[Answered]
    cpu_s: float
    wall_s: float
    peak_mb: float
    late_ms_p99: float

    def to_json(self) -> dict[str, object]:
        """Return the report as the command prints it."""
        delays = sorted(one.delay_s for one in self.answered if one.delay_s is not None and not one.early)
        early = sum(one.early for one in self.answered)
        return {
            "turns": len(self.answered),
            "unanswered": sum(one.delay_s is None for one in self.answered),
            "cut_off_early": early,
            "answer_delay_ms": _spread(delays),
            "parts_ms": {
                part: _spread(sorted(one.parts_s[part] for one in self.answered if part in one.parts_s))
                for part in PARTS
            },
            "cpu_s_per_turn": round(self.cpu_s / max(1, len(self.answered)), 3),
            "peak_memory_mb": round(self.peak_mb),
            "frame_late_ms_p99": round(self.late_ms_p99, 1),
        }


def _spread(values_s: Sequence[float]) -> dict[str, int]:
    if not values_s:
        return {}
    cuts = statistics.quantiles(values_s, n=100, method="inclusive") if len(values_s) > 1 else [values_s[0]] * 99
    return {name: round(cuts[cut] * 1000) for name, cut in (("p50", 49), ("p90", 89), ("p95", 94))} | {
        "max": round(values_s[-1] * 1000)
    }


async def questions(settings: Settings, limit: int = 0) -> list[Question]:
    """Render the questions (kept on disk afterwards), each by the next voice and through the next line quality.

    Raises:
        SynthesisError: a caller's voice is missing; the message says how to install it.
    """
    source = resources.files("voicebot.bench").joinpath("questions.toml").read_text(encoding="utf-8")
    document = tomllib.loads(source)
    texts = document["questions"][: limit or None]
    voices = itertools.cycle(document["voices"])
    snrs = itertools.cycle(document["snr_db"])
    found = []
    async with AsyncExitStack() as stack:
        loaded = {name: open_caller_voice(name, settings, stack) for name in document["voices"]}
        for seed, (text, name, snr_db) in enumerate(zip(texts, voices, snrs, strict=False)):
            parts = [part async for part in loaded[name].speak(text, _STUDIO_HZ, Manner())]
            clean = np.concatenate(parts)
            pcm = Channel(snr_db=snr_db, seed=seed).apply(clean, _STUDIO_HZ)
            found.append(Question(text, name, pcm, speech_end(clean, _STUDIO_HZ) * LINE_HZ // _STUDIO_HZ))
    return found


class _ShortGreeting:
    """A conversation whose greeting is one word, so that a run takes minutes rather than an hour."""

    def __init__(self, inner: Dialogue) -> None:
        self._inner = inner

    def fork(self) -> Dialogue:
        return self._inner.fork()

    def greet(self) -> Reply:
        return Reply(says=(Say("Bonjour."),), expect=self._inner.greet().expect)

    def respond(self, heard: Heard) -> Reply:
        return self._inner.respond(heard)

    def returned(self, result: str) -> Reply:
        return self._inner.returned(result)


class _HangsUpOnceAnswered:
    """A witness that ends the call a moment after the answer has begun."""

    def __init__(self, leg: ReplayLeg) -> None:
        self._leg = leg
        self._turn: TurnRecord | None = None

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        if self._turn is not None and self._turn.answer_s is not None:
            self._leg.leave()

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        self._turn = turn

    def ended(self, call: CallRecord) -> None:
        self._turn = None


async def ask(service: Service, profile: Profile, question: Question) -> tuple[Answered, list[float]]:
    """Hold the call of one question; return what it gave and how late each frame was, in ms."""
    work, clock = Work(), WallClock()
    info = CallInfo(f"bench-{hashlib.sha256(question.text.encode()).hexdigest()[:12]}", "", "")
    turn = SpokenTurn(pcm=question.pcm, speech_samples=question.speech_samples)
    leg = ReplayLeg(info, CallerScript((turn,)), clock, work.settle)
    dialogue = _ShortGreeting(new_dialogue(profile, lambda: _AT, seed=info.call_id))
    session = open_call(service, profile, leg, work, clock, [_HangsUpOnceAnswered(leg)], dialogue)
    record = await session.run()
    return _read(question, record, leg), leg.late_ms


def _read(question: Question, record: CallRecord, leg: ReplayLeg) -> Answered:
    spoken = [turn for turn in record.turns if turn.channel == "voice"]
    if not spoken or spoken[0].answer_s is None:
        return Answered(question.text, "", None, False, {})
    first = spoken[0]
    end_s = leg.spoken_ends_s[0] if leg.spoken_ends_s else None
    if end_s is None or first.answer_s is None or first.answer_s < end_s:
        return Answered(question.text, first.heard, 0.0, True, {})
    parts = dict(first.parts_s)
    parts["end_of_turn"] += (first.speech_end_s or end_s) - end_s
    return Answered(question.text, first.heard, first.answer_s - end_s, False, parts)


async def run(
    service: Service, asked: Sequence[Question], calls: int = 1, progress: Callable[[], None] = lambda: None
) -> TurnReport:
    """Ask every question, by ``calls`` callers at a time; return the delays."""
    profile = service.profile()
    results: list[Answered] = []
    late: list[float] = []
    waiting = iter(asked)

    async def caller() -> None:
        for question in waiting:
            answered, frames = await ask(service, profile, question)
            results.append(answered)
            late.extend(frames)
            progress()

    cpu, wall = time.process_time(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(calls):
            group.create_task(caller())
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    p99 = sorted(late)[len(late) * 99 // 100] if late else 0.0
    return TurnReport(results, time.process_time() - cpu, time.monotonic() - wall, peak_mb, p99)
