"""The calls in progress, for whoever watches: their turns as they are answered.

``LiveCalls`` belongs to the event loop. It keeps no number and no name: what the journal masks is masked here too. A
watcher waits for the next change with ``changed``; a slow one misses steps, never the latest state.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from voicebot.audio.frames import Pcm
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.journal.lines import kept_of_heard, kept_of_said


@dataclass(frozen=True, slots=True)
class LiveTurn:
    """One turn of a call in progress."""

    at_s: float
    channel: str
    heard: str
    said: str
    intent: str | None
    delay_ms: int | None


@dataclass(slots=True)
class LiveCall:
    """A call in progress. ``contact`` is its id in the journal."""

    contact: str
    channel: str
    started_at: datetime
    greeting: str = ""
    transferring: bool = False
    turns: list[LiveTurn] = field(default_factory=list)


class LiveCalls:
    """The calls in progress, the latest begun first, and a signal at each change."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._version = 0
        self._moved = asyncio.Condition()
        self._signals: set[asyncio.Task[None]] = set()

    @property
    def version(self) -> int:
        """A number that grows at each change."""
        return self._version

    def all(self) -> tuple[LiveCall, ...]:
        """Return the calls in progress, the latest begun first."""
        return tuple(sorted(self._calls.values(), key=lambda call: call.started_at, reverse=True))

    def put(self, call: LiveCall) -> None:
        """Show a call that began."""
        self._calls[call.contact] = call
        self.touched()

    def take_away(self, contact: str) -> None:
        """Show a call no longer."""
        if self._calls.pop(contact, None) is not None:
            self.touched()

    def touched(self) -> None:
        """Tell watchers that something changed."""
        self._version += 1
        task = asyncio.get_running_loop().create_task(self._signal(), name="live-calls")
        self._signals.add(task)
        task.add_done_callback(self._signals.discard)

    async def changed(self, since: int, patience_s: float) -> int:
        """Wait until the version is past ``since``, at most ``patience_s``; return the version."""
        async with self._moved:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait_for(lambda: self._version > since), patience_s)
        return self._version

    async def _signal(self) -> None:
        async with self._moved:
            self._moved.notify_all()


class LiveWitness:
    """Shows one call to ``calls`` while it goes on."""

    def __init__(self, calls: LiveCalls, contact: str, channel: str, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._call = LiveCall(contact, channel, now())
        self._record: CallRecord | None = None
        self._shown = False

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        """Show the call from its first sound, and when it is being handed over: no turn tells either."""
        self._show()
        if self._record is not None and self._record.on_hold != self._call.transferring:
            self._call.transferring = self._record.on_hold
            self._calls.touched()

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Show a turn."""
        self._show()
        self._call.greeting = call.greeting
        self._record = call
        self._call.turns.append(
            LiveTurn(
                turn.t_s,
                turn.channel,
                kept_of_heard(turn.heard, turn.intent, turn.entities),
                kept_of_said(turn.said, turn.entities),
                turn.intent,
                turn.delay_ms() if call.realtime else None,
            )
        )
        self._calls.touched()

    def ended(self, call: CallRecord) -> None:
        """Show it no longer."""
        self._calls.take_away(self._call.contact)

    def _show(self) -> None:
        if not self._shown:
            self._shown = True
            self._calls.put(self._call)
