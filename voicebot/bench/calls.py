"""What the line bears: real calls over loopback, placed from this process, answered by another that is measured.

Five measurements, each on a process of its own: many calls that play prompts and press keys; the delays of the line
alone; callers who ask questions aloud at the same time; many calls one after another, looking for leaks; a process that
is killed and started again.
"""

import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm, frame_samples, level_dbfs, silence
from voicebot.audio.g711 import alaw_decode, alaw_encode
from voicebot.bench.far import Arrived, FarCall, FarEnd, NotTaken, open_far_end
from voicebot.bench.measured import DELAYS, NUMBER, SERVICE, Cost, Measured, first_call, measured, own_config
from voicebot.bench.near import LOUD_DBFS, marker
from voicebot.bench.questions import Question
from voicebot.telephony.base import TelephonyError

Progress = Callable[[int], None]

_RENDERED_S = 60.0
_WARM_S = 25.0
_SAMPLES = frame_samples(LINE_HZ)
_SPEECH_DBFS = -50.0
_FINISHED_S = 1.2
_REACTION_S = 0.4
_SHORT_S = 2.5
_PATIENCE_S = 5.0
"""Who has heard only a few words ("one moment") waits for the rest, rather than asking the next question over it."""
_NO_ANSWER_S = 30.0
_ROW_KEYS = "*#123"
_SETTLE_S = 10.5
"""The service gives free memory back at most every 10 s."""
_TRIMMED_S = 1.0
"""It does so when the last call ends, in a moment."""


@asynccontextmanager
async def _running(
    config: Path, command: Sequence[str] = SERVICE, changes: Mapping[str, Mapping[str, Any]] | None = None
) -> AsyncIterator[tuple[Measured, FarEnd]]:
    """Start the measured process and a far end that reaches it; yield them once a call is answered."""
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        own, port = own_config(config, Path(folder), changes or {})
        async with measured(command, own, port) as process, open_far_end(process.address) as far:
            await far.hang_up(await first_call(process, far))
            if command == SERVICE:
                await _until_idle(process)
            yield process, far


async def _until_idle(process: Measured) -> None:
    """Wait until it renders no more sentences: that costs more than the calls."""
    deadline_s = time.monotonic() + _RENDERED_S
    while True:
        if "rendering" not in (await process.state())["tasks"]:
            return
        if time.monotonic() > deadline_s:
            raise TelephonyError("sentences are still being rendered: run `voicebot prompts render` first")
        await asyncio.sleep(1.0)


@dataclass(slots=True)
class _Wire:
    """What one caller received: packets, gaps in their numbers, the longest time without any."""

    packets: int = 0
    missing: int = 0
    longest_ms: float = 0.0
    _last: Arrived | None = None

    def take(self, packet: Arrived) -> None:
        """Count one packet."""
        if self._last is not None:
            self.missing += (packet.sequence - self._last.sequence - 1) % 65536
            self.longest_ms = max(self.longest_ms, (packet.at_s - self._last.at_s) * 1000)
        self._last = packet
        self.packets += 1


@dataclass(slots=True)
class _Presser:
    """A caller who listens and presses a key now and then, and calls again when the assistant hangs up."""

    far: FarEnd
    dice: random.Random
    wires: list[_Wire] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    keys: int = 0

    async def live(self, stop: asyncio.Event, up: Callable[[], None]) -> None:
        """Call until ``stop``."""
        while not stop.is_set():
            call = await self.far.dial(NUMBER)
            wire = _Wire()
            self.wires.append(wire)
            self.calls.append(call.call_id)
            call.sound.on_packet = wire.take
            up()
            while not stop.is_set() and not call.ended.is_set():
                await _first_of(call.ended, stop, self.dice.uniform(3.0, 7.0))
                call.sound.press(self.dice.choice("*#123"))
                self.keys += 1
            await self.far.hang_up(call)


