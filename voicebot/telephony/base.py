"""What a telephone line is, for whoever holds the conversation.

A ``Line`` is where calls arrive; a ``Leg`` is one call. The conversation asks a leg for the next 20 ms (``tick``),
gives it 20 ms to play (``play``), and is paced by that alone: a real line makes it wait for the network, a replayed one
does not wait at all. State moves only when the line reports it.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from voicebot.audio.frames import Pcm, Upcoming

ON_HOLD = "attente"
"""What ``Leg.awaiting`` is told while the caller is on hold: what plays then is music, and they may speak over it."""


class TelephonyError(Exception):
    """The line cannot do what was asked; the message says what and why."""


class CallEnded(TelephonyError):
    """The call is over: an ordinary outcome, not a failure."""


@dataclass(frozen=True, slots=True)
class CallInfo:
    """Who calls whom. Everything but ``call_id`` comes from the network and is untrusted.

    ``caller`` is an E.164 number, or empty when withheld or malformed; ``called`` is the number that was dialled.
    """

    call_id: str
    caller: str
    called: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """20 ms of line time: what the caller's side sent (silence when nothing came) and the keys pressed during it."""

    pcm: Pcm
    keys: str = ""


class TransferMode(Enum):
    """How a call is handed over."""

    BLIND = "blind"
    ATTENDED = "attended"
    BRIDGED = "bridged"


class TransferResult(Enum):
    """How a transfer ended. On anything but ``ANSWERED`` the caller is still on the line."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "reject"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """Where to hand the call over and how. ``uri`` always comes from the profile, never from the caller.

    ``whisper``, at 8 kHz, is told to the adviser alone before the caller is connected (attended and bridged modes).
    ``also`` are rung at the same time as ``uri``: the first to answer takes the call, the others stop ringing; a blind
    transfer knows ``uri`` alone. ``on_answer`` is called on the event loop when an adviser has picked up, before the
    whisper (attended and bridged modes).
    """

    uri: str
    mode: TransferMode = TransferMode.BLIND
    ring_s: float = 25.0
    headers: Mapping[str, str] = field(default_factory=dict)
    whisper: Pcm | None = field(default=None, compare=False, repr=False)
    also: tuple[str, ...] = ()
    on_answer: Callable[[], None] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LegStats:
    """Quality of one leg; packet counts from the line's point of view, ``mos`` by the E-model (ITU-T G.107).

    ``starved_frames``: times 20 ms that the wire had to wait for us in the middle of what was being said. ``late_ms``:
    99 frames out of 100 were handed to the conversation within that time of when they were due.
    """

    packets_received: int = 0
    packets_lost: int = 0
    jitter_ms: float = 0.0
    delay_ms: float = 0.0
    mos: float | None = None
    starved_frames: int = 0
    late_ms: float = 0.0


class Leg(Protocol):
    """One call. Every method but ``tick``, ``answer``, ``transfer`` and ``hang_up`` returns at once."""

    @property
    def info(self) -> CallInfo:
        """Who calls whom."""

    @property
    def rate_hz(self) -> int:
        """The sample rate of both directions, in Hz, fixed for the call."""

    async def answer(self) -> None:
        """Accept the call.

        Raises:
            CallEnded: the caller gave up first.
        """

    async def tick(self) -> Tick | None:
        """Wait for and return the next 20 ms; ``None`` once the call has ended."""

    def play(self, pcm: Pcm, upcoming: Upcoming | None = None) -> None:
        """Queue exactly one frame for the caller. Dropped silently once the call has ended.

        ``upcoming`` tells what is played next, where that is known: a line may then send on through a stall. What it
        was told and is not played after all must be flushed.
        """

    def flush(self) -> int:
        """Drop what is queued and not yet sent; return how many samples the caller will not hear."""

    def awaiting(self, slot: str | None) -> None:
        """Learn that the assistant has finished speaking and listens, for ``slot`` if it asked for one.

        A real line has no use for it; a script plays its next turn.
        """

    async def transfer(self, order: TransferOrder) -> TransferResult:
        """Hand the call over; returns when the outcome is known.

        Meanwhile the conversation goes on: as long as the advisers' telephones ring and while one is told who calls,
        ``tick`` gives the caller's sound and keys and ``play`` is heard (music, a word now and then). Once a bridged
        conversation has begun the leg must still be ticked, which paces it, but ``tick`` gives silence and ``play`` is
        dropped until an adviser who hangs up within a few seconds gives the caller back. A caller who hangs up stops
        the ringing. Cancelling the task that waits here stops it too, and the caller stays.
        """

    async def hang_up(self) -> None:
        """End the call. Idempotent."""

    def stats(self) -> LegStats:
        """Return the line quality so far."""


class Line(Protocol):
    """Where calls arrive."""

    async def start(self) -> None:
        """Open the sockets and register.

        Raises:
            TelephonyError: an address is taken, a registrar refuses...
        """

    def calls(self) -> AsyncIterator[Leg]:
        """Yield each incoming call, unanswered, until the line is stopped."""

    async def drain(self) -> None:
        """Refuse new calls and wait until the live ones have ended, or the time given them has; ``calls`` then ends."""

    async def stop(self) -> None:
        """Refuse new calls, end live ones, close the sockets."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses to dial, one a number."""

    @property
    def worn_out(self) -> bool:
        """Whether the engine can no longer be trusted and the process must be replaced."""
