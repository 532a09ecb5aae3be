"""The synthesis thread: order, bounds, cancellation, failures."""

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest

from voicebot.audio.frames import Pcm, silence
from voicebot.tts.base import SynthesisError
from voicebot.tts.worker import Stop, SynthesisQueue, Urgency

WAIT_S = 120.0


class Gate:
    """Work that holds the thread until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def work(self, stop: Stop) -> Pcm:
        stop.on_set(self.open.set)
        self.entered.set()
        assert self.open.wait(WAIT_S)
        return silence(1)


def noting(order: list[str], name: str) -> Callable[[Stop], Pcm]:
    def work(stop: Stop) -> Pcm:
        order.append(name)
        return silence(1)

    return work


async def entered(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.entered.wait, WAIT_S)


def test_the_most_urgent_clause_goes_first_then_the_oldest() -> None:
    order: list[str] = []

    async def scenario() -> None:
        queue, gate = SynthesisQueue("test"), Gate()
        running = asyncio.create_task(queue.submit(Urgency.AHEAD, gate.work))
        await entered(gate)
        wanted = [(Urgency.AHEAD, "prompt"), (Urgency.SOON, "next"), (Urgency.NOW, "first"), (Urgency.NOW, "second")]
        waiting = [asyncio.create_task(queue.submit(urgency, noting(order, name))) for urgency, name in wanted]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(running, *waiting)
        queue.close()

    asyncio.run(scenario())
    assert order == ["first", "second", "next", "prompt"]


def test_of_clauses_that_follow_the_one_that_will_be_missed_first_goes_first() -> None:
    order: list[str] = []

    async def scenario() -> None:
        queue, gate = SynthesisQueue("test", timer=lambda: 0.0), Gate()
        running = asyncio.create_task(queue.submit(Urgency.NOW, gate.work))
        await entered(gate)
        wanted = {"far": 9.0, "near": 1.0, "late": -2.0, "late too": 0.0}
        waiting = [
            asyncio.create_task(queue.submit(Urgency.SOON, noting(order, name), spare_s))
            for name, spare_s in wanted.items()
        ]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(running, *waiting)
        queue.close()

    asyncio.run(scenario())
    assert order == ["late", "late too", "near", "far"]


def test_while_callers_wait_for_something_else_only_what_would_be_missed_is_synthesised() -> None:
    order: list[str] = []
    pressed = [True]

    async def scenario() -> None:
        queue = SynthesisQueue("test", pressed=lambda: pressed[0], timer=lambda: 0.0)
        later = asyncio.create_task(queue.submit(Urgency.SOON, noting(order, "later"), 5.0))
        prompt = asyncio.create_task(queue.submit(Urgency.AHEAD, noting(order, "prompt")))
        await asyncio.sleep(0)
        await queue.submit(Urgency.SOON, noting(order, "due"), 0.0)
        await queue.submit(Urgency.NOW, noting(order, "answer"))
        pressed[0] = False
        await asyncio.gather(later, prompt)
        queue.close()

    asyncio.run(scenario())
    assert order == ["due", "answer", "later", "prompt"]


def test_a_clause_nobody_waits_for_is_never_synthesised() -> None:
    order: list[str] = []

    async def scenario() -> None:
        queue, gate = SynthesisQueue("test"), Gate()
        running = asyncio.create_task(queue.submit(Urgency.NOW, gate.work))
        await entered(gate)
        dropped = asyncio.create_task(queue.submit(Urgency.SOON, noting(order, "dropped")))
        await asyncio.sleep(0)
        dropped.cancel()
        await asyncio.gather(dropped, return_exceptions=True)
        gate.open.set()
        await running
        await queue.submit(Urgency.AHEAD, noting(order, "last"))
        queue.close()

    asyncio.run(scenario())
    assert order == ["last"]


def test_a_running_synthesis_is_told_to_stop() -> None:
    async def scenario() -> bool:
        queue, gate = SynthesisQueue("test"), Gate()
        running = asyncio.create_task(queue.submit(Urgency.NOW, gate.work))
        await entered(gate)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        stopped = await asyncio.to_thread(gate.open.wait, WAIT_S)
        queue.close()
        return stopped

    assert asyncio.run(scenario())


def test_a_full_queue_refuses_the_newest() -> None:
    async def scenario() -> int:
        queue, gate = SynthesisQueue("test", most_waiting=1), Gate()
        running = asyncio.create_task(queue.submit(Urgency.NOW, gate.work))
        await entered(gate)
        waiting = asyncio.create_task(queue.submit(Urgency.NOW, noting([], "waiting")))
        await asyncio.sleep(0)
        with pytest.raises(SynthesisError, match="waiting already"):
            await queue.submit(Urgency.NOW, noting([], "refused"))
        gate.open.set()
        await asyncio.gather(running, waiting)
        queue.close()
        return queue.refused

    assert asyncio.run(scenario()) == 1


def test_a_native_failure_is_a_synthesis_error_and_the_thread_lives_on() -> None:
    def fails(stop: Stop) -> Pcm:
        raise RuntimeError("bad tensor")

    async def scenario() -> Pcm:
        queue = SynthesisQueue("test")
        with pytest.raises(SynthesisError, match="bad tensor"):
            await queue.submit(Urgency.NOW, fails)
        sound = await queue.submit(Urgency.NOW, lambda stop: np.ones(3, dtype=np.int16))
        queue.close()
        return sound

    assert asyncio.run(scenario()).size == 3


def test_closing_ends_what_runs_and_refuses_what_waits() -> None:
    async def scenario() -> None:
        queue, gate = SynthesisQueue("test"), Gate()
        running = asyncio.create_task(queue.submit(Urgency.NOW, gate.work))
        await entered(gate)
        waiting = asyncio.create_task(queue.submit(Urgency.NOW, noting([], "waiting")))
        await asyncio.sleep(0)
        await asyncio.to_thread(queue.close)
        await running
        with pytest.raises(SynthesisError, match="closed"):
            await waiting
        with pytest.raises(SynthesisError, match="closed"):
            await queue.submit(Urgency.NOW, noting([], "late"))

    asyncio.run(scenario())


def test_rendering_ahead_gives_way_to_a_caller_and_is_done_afterwards() -> None:
    order: list[str] = []

    async def scenario() -> None:
        queue, gate = SynthesisQueue("test"), Gate()

        def prompt(stop: Stop) -> Pcm:
            order.append("broken off" if not order else "prompt")
            return gate.work(stop)

        ahead = asyncio.create_task(queue.submit(Urgency.AHEAD, prompt))
        await entered(gate)
        await queue.submit(Urgency.NOW, noting(order, "answer"))
        assert (await ahead).size == 1
        queue.close()

    asyncio.run(scenario())
    assert order == ["broken off", "answer", "prompt"]
