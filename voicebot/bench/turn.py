"""How long a caller waits for an answer: spoken questions, in real time, through the whole conversation.

Each question is a call of its own, held as a real one would be. The delay runs from the true last sample of the
caller's speech to the first sample that belongs to the answer (opening words and signs of life do not count), and is
split into end of turn, recognition, understanding and voice. A part of the answers is not rendered beforehand.
"""

import asyncio
import hashlib
import random
import resource
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from voicebot.app import Service, new_dialogue, open_call, prompt_texts, spare_real_time
from voicebot.asr.base import Hints
from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm
from voicebot.bench.loop_probe import LoopProbe
from voicebot.bench.questions import Question
from voicebot.bench.turn_report import Answered, Cost, TurnReport
from voicebot.calls.ports import Dialogue
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.calls.work import Work
from voicebot.clock import PARIS, WallClock
from voicebot.dialog.turns import Heard, Record, Reply, Say
from voicebot.effort import cpu_by_thread, give_way, since
from voicebot.profile import Profile
from voicebot.telephony.base import CallInfo
from voicebot.telephony.replay import CallerScript, ReplayLeg, SpokenTurn
from voicebot.tts.base import Manner, SynthesisError
from voicebot.tts.cache import CachedVoice
from voicebot.tts.engines import load_voice

EVERY_S = 12.0
"""A caller speaks about this often."""
UNRENDERED_SHARE = 0.3
_GREETING = "Bonjour."
AT = datetime(2026, 11, 24, 10, tzinfo=PARIS)
_TALKING_PEAK = 300
_LATE_FRAME_MS = 20.0
_LISTENS_S = 3.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How the questions are asked.

    ``calls`` callers, each speaking about every ``every_s``, at moments drawn by ``seed``; or, ``together``, all
    falling silent at the same moment, round after round.
    """

    calls: int = 1
    every_s: float = EVERY_S
    seed: int = 1
    together: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and whether its answer is rendered beforehand, with the intent its words have."""

    question: Question
    rendered: bool
    intent: str | None


@dataclass(slots=True)
class Stage:
    """The service under measurement, with a voice that knows the answers by heart and one that does not."""

    service: Service
    profile: Profile
    rendered: CachedVoice
    fresh: CachedVoice

    def of(self, rendered: bool) -> Service:
        """Return the service with the one voice or the other."""
        return replace(self.service, voice=self.rendered if rendered else self.fresh)


async def set_stage(service: Service) -> Stage:
    """Load the two voices; closed with ``strike``.

    The one that does not know the answers has what a service renders first: how its sentences begin.
    """
    rendered, openings = (_voice_of(service, folder) for folder in ("bench-voice", "bench-openings"))
    stage = Stage(service, service.profile(), rendered, fresh=openings.private())
    manner = stage_manner(stage)
    leads_in = stage.profile.knowledge.answers["transition"].say
    texts = [_GREETING, *(template.render({}).ear for template in leads_in)]
    for voice in (rendered, openings):
        await voice.render(texts, LINE_HZ, manner)
    sentences = prompt_texts(stage.profile, service.sentences, service.closing)
    await openings.render(sentences, LINE_HZ, manner, first_only=True)
    spare_real_time()
    return stage


def _voice_of(service: Service, folder: str) -> CachedVoice:
    """Return the service's voice with its sounds kept in ``folder`` of the data."""
    settings, load = service.settings, service.load
    kept = settings.paths.data / folder
    with ThreadPoolExecutor(1, "loading", give_way) as loading:
        return loading.submit(
            load_voice, settings.tts, settings.paths.models, kept, service.effort, lambda: load.waiting > 0
        ).result()


def stage_manner(stage: Stage) -> Manner:
    """Return how the profile's voice speaks."""
    return Manner(speed=stage.profile.knowledge.identity.voice.speed)


async def strike(stage: Stage) -> None:
    """Close the voices of ``set_stage``."""
    await stage.rendered.close()
    await stage.fresh.close()


