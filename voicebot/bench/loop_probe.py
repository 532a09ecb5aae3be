"""How long the event loop is held by each thing it runs, while something is being measured."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class LoopProbe:
    """Processor time of the loop's thread in each callback, in ms: waiting for a core is not counted.

    Costs about a microsecond a callback; for benchmarks.
    """

    def __init__(self) -> None:
        self.held_ms: list[float] = []
        self.slowest: dict[str, float] = {}
        """The longest callback of each name, in ms, of those over a millisecond."""

    def over(self, ms: float) -> int:
        """Return how many callbacks held the loop for more than ``ms``."""
        return sum(held > ms for held in self.held_ms)

    @contextmanager
    def watching(self) -> Iterator["LoopProbe"]:
        """Watch every callback of every loop of this process meanwhile."""
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            began = time.thread_time()
            run(handle)
            held_ms = (time.thread_time() - began) * 1000
            self.held_ms.append(held_ms)
            if held_ms > 1.0:
                name = _name(handle)
                self.slowest[name] = max(held_ms, self.slowest.get(name, 0.0))

        asyncio.Handle._run = timed  # type: ignore[method-assign,assignment]
        try:
            yield self
        finally:
            asyncio.Handle._run = run  # type: ignore[method-assign]


def _name(handle: asyncio.Handle) -> str:
    callback: Any = getattr(handle, "_callback", None)
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return str(getattr(owner.get_coro(), "__qualname__", owner.get_name()))
    return str(getattr(callback, "__qualname__", callback))