async def _first_of(one: asyncio.Event, other: asyncio.Event, most_s: float) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    await asyncio.wait(waits, timeout=most_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _let_pass(seconds: float, progress: Progress) -> None:
    for _ in range(round(seconds)):
        await asyncio.sleep(1.0)
        progress(1)


async def load(config: Path, calls: int, seconds: float, progress: Progress) -> dict[str, Any]:
    """Hold ``calls`` calls for ``seconds``: prompts, keys, no speech. Return what they cost and how they sounded.

    A first round of calls, not measured, has said what is said for the first time that day.
    """
    async with _running(config) as (process, far):
        await _hold_all(far, calls, _first_words)
        costs: list[Cost] = []

        async def window() -> None:
            await asyncio.sleep(3.0)
            costs.append(process.cost())
            await _let_pass(seconds, progress)
            costs.append(process.cost())

        own, start_s = time.process_time(), time.monotonic()
        callers = await _hold_all(far, calls, window)
        own_percent = 100 * (time.process_time() - own) / (time.monotonic() - start_s)
        ended = await process.all_ended([call for caller in callers for call in caller.calls])
    before, after = costs
    report = _load_report(callers, list(ended.values()), before, after)
    return report | {"callers_core_percent": round(own_percent, 1)}


async def _first_words() -> None:
    await asyncio.sleep(_WARM_S)


async def _hold_all(far: FarEnd, calls: int, during: Callable[[], Awaitable[None]]) -> list[_Presser]:
    """Hold ``calls`` calls at once as long as ``during`` lasts."""
    stop = asyncio.Event()
    callers = [_Presser(far, random.Random(seed)) for seed in range(calls)]  # noqa: S311 - the same keys every time
    up = asyncio.Semaphore(0)
    living = []
    for caller in callers:  # not all in the same 20 ms, as callers are not
        living.append(asyncio.ensure_future(caller.live(stop, up.release)))
        await asyncio.sleep(0.061)
    for _ in callers:
        await up.acquire()
    await during()
    stop.set()
    await asyncio.gather(*living)
    return callers


def _load_report(
    callers: Sequence[_Presser], ended: Sequence[Mapping[str, Any]], before: Cost, after: Cost
) -> dict[str, Any]:
    wires = [wire for caller in callers for wire in caller.wires]
    late = [call["late_ms"] for call in ended if call["late_ms"] is not None]
    wall_s = after.at_s - before.at_s
    core = 100 * (after.cpu_s - before.cpu_s) / wall_s
    return {
        "calls": len(callers),
        "seconds": round(wall_s, 1),
        "keys": sum(caller.keys for caller in callers),
        "calls_placed": sum(len(caller.calls) for caller in callers),
        "starved_frames": sum(call["starved"] or 0 for call in ended),
        "frames_sent": sum(wire.packets for wire in wires),
        "late_ms_p99": max(late, default=0),
        "late_ms_p99_median": statistics.median(late) if late else 0,
        "core_percent": round(core, 1),
        "core_percent_per_call": round(core / len(callers), 2),
        "memory_mb": round(after.resident_mb),
        "memory_peak_mb": round(after.peak_mb),
        "packets_missing": sum(wire.missing for wire in wires),
        "longest_gap_ms": round(max((wire.longest_ms for wire in wires), default=0.0)),
    }


async def delays(config: Path, calls: int, seconds: float, progress: Progress) -> dict[str, Any]:
    """Measure what the line adds, by loud frames sent both ways.

    Wire to recogniser; the beginning of a prompt to wire; sound that runs on and is not known ahead (a bridge) to wire.
    """
    async with _running(config, DELAYS) as (process, far):
        await asyncio.sleep(0.5)
        process.printed.clear()
        marked = [await _marked_call(far, seed) for seed in range(calls)]
        await _let_pass(seconds, progress)
        for one in marked:
            one.sending.cancel()
        await asyncio.gather(*(far.hang_up(one.call) for one in marked))
        await asyncio.sleep(0.3)
        told = list(process.printed)
    inward = [delay for one in marked for delay in _paired(one.sent_s, _moments(told, one.call, "heard_s"))]
    begun, relayed = (
        [delay for one in marked for delay in _paired(_moments(told, one.call, what), one.heard_s)]
        for what in ("played_s", "relayed_s")
    )
    return {
        "calls": calls,
        "wire_to_recogniser_ms": _spread_ms(inward),
        "prompt_to_wire_ms": _spread_ms(begun),
        "relay_to_wire_ms": _spread_ms(relayed),
    }


@dataclass(slots=True)
class _Marked:
    """A call on which loud frames travel; ``sent_s`` and ``heard_s`` are their moments at this end."""

    call: FarCall
    sending: "asyncio.Future[None]"
    sent_s: list[float] = field(default_factory=list)
    heard_s: list[float] = field(default_factory=list)


async def _marked_call(far: FarEnd, seed: int) -> _Marked:
    call = await far.dial(NUMBER)
    loud = alaw_encode(marker())
    dice = random.Random(seed)  # noqa: S311

    async def send() -> None:
        await asyncio.sleep(1.0)  # the jitter buffer finds its depth
        while True:
            call.sound.to_say.append(loud)
            await asyncio.sleep(0.2)
            one.sent_s.append(call.sound.sent_at_s)
            await asyncio.sleep(dice.uniform(0.2, 0.5))

    def take(packet: Arrived) -> None:
        if level_dbfs(alaw_decode(packet.codes)) > LOUD_DBFS:
            one.heard_s.append(packet.at_s)

    one = _Marked(call, asyncio.ensure_future(send()))
    call.sound.on_packet = take
    return one


def _moments(told: Sequence[Mapping[str, Any]], call: FarCall, what: str) -> list[float]:
    return [line[what] for line in told if what in line and line.get("call") == call.call_id]


def _paired(starts_s: Sequence[float], ends_s: Sequence[float]) -> list[float]:
    """The time from each start to the first end after it; a start whose end is not its own next is left out."""
    found = []
    for index, start_s in enumerate(starts_s):
        until_s = starts_s[index + 1] if index + 1 < len(starts_s) else float("inf")
        end_s = next((one for one in ends_s if one >= start_s), None)
        if end_s is not None and end_s < until_s:
            found.append(end_s - start_s)
    return found


def _spread_ms(values_s: Sequence[float]) -> dict[str, float]:
    if not values_s:
        return {"count": 0}
    cuts = statistics.quantiles(values_s, n=100, method="inclusive") if len(values_s) > 1 else [values_s[0]] * 99
    return {
        "count": len(values_s),
        "p50": round(cuts[49] * 1000, 1),
        "p95": round(cuts[94] * 1000, 1),
        "max": round(max(values_s) * 1000, 1),
    }


@dataclass(slots=True)
class _Asker:
    """A caller who asks questions aloud, each once the assistant has finished; ``delays_s`` to the first sound."""

    far: FarEnd
    questions: Sequence[Question]
    call_id: str = ""
    asked: int = 0
    dropped: bool = False
    delays_s: list[float] = field(default_factory=list)
    _sound: asyncio.Event = field(default_factory=asyncio.Event)
    _sound_s: float = 0.0
    _heard_s: float = 0.0

    def _take(self, packet: Arrived) -> None:
        if level_dbfs(alaw_decode(packet.codes)) > _SPEECH_DBFS:
            self._sound_s = packet.at_s
            self._heard_s += FRAME_S
            self._sound.set()

    async def live(self, progress: Progress) -> None:
        """Place the call and ask every question."""
        call = await self.far.dial(NUMBER)
        self.call_id = call.call_id
        call.sound.on_packet = self._take
        await self._let_speak(call)
        for question in self.questions:
            if call.ended.is_set():
                break
            await asyncio.sleep(_REACTION_S)
            self.asked += 1
            await self._ask(call, question)
            progress(1)
            await self._let_speak(call)
        self.dropped = call.ended.is_set() and self.asked < len(self.questions)
        await self.far.hang_up(call)

    async def _let_speak(self, call: FarCall) -> None:
        """Wait until the assistant has said something, then nothing for a while."""
        await _first_of(self._sound, call.ended, _NO_ANSWER_S)
        while not call.ended.is_set() and (left_s := self._patience_s() - time.monotonic() + self._sound_s) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(call.ended.wait(), left_s)

    def _patience_s(self) -> float:
        """The silence after which the assistant has finished."""
        return _FINISHED_S if self._heard_s >= _SHORT_S else _PATIENCE_S

    async def _ask(self, call: FarCall, question: Question) -> None:
        """Speak, then time the first sound from the true end of the speech."""
        codes = alaw_encode(_whole_frames(question.pcm))
        call.sound.to_say.extend(codes[at : at + _SAMPLES] for at in range(0, len(codes), _SAMPLES))
        end_s = time.monotonic() + question.speech_samples / LINE_HZ
        await asyncio.sleep(question.speech_samples / LINE_HZ)
        self._sound.clear()
        self._heard_s = 0.0
        await _first_of(self._sound, call.ended, _NO_ANSWER_S)
        if self._sound.is_set():
            self.delays_s.append(self._sound_s - end_s)


def _unanswered(asker: _Asker, ended: Mapping[str, Any] | None) -> int:
    answered = len(ended["answer_delay_ms"]) if ended is not None else 0
    return max(0, asker.asked - min(answered, len(asker.delays_s)))


def _whole_frames(pcm: Pcm) -> Pcm:
    return np.concatenate((pcm, silence(-pcm.size % _SAMPLES)))


async def spoken(
    config: Path, callers: int, each: int, questions: Sequence[Question], progress: Progress
) -> dict[str, Any]:
    """Have ``callers`` ask ``each`` questions aloud at the same time, one after another."""
    async with _running(config) as (process, far):
        start = process.cost()
        asking = [
            _Asker(far, [questions[(number * each + index) % len(questions)] for index in range(each)])
            for number in range(callers)
        ]
        start_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for asker in asking:
                group.create_task(asker.live(progress))
        wall_s = time.monotonic() - start_s
        cost = process.cost()
        ended = await process.all_ended([asker.call_id for asker in asking])
        await asyncio.sleep(_TRIMMED_S)
        resting = process.cost()
    answers = sorted(delay / 1000 for call in ended.values() for delay in call["answer_delay_ms"])
    return {
        "callers": callers,
        "asked": sum(asker.asked for asker in asking),
        "unanswered": sum(_unanswered(asker, ended.get(asker.call_id)) for asker in asking),
        "turns": sum(call["turns"] for call in ended.values()),
        "dropped": sum(asker.dropped for asker in asking) + callers - len(ended),
        "first_sound_ms": _spread_ms([delay for asker in asking for delay in asker.delays_s]),
        "answer_delay_ms": _spread_ms(answers),
        "outcomes": dict(Counter(str(call["outcome"]) for call in ended.values())),
        "starved_frames": sum(call["starved"] or 0 for call in ended.values()),
        "cores": round((cost.cpu_s - start.cpu_s) / wall_s, 2),
        "memory_mb": round(resting.resident_mb),
        "memory_peak_mb": round(cost.peak_mb),
    }


async def row(config: Path, count: int, together: int, progress: Progress) -> dict[str, Any]:
    """Place ``count`` calls one after another on each of ``together`` telephones; look for what is not given back.

    In each the caller presses a key and hears what it brings. They are placed in three parts with a pause after each.
    The first fills caches and pools; the others show whether anything grows with the calls: memory of the process, and
    what of it is in use.
    """
    async with _running(config) as (process, far):
        failed = 0
        before, first = await process.state(), process.cost()
        marks: list[Cost] = []
        states: list[dict[str, Any]] = []

        async def telephone(left: Iterator[int], seed: int) -> None:
            nonlocal failed
            dice = random.Random(seed)  # noqa: S311
            for _ in left:
                try:
                    call = await far.dial(NUMBER)
                    await asyncio.sleep(dice.uniform(0.3, 0.6))
                    call.sound.press(dice.choice(_ROW_KEYS))
                    await asyncio.sleep(dice.uniform(0.6, 0.9))
                    await far.hang_up(call)
                except NotTaken:
                    failed += 1
                progress(1)

        for part in range(3):
            left = iter(range(count * part // 3, count * (part + 1) // 3))
            async with asyncio.TaskGroup() as group:
                for seed in range(together):
                    group.create_task(telephone(left, seed))
            await asyncio.sleep(_SETTLE_S)
            # the last call of all, after which the service is idle and gives its free memory back
            await far.hang_up(await far.dial(NUMBER))
            await asyncio.sleep(1.0)
            marks.append(process.cost())
            if part != 1:
                # asked twice only: what is asked is a garbage collection, which the service must not need
                states.append(await process.state())
    settled, last, after = marks[0], marks[-1], states[-1]
    measured_calls = count * 2 / 3
    in_use = [state["heap"] for state in states]
    return {
        "calls": count + len(marks),
        "not_answered": failed,
        "memory_mb": [round(mark.resident_mb, 1) for mark in (first, *marks)],
        "kb_per_call": round((last.resident_mb - settled.resident_mb) * 1024 / measured_calls, 2),
        "in_use": in_use,
        **{
            f"{what}_per_call": round((in_use[-1][what] - in_use[0][what]) / measured_calls, 2)
            for what in ("objects", "blocks", "malloc_kb")
        },
        "files_left": last.files - first.files,
        "sockets_left": last.sockets - first.sockets,
        "threads_left": last.threads - settled.threads,
        "tasks_left": sum(after["tasks"].values()) - sum(before["tasks"].values()),
        "calls_left": after["calls"],
    }


async def restart(config: Path, calls: int) -> dict[str, Any]:
    """Kill the service in the middle of ``calls`` calls, start it again, and time the first answer."""
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        own, port = own_config(config, Path(folder), {})
        async with measured(SERVICE, own, port) as first, open_far_end(first.address) as far:
            await far.hang_up(await first_call(first, far))
            cut = [await far.dial(NUMBER) for _ in range(calls)]
            await asyncio.sleep(1.0)
            await first.kill()
            for call in cut:
                far.drop(call)
        start_s = time.monotonic()
        async with measured(SERVICE, own, port) as second, open_far_end(second.address) as far:
            call = await first_call(second, far)
            answered_s = time.monotonic() - start_s
            memory_mb = round(second.cost().resident_mb)
            await far.hang_up(call)
            await second.all_ended([call.call_id])
            told = [line for line in second.last_words if "died" in line]
        found = {"calls_cut": calls, "answered_after_s": round(answered_s, 2), "memory_mb": memory_mb}
        return {**found, "told": [line[24:] for line in told]}
