"""What a conversation needs from the rest of the product, as narrow protocols owned here."""

from typing import Protocol

from voicebot.audio.frames import Pcm
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.dialog.knowledge.identity import Target
from voicebot.dialog.turns import Heard, Record, Reply
from voicebot.telephony.base import TransferOrder


class Dialogue(Protocol):
    """One conversation with the brain. Synchronous; called from one thread at a time."""

    def fork(self) -> "Dialogue":
        """Return the same conversation apart, to answer a turn that may not be over; quick."""

    def greet(self) -> Reply:
        """Return the opening words."""

    def respond(self, heard: Heard) -> Reply:
        """Return the answer to one turn of the caller."""

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        """Return what to tell a caller who waits for an adviser, and what they may answer.

        ``queued``: how many callers wait before them, and about how many minutes (``None``: unknown). ``None`` while
        telephones ring: nothing is said.
        """

    def returned(self, result: str) -> Reply:
        """Return what to say when a transfer failed and the caller is back (``busy``, ``no_answer``, ``reject``...)."""

    def left(self) -> tuple[Record, ...]:
        """Return what a caller who has hung up had said enough of to be kept."""


class Targets(Protocol):
    """The advisers of a profile: the only places a call can be handed to."""

    def target(self, target: str) -> Target | None:
        """Return what the profile says of ``target``; ``None`` when it does not know it."""

    def orders(self, target: str) -> tuple[TransferOrder, ...]:
        """Return the places to try for ``target``, in order; empty when the profile does not know it."""


class Witness(Protocol):
    """Whoever follows a call while it goes on: recorder, live page, bench."""

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        """Follow one 20 ms frame of both sides."""

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Follow a turn once its answer is being heard and stands."""

    def ended(self, call: CallRecord) -> None:
        """Follow the end of the call."""


class VoiceLost(Exception):
    """A message could not be put in the store; the reason names nobody."""


class VoiceStore(Protocol):
    """Where messages are put, encrypted."""

    def ready(self) -> bool:
        """Return whether a message could be put there now; quick, from any thread."""

    async def keep(self, wav: bytes) -> str:
        """Put a WAV there; return its id.

        Raises:
            VoiceLost: it cannot be: disk full, key missing...
        """

    async def drop(self, voice: str) -> None:
        """Take a message out."""
