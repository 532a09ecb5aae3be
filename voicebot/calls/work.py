"""The background work of one call: every task has an owner, a name and an end.

``compute`` is for work whose result the conversation waits for (recognition, understanding, synthesis): on a virtual
clock the line waits for all of it before time moves (``settle``), which makes a replay deterministic. ``outside`` is
for what takes line time itself (a transfer ringing) and must not hold time back.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Work:
    """The tasks of one call."""

    def __init__(self) -> None:
        self._computing: set[asyncio.Task[Any]] = set()
        self._outside: set[asyncio.Task[Any]] = set()

    def compute(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start ``work``; ``settle`` waits for it."""
        return self._start(work, name, self._computing)

    def outside(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start ``work`` that needs the call's time to go on; ``settle`` ignores it."""
        return self._start(work, name, self._outside)

    def _start(self, work: Coroutine[Any, Any, T], name: str, tasks: set[asyncio.Task[Any]]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(_seen)
        return task

    async def settle(self) -> None:
        """Wait until nothing is being computed. Failures are left for whoever reads the task's result."""
        await asyncio.sleep(0)  # even with nothing to compute, tasks that follow the line must get their turn
        while self._computing:
            await asyncio.wait(self._computing)

    async def close(self) -> None:
        """Cancel what is left and wait for it to end."""
        left = [*self._computing, *self._outside]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _seen(task: asyncio.Task[Any]) -> None:
    """Mark a failure as seen: an abandoned turn's must not be reported as forgotten."""
    if not task.cancelled():
        task.exception()
