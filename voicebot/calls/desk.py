"""The advisers as this process sees them: how many are taken, who waits for them, how long their calls last.

One ``Desk`` is shared by all calls. It follows what goes through this process: with several nodes each knows its own
callers, and the advisers' telephones being busy is what tells it of the others.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from voicebot.dialog.knowledge.identity import Target

RETRY_S = 12.0
"""After advisers were all busy, the first in the queue rings again this much later."""

_DURATIONS = 30
_ENOUGH_DURATIONS = 3
_SHORTEST_CALL_S = 10.0
"""A hand-over that ends sooner says nothing of how long advisers are taken."""


@dataclass(slots=True, eq=False)
class _Queue:
    """The callers of one target, in order; ``resting`` are the moments when advisers are back from their wrap-up."""

    waiting: list["Place"] = field(default_factory=list)
    taken: int = 0
    resting: list[float] = field(default_factory=list)
    busy_until_s: float = -math.inf
    durations_s: deque[float] = field(default_factory=lambda: deque(maxlen=_DURATIONS))


class Desk:
    """Every target's queue. ``monotonic`` gives the seconds that waiting is counted in."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._queues: dict[str, _Queue] = {}

    def join(self, target: Target) -> "Place":
        """Return a place at the end of the queue of ``target``."""
        return Place(target, self._queues.setdefault(target.id, _Queue()), self.monotonic)

    def waiting(self) -> dict[str, int]:
        """Return how many callers wait for each target, for those who watch the service."""
        return {name: len(queue.waiting) for name, queue in self._queues.items()}

    def taken(self) -> dict[str, int]:
        """Return how many advisers of each target are being rung or are talking to a caller of ours."""
        return {name: queue.taken for name, queue in self._queues.items()}


class Place:
    """One caller's place: waiting, then ringing, then connected, then gone. ``leave`` ends it whatever it was."""

    def __init__(self, target: Target, queue: _Queue, monotonic: Callable[[], float]) -> None:
        self._target = target
        self._queue = queue
        self._monotonic = monotonic
        self._holds = False
        self._connected_s: float | None = None
        queue.waiting.append(self)

    @property
    def ahead(self) -> int:
        """How many callers wait before this one."""
        return self._queue.waiting.index(self) if self in self._queue.waiting else 0

    @property
    def may_ring(self) -> bool:
        """Whether an adviser may be free for this caller now."""
        return self.ahead < self._free()

    def wait_minutes(self) -> int | None:
        """Return an estimate of the wait in whole minutes, rounded up; ``None`` when too little was seen to tell."""
        durations = self._queue.durations_s
        servers = self._target.capacity or self._queue.taken
        if len(durations) < _ENOUGH_DURATIONS or not servers:
            return None
        mean_s = sum(durations) / len(durations) + self._target.wrap_up_s
        return max(1, math.ceil(mean_s * (self.ahead + 1) / servers / 60.0))

    def ring(self) -> None:
        """Take an adviser's turn: the caller does not wait any more."""
        self._queue.waiting.remove(self)
        self._queue.taken += 1
        self._holds = True

    def busy(self) -> None:
        """Be told that every adviser is taken: back to the head of the queue, until one may be free."""
        self._release()
        self._queue.busy_until_s = self._monotonic() + RETRY_S
        self._queue.waiting.insert(0, self)

    def connected(self) -> None:
        """Note that an adviser has picked up."""
        self._connected_s = self._monotonic()

    def leave(self) -> None:
        """Be gone: hung up, given up, or the adviser's call is over."""
        if self in self._queue.waiting:
            self._queue.waiting.remove(self)
        if self._holds and self._connected_s is not None:
            lasted_s = self._monotonic() - self._connected_s
            if lasted_s >= _SHORTEST_CALL_S:
                self._queue.durations_s.append(lasted_s)
            if self._target.wrap_up_s:
                self._queue.resting.append(self._monotonic() + self._target.wrap_up_s)
        self._release()

    def _release(self) -> None:
        if self._holds:
            self._holds = False
            self._queue.taken -= 1
            self._queue.busy_until_s = -math.inf

    def _free(self) -> float:
        now_s, queue = self._monotonic(), self._queue
        queue.resting = [until_s for until_s in queue.resting if until_s > now_s]
        if now_s < queue.busy_until_s:
            return 0
        capacity = self._target.capacity or math.inf
        return capacity - queue.taken - len(queue.resting)
