"""Answers the calls of a line: one conversation a leg, all followed, all ended when the service stops.

Stopping drains: the line refuses new calls, live ones finish within the time allowed, then are cut. What happened in
each call is logged without personal data.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence

from voicebot.app import Service, open_call
from voicebot.calls.keeping import JournalWitness
from voicebot.calls.ports import Witness
from voicebot.calls.record import CallRecord
from voicebot.calls.work import Work
from voicebot.clock import Clock
from voicebot.heap import HeapKeeper
from voicebot.load import Load
from voicebot.logs import on_call
from voicebot.profile import Profile
from voicebot.telephony.base import Leg, Line

log = logging.getLogger(__name__)


class Switchboard:
    """The calls in progress on one ``line``. ``profile_of`` names the profile that answers a called number."""

    def __init__(
        self,
        service: Service,
        line: Line,
        clock: Clock,
        profile_of: Callable[[str], str],
        witnesses: Callable[[Leg], Sequence[Witness]] = lambda leg: (),
    ) -> None:
        self._service = service
        self._line = line
        self._clock = clock
        self._profile_of = profile_of
        self._witnesses = witnesses
        self._heap = HeapKeeper(clock.monotonic)
        self._calls: set[asyncio.Task[None]] = set()
        self.answered = 0
        """Calls answered since the start."""

    @property
    def live(self) -> int:
        """Calls in progress."""
        return len(self._calls)

    @property
    def load(self) -> Load:
        """How hard pressed the process is."""
        return self._service.load

    async def run(self) -> None:
        """Answer calls until the line ends or this is cancelled; the line must be started."""
        async for leg in self._line.calls():
            task = asyncio.get_running_loop().create_task(self._hold(leg), name=f"call-{leg.info.call_id}")
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def finish(self, within_s: float) -> int:
        """Wait for live calls to end, at most ``within_s``, then cut them; return how many were cut."""
        if not self._calls:
            return 0
        _, left = await asyncio.wait(self._calls, timeout=within_s)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    async def _hold(self, leg: Leg) -> None:
        self._service.calls += 1
        try:
            with on_call(leg.info.call_id):
                await self._talk(leg)
        finally:
            self._service.calls -= 1
            self._heap.call_ended(self._service.calls)

    async def _talk(self, leg: Leg) -> None:
        work = Work()
        try:
            profile = self._profile(leg)
            requests, caller = self._service.requests, leg.info.caller
            wishes = await requests.preferences(caller) if requests is not None and caller else {}
            witnesses = self._witnesses(leg)
            self._note_began(leg, profile, witnesses)
            session = open_call(self._service, profile, leg, work, self._clock, witnesses, wishes=wishes)
            self.answered += 1
            record = await session.run()
            log.info("call ended %s", json.dumps(_without_persons(record), ensure_ascii=False))
        except Exception:
            log.exception("call %s could not be held", leg.info.call_id)
            await leg.hang_up()
        finally:
            await work.close()

    def _note_began(self, leg: Leg, profile: Profile, witnesses: Sequence[Witness]) -> None:
        """Have the journal know of the call from its beginning: one that a crash cuts short is then told as cut."""
        info = leg.info
        call = CallRecord(info.call_id, self._clock.now(), info.called, info.caller, profile.name)
        for witness in witnesses:
            if isinstance(witness, JournalWitness):
                witness.started(call)

    def _profile(self, leg: Leg) -> Profile:
        return self._service.profile(self._profile_of(leg.info.called))


def _without_persons(record: CallRecord) -> dict[str, object]:
    """What a log may keep of a call: no number, no word of the caller."""
    delays = [delay for turn in record.turns if (delay := turn.delay_ms()) is not None]
    stats = record.stats
    return {
        "call_id": record.call_id,
        "profile": record.profile,
        "outcome": record.outcome,
        "duration_s": round(record.duration_s, 1),
        "turns": len(record.turns),
        "intents": [turn.intent for turn in record.turns if turn.intent],
        "answer_delay_ms": delays,
        "transfer": record.transfer.result if record.transfer else None,
        "mos": stats.mos if stats else None,
        "loss": stats.packets_lost if stats else None,
        "starved": stats.starved_frames if stats else None,
        "late_ms": stats.late_ms if stats else None,
    }
