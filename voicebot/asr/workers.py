"""Worker threads for native inference, behind a bounded queue.

The event loop submits and awaits; only these threads compute. Native engines release the interpreter's lock, so that
frames keep flowing on the loop while a worker is busy.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from voicebot.asr.base import RecognitionError, RecognizerBusy

T = TypeVar("T")


class InferencePool:
    """``workers`` threads and at most ``queue_size`` tasks waiting for one.

    ``submit`` may be called from any thread; a ``Future`` cancelled before it starts costs nothing.
    """

    def __init__(self, workers: int, queue_size: int) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="asr")
        self._limit = workers + queue_size
        self._pending = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def pending(self) -> int:
        """Tasks running or waiting."""
        with self._lock:
            return self._pending

    def submit(self, task: Callable[[], T]) -> "Future[T]":
        """Queue ``task``.

        Raises:
            RecognizerBusy: ``queue_size`` tasks are already waiting.
            RecognitionError: the pool is closed.
        """
        with self._lock:
            if self._closed:
                raise RecognitionError("the recogniser is closed")
            if self._pending >= self._limit:
                raise RecognizerBusy(f"{self._pending} recognitions are already under way or waiting")
            self._pending += 1
            future = self._executor.submit(task)
        future.add_done_callback(self._done)
        return future

    async def close(self) -> None:
        """Refuse new tasks, cancel those that wait and let those that run end. Idempotent."""
        with self._lock:
            self._closed = True
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)

    def _done(self, _: object) -> None:
        with self._lock:
            self._pending -= 1


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
