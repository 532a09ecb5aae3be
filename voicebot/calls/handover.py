"""One call being handed over, frame by frame: a place in the queue, then the advisers' telephones ring.

What the caller must be told comes out as cues; how it ended as a ``TransferRecord``. Nothing here speaks or listens:
that is ``holding``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from voicebot.calls.desk import Desk, Place
from voicebot.calls.record import TransferRecord
from voicebot.calls.transfer import ring
from voicebot.calls.work import Work
from voicebot.dialog.knowledge.identity import Target
from voicebot.telephony.base import Leg, TransferOrder, TransferResult

LONG_RINGING_S = 8.0
"""A caller for whom telephones have rung that long is told how to be called back instead: two rings in France."""

ANNOUNCE_S = 30.0
"""How often a caller who waits is told where they are in the queue."""


@dataclass(frozen=True, slots=True)
class Queued:
    """The caller waits with ``ahead`` callers before them, for about ``minutes`` (``None``: it cannot be told)."""

    ahead: int
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Ringing:
    """After a wait, an adviser's telephone rings."""


@dataclass(frozen=True, slots=True)
class StillRinging:
    """The first telephones ring and nobody picks up."""


@dataclass(frozen=True, slots=True)
class Connected:
    """An adviser has picked up."""


Cue: TypeAlias = Queued | Ringing | StillRinging | Connected

Brief: TypeAlias = Callable[[], Awaitable[Sequence[TransferOrder]]]
"""Gives the places to ring, with what the adviser is to be told."""


class HandOver:
    """The hand-over of the call of ``leg`` to ``target``; ``step`` once a frame, until ``record`` says how it ended."""

    def __init__(self, leg: Leg, work: Work, desk: Desk, target: Target, brief: Brief) -> None:
        self.target = target
        self.connected = False
        self.record: TransferRecord | None = None
        self._leg = leg
        self._work = work
        self._monotonic = desk.monotonic
        self._place: Place = desk.join(target)
        self._orders = work.compute(_ordered(brief), "brief")
        self._ringing: asyncio.Task[TransferResult] | None = None
        self._rung_s = 0.0
        self._way_out_told = False
        self._waited_s: float | None = None
        self._announced_s: float | None = None
        self._told = False
        self._was_busy = False

    def step(self) -> Cue | None:
        """Go on; return what the caller must be told now, if anything."""
        if self.record is not None or not self._orders.done():
            return None
        if self._ringing is not None:
            return self._follow(self._ringing)
        if not self._place.may_ring:
            return self._wait()
        self._place.ring()
        self._rung_s = self._monotonic()
        orders = self._orders.result()
        self._ringing = self._work.outside(ring(self._leg, orders, self._picked_up), f"transfer-{self.target.id}")
        return None if self._announced_s is None or self._was_busy else Ringing()

    def leave(self) -> None:
        """Give up: the caller hung up, or wants something else. What rang stops ringing."""
        if self.record is None:
            left = TransferResult.NO_ANSWER if self._waited_s is None else TransferResult.BUSY
            self._end(TransferResult.ANSWERED if self.connected else left)
        if self._ringing is not None:
            self._ringing.cancel()

    async def part(self, within_s: float) -> None:
        """Know that the call is over: a conversation with an adviser that the caller ends is told a moment after."""
        if self._ringing is not None and self.record is None:
            await asyncio.wait({self._ringing}, timeout=within_s)
            told = self._ringing.done() and not self._ringing.cancelled() and self._ringing.exception() is None
            if told and self._ringing.result() is TransferResult.ANSWERED:
                self._end(TransferResult.ANSWERED)
        self.leave()

    def _follow(self, ringing: "asyncio.Task[TransferResult]") -> Cue | None:
        if self.connected and not self._told:
            self._told = True
            return Connected()
        if not ringing.done():
            return self._ring_on()
        failed = ringing.cancelled() or ringing.exception() is not None
        result = TransferResult.FAILED if failed else ringing.result()
        if result is TransferResult.BUSY and not self.connected and self.target.queue_s > 0:
            self._ringing = None
            self._was_busy = True  # trying again is no promise: nothing is announced before somebody answers
            self._place.busy()
            return self._wait()
        self._end(result)
        return None

    def _ring_on(self) -> Cue | None:
        """Tell the way out once, unless the queue has told it already."""
        told = self.connected or self._way_out_told or self._announced_s is not None
        if told or self._monotonic() - self._rung_s < LONG_RINGING_S:
            return None
        self._way_out_told = True
        return StillRinging()

    def _wait(self) -> Cue | None:
        now_s = self._monotonic()
        if self._waited_s is None:
            self._waited_s = now_s
        if now_s - self._waited_s >= self.target.queue_s:
            self._end(TransferResult.BUSY)
            return None
        if self._announced_s is not None and now_s - self._announced_s < ANNOUNCE_S:
            return None
        self._announced_s = now_s
        return Queued(self._place.ahead, self._place.wait_minutes())

    def _picked_up(self) -> None:
        self.connected = True
        self._place.connected()

    def _end(self, result: TransferResult) -> None:
        self._place.leave()
        self.record = TransferRecord(self.target.id, result.value)


async def _ordered(brief: Brief) -> Sequence[TransferOrder]:
    return await brief()
