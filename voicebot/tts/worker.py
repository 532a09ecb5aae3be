"""One thread that synthesises for every call, the most urgent clause first.

The first clause of an answer goes before the following clauses of other answers, which go in the order in which they
will be missed, and rendering ahead goes last: it is broken off when somebody waits, and begun again. While the machine
is pressed, what can wait does: the processor is for those who hear nothing yet. The queue is bounded: when it is full
the newest request is refused. A request that nobody waits for any more is dropped, even in mid-synthesis when the
engine can stop.
``submit`` and ``close`` are called from the event loop.
"""

import asyncio
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum

from voicebot.audio.frames import Pcm
from voicebot.effort import Tally, give_way
from voicebot.tts.base import SynthesisError

log = logging.getLogger(__name__)


class Urgency(IntEnum):
    """Who waits for a clause; the lowest goes first."""

    NOW = 0
    """A caller hears silence until it comes."""
    SOON = 1
    """It follows a clause that is being played."""
    AHEAD = 2
    """Nobody waits: a prompt being rendered."""


_STAGES = {
    Urgency.NOW: "synthesis, first clause",
    Urgency.SOON: "synthesis, next clause",
    Urgency.AHEAD: "synthesis, ahead",
}


_LOOK_AGAIN_S = 0.05


class Stop:
    """Tells a running synthesis that its sound is not wanted any more. ``set`` may be called from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._actions: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def is_set(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def on_set(self, action: Callable[[], None]) -> None:
        """Call ``action`` when the stop is set, at once when it already is."""
        with self._lock:
            if not self._event.is_set():
                self._actions.append(action)
                return
        action()

    def set(self) -> None:
        """Stop."""
        with self._lock:
            self._event.set()
            actions, self._actions = self._actions, []
        for action in actions:
            action()


@dataclass(order=True, slots=True)
class _Job:
    """``begin_by_s``: when to begin so that nobody is kept waiting, by the queue's timer."""

    urgency: Urgency
    begin_by_s: float
    order: int
    work: Callable[[Stop], Pcm] = field(compare=False)
    future: "Future[Pcm]" = field(compare=False)
    stop: Stop = field(compare=False)
    giving_way: bool = field(compare=False, default=False)
    dropped: bool = field(compare=False, default=False)


class SynthesisQueue:
    """A bounded priority queue and the thread that empties it.

    ``refused`` counts the requests turned away because ``most_waiting`` were already waiting. ``pressed`` is asked
    whether callers wait for something else than sound; ``timer`` gives seconds that only grow.
    """

    def __init__(
        self,
        name: str,
        most_waiting: int = 64,
        tally: Tally | None = None,
        pressed: Callable[[], bool] = lambda: False,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refused = 0
        self._pressed = pressed
        self._timer = timer
        self._tally = tally or Tally()
        self._name = name
        self._most_waiting = most_waiting
        self._jobs: list[_Job] = []
        self._orders = itertools.count()
        self._wake = threading.Condition()
        self._closed = False
        self._running: _Job | None = None
        self._thread = threading.Thread(target=self._run, name=f"tts {name}", daemon=True)
        self._thread.start()

    async def submit(self, urgency: Urgency, work: Callable[[Stop], Pcm], spare_s: float = 0.0) -> Pcm:
        """Return what ``work`` returns in the thread; cancelling the call drops or stops the work.

        ``spare_s``: what follows a clause may begin so much later without a gap being heard.

        Raises:
            SynthesisError: the queue is full or closed, or what ``work`` raised.
        """
        begin_by_s = self._timer() + max(0.0, spare_s) if urgency is Urgency.SOON else 0.0
        job = _Job(urgency, begin_by_s, next(self._orders), work, Future(), Stop())
        with self._wake:
            if self._closed:
                raise SynthesisError(f"the voice {self._name} is closed")
            if len(self._jobs) >= self._most_waiting:
                self.refused += 1
                raise SynthesisError(f"the voice {self._name} has {len(self._jobs)} clauses waiting already")
            heapq.heappush(self._jobs, job)
            self._wake.notify()
            giving_way = self._break_off() if urgency < Urgency.AHEAD else None
        if giving_way is not None:
            giving_way.set()
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._drop(job)
            raise

    def close(self) -> None:
        """Refuse what waits, stop what runs and wait for the thread. Idempotent."""
        with self._wake:
            self._closed = True
            waiting, self._jobs = self._jobs, []
            running = self._running
            self._wake.notify()
        for job in waiting:
            if job.future.running() or job.future.set_running_or_notify_cancel():
                job.future.set_exception(SynthesisError(f"the voice {self._name} is closed"))
        if running is not None:
            running.stop.set()
        self._thread.join()

    def _drop(self, job: _Job) -> None:
        with self._wake:
            job.dropped = True
            if job in self._jobs:
                self._jobs.remove(job)
                heapq.heapify(self._jobs)
            stop = job.stop
        stop.set()

    def _run(self) -> None:
        give_way()
        while (job := self._next()) is not None:
            began = time.perf_counter()
            try:
                result: Pcm | SynthesisError = job.work(job.stop)
            except SynthesisError as error:
                result = error
            except Exception as error:
                # native engines raise anything; the thread must outlive it
                log.debug("synthesis failed", exc_info=True)
                result = SynthesisError(f"{self._name}: {error}")
            stage = "synthesis dropped" if job.stop.is_set else _STAGES[job.urgency]
            self._tally.add(stage, time.perf_counter() - began)
            if not (job.giving_way and self._put_back(job)):
                self._settle(job, result)

    def _break_off(self) -> Stop | None:
        """Return what stops the clause being rendered ahead, if one is; lock held."""
        running = self._running
        if running is None or running.urgency is not Urgency.AHEAD:
            return None
        running.giving_way = True
        return running.stop

    def _put_back(self, job: _Job) -> bool:
        """Have a job that gave way begin again in its turn; return whether that is wanted."""
        with self._wake:
            if self._closed or job.dropped:
                return False
            job.giving_way, job.stop = False, Stop()
            heapq.heappush(self._jobs, job)
            return True

    def _next(self) -> _Job | None:
        with self._wake:
            self._running = None
            while not self._closed:
                while self._jobs:
                    if (wait_s := self._may_wait_s(self._jobs[0])) > 0:
                        self._wake.wait(wait_s)
                        continue
                    job = heapq.heappop(self._jobs)
                    if job.future.running() or job.future.set_running_or_notify_cancel():
                        self._running = job
                        return job
                self._wake.wait()
            return None

    def _may_wait_s(self, job: _Job) -> float:
        """Return for how long, at least, the processor is better left to those who wait for something else."""
        if job.urgency is Urgency.NOW or not self._pressed():
            return 0.0
        spare_s = _LOOK_AGAIN_S if job.urgency is Urgency.AHEAD else job.begin_by_s - self._timer()
        return min(_LOOK_AGAIN_S, spare_s)

    @staticmethod
    def _settle(job: _Job, result: Pcm | SynthesisError) -> None:
        if isinstance(result, SynthesisError):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