async def rehearse_answers(
    stage: Stage, asked: Sequence[Question], progress: Callable[[], None] = lambda: None
) -> list[Asked]:
    """Decide which answers are rendered beforehand, and render those."""
    known = []
    for index, question in enumerate(asked):
        rendered = (index * 7 + 3) % 10 >= 10 * UNRENDERED_SHARE
        dialogue = new_dialogue(stage.profile, lambda: AT, seed=_call_id(question))
        hints = Hints(phrases=dialogue.greet().expect.phrases)
        stream = stage.service.recognizer.open(LINE_HZ, hints)
        stream.feed(question.pcm)
        heard = await stream.finish()
        reply = dialogue.fork().respond(Heard(heard.text, heard.alternatives, heard.confidence))
        meant = dialogue.fork().respond(Heard(question.text))
        if rendered:
            for one in (reply, meant):
                await render(stage, one)
        known.append(Asked(question, rendered, meant.intent))
        progress()
    return known


async def render(stage: Stage, reply: Reply) -> None:
    """Render an answer into the voice that knows them; what cannot be said is told during the run."""
    try:
        await stage.rendered.render([say.text for say in reply.says], LINE_HZ, stage_manner(stage))
    except SynthesisError:
        return


class _ShortGreeting:
    """A conversation whose greeting is one word, so that a run takes minutes rather than an hour."""

    def __init__(self, inner: Dialogue) -> None:
        self._inner = inner

    def fork(self) -> Dialogue:
        return self._inner.fork()

    def greet(self) -> Reply:
        return Reply(says=(Say(_GREETING),), expect=self._inner.greet().expect)

    def respond(self, heard: Heard) -> Reply:
        return self._inner.respond(heard)

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        return self._inner.on_hold(queued)

    def returned(self, result: str) -> Reply:
        return self._inner.returned(result)

    def left(self) -> tuple[Record, ...]:
        return self._inner.left()


@dataclass(slots=True)
class _Observer:
    """A witness that ends the call ``listens_s`` into the answer; it notes when the assistant talks over the caller."""

    leg: ReplayLeg
    speech_s: float
    listens_s: float
    answered: TurnRecord | None = None
    talked_over: bool = False
    turns: list[TurnRecord] = field(default_factory=list)
    _frames: int = 0

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        began_s = self.leg.sound_began_s
        now_s = self._frames * FRAME_S
        self._frames += 1
        if began_s is None:
            return
        ended = now_s > began_s + self.speech_s
        if not ended and int(np.abs(assistant.astype(np.int32)).max()) > _TALKING_PEAK:
            self.talked_over = True
        if self.answered is not None and ended and now_s >= (self.answered.answer_s or 0.0) + self.listens_s:
            self.leg.leave()

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        self.turns.append(turn)
        if turn.channel == "voice" and turn.answer_s is not None:
            began_s = self.leg.sound_began_s
            if began_s is not None and turn.answer_s >= began_s + self.speech_s:
                self.answered = turn

    def ended(self, call: CallRecord) -> None:
        return


def conversation(stage: Stage, question: Question) -> Dialogue:
    """Return the conversation that answers ``question``, not begun; the same each time."""
    return _ShortGreeting(new_dialogue(stage.profile, lambda: AT, seed=_call_id(question)))


async def ask(stage: Stage, asked: Asked) -> tuple[Answered, list[float]]:
    """Hold the call of one question; return what it gave and how late each frame was, in ms."""
    question = asked.question
    work, clock = Work(), WallClock()
    info = CallInfo(_call_id(question), "", "")
    turn = SpokenTurn(pcm=question.pcm, speech_samples=question.speech_samples)
    leg = ReplayLeg(info, CallerScript((turn,), background=question.background), clock, work.settle)
    # whether the rest of an answer comes in time is heard after its beginning
    observer = _Observer(leg, question.speech_s, 0.0 if asked.rendered else _LISTENS_S)
    session = open_call(
        stage.of(asked.rendered), stage.profile, leg, work, clock, [observer], conversation(stage, question)
    )
    record = await session.run()
    return _read(asked, record, leg, observer), leg.late_ms


