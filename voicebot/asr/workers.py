"""Worker threads for native inference, behind a bounded queue: whoever's caller has waited longest goes first.

The event loop submits and awaits; only these threads compute. Native engines release the interpreter's lock, so that
frames keep flowing on the loop while a worker is busy. What is only guessed (a caller may go on) waits behind what a
caller waits for, and of several workers one is kept from guesses, unless more wait than there are workers: most will
soon be waited for.
"""

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

from voicebot.asr.base import RecognitionError, RecognizerBusy
from voicebot.effort import give_way

T = TypeVar("T")

_CROWD = 2
_OF_ONE_CALL = 2
"""What one call may have waiting: a guess, and the choices of a question being prepared."""


class Need(IntEnum):
    """Who waits for a result; the lowest goes first."""

    CALLER = 0
    """A caller has finished and hears nothing until it comes."""
    GUESS = 1
    """A caller has paused and may have finished, or what will be needed is prepared."""


@dataclass(order=True, slots=True)
class _Job:
    """``order`` is that of the pauses: what became certain keeps the place it had as a guess."""

    need: Need
    order: int
    task: Callable[[], Any] = field(compare=False)
    future: "Future[Any]" = field(compare=False)


class InferencePool:
    """``workers`` threads and at most ``queue_size`` tasks waiting for one.

    ``submit`` may be called from any thread; a ``Future`` cancelled before it starts costs nothing.
    """

    def __init__(self, workers: int, queue_size: int) -> None:
        if workers < 1:
            raise ValueError(f"workers: {workers}; there must be one at least")
        self._limit = workers + queue_size
        self._most_guesses = max(1, workers - 1)
        self._jobs: list[_Job] = []
        self._orders = itertools.count()
        self._running = 0
        self._guessing = 0
        self._closed = False
        self._wake = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"asr_{number}", daemon=True) for number in range(workers)
        ]
        self._started = False

    @property
    def pending(self) -> int:
        """Tasks running or waiting."""
        with self._wake:
            return self._running + len(self._jobs)

    @property
    def crowded(self) -> bool:
        """Whether more tasks run or wait than two a worker: the last will wait for long. Never with one call alone."""
        workers = len(self._threads)
        return self.pending > max(_CROWD * workers, workers + _OF_ONE_CALL)

    def submit(self, task: Callable[[], T], need: Need = Need.CALLER) -> "Future[T]":
        """Queue ``task``; when the queue is full, what a caller waits for takes the place of the latest guess.

        Raises:
            RecognizerBusy: ``queue_size`` tasks are already waiting.
            RecognitionError: the pool is closed.
        """
        with self._wake:
            if self._closed:
                raise RecognitionError("the recogniser is closed")
            self._forget_cancelled()
            pending = self._running + len(self._jobs)
            if pending >= self._limit and not (need is Need.CALLER and self._give_up_a_guess()):
                raise RecognizerBusy(f"{pending} recognitions are already under way or waiting")
            job = _Job(need, next(self._orders), task, Future())
            heapq.heappush(self._jobs, job)
            if not self._started:
                self._started = True
                for thread in self._threads:
                    thread.start()
            self._wake.notify_all()
        return job.future

    def promote(self, future: "Future[Any]") -> None:
        """Know that a caller now waits for what was a guess; nothing when it is no longer waiting."""
        with self._wake:
            for job in self._jobs:
                if job.future is future:
                    job.need = Need.CALLER
            heapq.heapify(self._jobs)
            self._wake.notify_all()

    async def close(self) -> None:
        """Refuse new tasks, cancel those that wait and let those that run end. Idempotent."""
        with self._wake:
            self._closed = True
            waiting, self._jobs = self._jobs, []
            self._wake.notify_all()
        for job in waiting:
            job.future.cancel()
        if self._started:
            for thread in self._threads:
                await asyncio.to_thread(thread.join)

    def _work(self) -> None:
        give_way()
        while (job := self._next()) is not None:
            try:
                result = job.task()
            except BaseException as error:
                # whatever native code raises belongs to whoever asked; the thread must outlive it
                self._over(job)
                job.future.set_exception(error)
            else:
                self._over(job)
                job.future.set_result(result)

    def _next(self) -> _Job | None:
        with self._wake:
            while not self._closed:
                self._forget_cancelled()
                if self._jobs and (self._jobs[0].need is Need.CALLER or self._may_guess()):
                    job = heapq.heappop(self._jobs)
                    if job.future.set_running_or_notify_cancel():
                        self._running += 1
                        self._guessing += job.need is Need.GUESS
                        return job
                    continue
                self._wake.wait()
            return None

    def _may_guess(self) -> bool:
        """Whether one more guess may run, of those that wait: guesses are behind all the rest. Lock held."""
        return self._guessing < self._most_guesses or len(self._jobs) > len(self._threads)

    def _over(self, job: _Job) -> None:
        with self._wake:
            self._running -= 1
            self._guessing -= job.need is Need.GUESS
            self._wake.notify_all()

    def _give_up_a_guess(self) -> bool:
        guesses = [job for job in self._jobs if job.need is Need.GUESS]
        if not guesses:
            return False
        max(guesses).future.cancel()
        self._forget_cancelled()
        return True

    def _forget_cancelled(self) -> None:
        kept = [job for job in self._jobs if not job.future.cancelled()]
        if len(kept) < len(self._jobs):
            self._jobs = kept
            heapq.heapify(self._jobs)


async def wait_result(future: "Future[T]") -> T:
    """Await ``future`` from an event loop.

    Raises:
        RecognitionError: the pool was closed before the task could run.
    """
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        if future.cancelled() and not _being_cancelled():
            raise RecognitionError("the recogniser was closed while this was waiting") from None
        raise


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
