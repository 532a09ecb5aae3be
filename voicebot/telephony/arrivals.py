"""The calls of one line from their arrival to their end, whatever the engine: one queue, one count, one drain."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Generic, Protocol, TypeVar

from voicebot.telephony.admission import Admission
from voicebot.telephony.base import CallInfo
from voicebot.telephony.identity import record_id

log = logging.getLogger(__name__)


class Arriving(Protocol):
    """What a leg shows of itself here."""

    @property
    def info(self) -> CallInfo:
        """Who calls whom."""

    @property
    def over(self) -> bool:
        """Whether the call has ended."""


LegT = TypeVar("LegT", bound=Arriving)


class Arrivals(Generic[LegT]):
    """The live calls of a line, and those nobody has taken yet."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[LegT | None] = asyncio.Queue()
        self._live: set[LegT] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def live(self) -> frozenset[LegT]:
        """The calls in progress or being set up."""
        return frozenset(self._live)

    @property
    def count(self) -> int:
        """How many calls are in progress or being set up."""
        return len(self._live)

    def fresh_id(self, sip_call_id: str) -> str:
        """Return an identifier no live call has: the Call-ID comes from the network and may be anybody's."""
        wanted = candidate = record_id(sip_call_id)
        taken = {leg.info.call_id for leg in self._live}
        number = 1
        while candidate in taken:
            number += 1
            candidate = f"{wanted}-{number}"
        return candidate

    def add(self, leg: LegT) -> None:
        """Take a call that has been let in."""
        self._live.add(leg)
        self._idle.clear()
        self._waiting.put_nowait(leg)

    def gone(self, leg: LegT) -> None:
        """Learn that a call has ended."""
        self._live.discard(leg)
        if not self._live:
            self._idle.set()

    async def calls(self) -> AsyncIterator[LegT]:
        """Yield each call that arrives and has not ended meanwhile, until ``close``."""
        while (leg := await self._waiting.get()) is not None:
            if not leg.over:
                yield leg

    def close(self) -> None:
        """End ``calls``, once those waiting have been yielded."""
        self._waiting.put_nowait(None)

    async def drain(self, admission: Admission, within_s: float) -> None:
        """Let no call in any more, wait until the live ones have ended, ``within_s`` at most; then end ``calls``."""
        admission.drain()
        try:
            await asyncio.wait_for(self._idle.wait(), within_s)
        except TimeoutError:
            log.warning("%d calls still live after the time given to end", self.count)
        self.close()