def _read(asked: Asked, record: CallRecord, leg: ReplayLeg, observer: _Observer) -> Answered:
    voice = [turn for turn in record.turns if turn.channel == "voice"]
    last = observer.answered
    common = Answered(asked.question.text, asked.rendered, hesitant=asked.question.hesitant, turns=len(voice))
    if leg.sound_began_s is None or last is None or last.answer_s is None:
        return replace(common, heard=voice[-1].heard if voice else "", cut_off=observer.talked_over)
    end_s = leg.sound_began_s + asked.question.speech_s
    parts = dict(last.parts_s)
    parts["end_of_turn"] += (last.speech_end_s or end_s) - end_s
    return replace(
        common,
        heard=last.heard,
        delay_s=last.answer_s - end_s,
        cut_off=observer.talked_over or len(voice) > 1,
        joined=observer.talked_over and len(voice) == 1,
        understood=last.intent == asked.intent,
        hole_s=record.hole_s,
        parts_s=parts,
    )


async def _alone(asked: Asked, hold: Callable[[], Awaitable[None]]) -> None:
    await hold()


async def run(
    stage: Stage,
    asked: Sequence[Asked],
    plan: Plan,
    progress: Callable[[], None] = lambda: None,
    around: Callable[[Asked, Callable[[], Awaitable[None]]], Awaitable[None]] = _alone,
) -> TurnReport:
    """Ask every question as ``plan`` says; return the delays and what they cost.

    ``around`` is given each question with the call to hold for it, and may do something else before or after.
    """
    results: list[Answered] = []
    late: list[float] = []

    async def one(question: Asked) -> None:
        await around(question, lambda: hold(question))

    async def hold(question: Asked) -> None:
        began_s = time.process_time()
        answered, frames = await ask(stage, question)
        # what one of several callers costs cannot be told from the others
        results.append(replace(answered, cpu_s=time.process_time() - began_s) if plan.calls == 1 else answered)
        late.extend(frames)
        progress()

    probe = LoopProbe()
    cpu, wall = time.process_time(), time.monotonic()
    threads, stages = cpu_by_thread(), stage.service.effort.spent()
    with probe.watching():
        await (_together(asked, plan, one) if plan.together else _at_random(asked, plan, one))
    seconds = time.monotonic() - wall
    cost = Cost(
        cpu_s=time.process_time() - cpu,
        wall_s=seconds,
        call_s=len(late) * FRAME_S,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        late_ms_p99=sorted(late)[len(late) * 99 // 100] if late else 0.0,
        late_frames=sum(ms > _LATE_FRAME_MS for ms in late),
        frames=len(late),
        loop_ms_max=max(probe.held_ms, default=0.0),
        loop_over_2_ms=probe.over(2.0),
        loop_slowest=dict(sorted(probe.slowest.items(), key=lambda item: -item[1])[:5]),
        threads_s={name: cpu_s - threads.get(name, 0.0) for name, cpu_s in cpu_by_thread().items()},
        stages=since(stages, stage.service.effort.spent()),
    )
    return TurnReport(results, cost)


async def _at_random(asked: Sequence[Asked], plan: Plan, one: Callable[[Asked], Awaitable[None]]) -> None:
    """Let each caller speak about every ``every_s``, at moments of their own."""
    waiting = iter(asked)

    async def caller(number: int) -> None:
        draws = random.Random(plan.seed * 1000 + number)  # noqa: S311 - moments, no secret
        await asyncio.sleep(draws.uniform(0.0, plan.every_s))
        for question in waiting:
            began = time.monotonic()
            await one(question)
            left_s = plan.every_s * draws.uniform(0.5, 1.5) - (time.monotonic() - began)
            await asyncio.sleep(max(0.0, left_s))

    async with asyncio.TaskGroup() as group:
        for number in range(plan.calls):
            group.create_task(caller(number))


async def _together(asked: Sequence[Asked], plan: Plan, one: Callable[[Asked], Awaitable[None]]) -> None:
    """Let ``calls`` callers fall silent at the same moment, round after round."""
    for first in range(0, len(asked) - plan.calls + 1, plan.calls):
        round_ = asked[first : first + plan.calls]
        longest_s = max(question.question.speech_s for question in round_)

        async def late(question: Asked, longest_s: float) -> None:
            await asyncio.sleep(longest_s - question.question.speech_s)
            await one(question)

        async with asyncio.TaskGroup() as group:
            for question in round_:
                group.create_task(late(question, longest_s))


def _call_id(question: Question) -> str:
    return f"bench-{hashlib.sha256(question.text.encode()).hexdigest()[:12]}"
