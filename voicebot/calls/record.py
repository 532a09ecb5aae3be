"""What happened in one call, as it goes: the turns, what was promised, how it ended. A chat is kept the same way.

The journal stores it and ``replay`` prints it; the JSON form is the command line's contract (docs/cli.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from voicebot.dialog.turns import Record, Subscribe, Unsubscribe
from voicebot.telephony.base import LegStats

TurnChannel: TypeAlias = Literal["voice", "keys", "silence", "text", "recording"]
Outcome: TypeAlias = Literal["failed", "transferred", "appointment", "ticket", "callback", "answered", "hung_up"]


@dataclass(slots=True)
class TurnRecord:
    """One turn of the caller and the answer to it.

    Times are seconds since the call was answered. ``speech_end_s`` is the last sample of the caller's speech as the
    end-of-turn detector saw it (the moment a typed message came); ``answer_s`` the first sample specific to the answer.
    ``interrupted``: the caller cut the assistant short with this turn. ``parts_s`` splits the answer delay for
    ``bench turn``.
    """

    t_s: float
    channel: TurnChannel
    heard: str = ""
    intent: str | None = None
    confidence: float = 0.0
    entities: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    interrupted: bool = False
    speech_end_s: float | None = None
    answer_s: float | None = None
    parts_s: dict[str, float] = field(default_factory=dict)

    def delay_ms(self) -> int | None:
        """Return the answer delay in ms, ``None`` when there was no speech or no answer."""
        if self.speech_end_s is None or self.answer_s is None:
            return None
        return round((self.answer_s - self.speech_end_s) * 1000)


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """Where the call was handed over, and the ``TransferResult`` value it ended with."""

    target: str
    result: str


@dataclass(slots=True)
class CallRecord:
    """One call, or one chat. ``realtime`` False means that delays have no meaning and are left out.

    ``preferences`` are the ways of speaking that the caller agreed to have remembered; ``news`` what they said of being
    told of news, in order; ``public`` who they said they are (see ``Reply``). ``on_hold`` during a hand-over.
    ``hole_s`` is the longest silence in the middle of something said, for want of its sound.
    """

    call_id: str
    at: datetime
    called: str
    caller: str
    profile: str
    realtime: bool = True
    greeting: str = ""
    duration_s: float = 0.0
    turns: list[TurnRecord] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    transfer: TransferRecord | None = None
    on_hold: bool = False
    answered: bool = False
    failed: bool = False
    survey: dict[str, int | str] = field(default_factory=dict)
    preferences: dict[str, str] = field(default_factory=dict)
    news: list[Subscribe | Unsubscribe] = field(default_factory=list)
    public: str = ""
    stats: LegStats | None = None
    transcripts: dict[str, str] = field(default_factory=dict)
    """What was said in the messages recorded, by their id in the store: known after the call."""
    hole_s: float = 0.0
    contact: str = ""
    """Its id in the journal, and the page where it is shown, if there is one."""
    link: str = ""

    @property
    def outcome(self) -> Outcome:
        """How the call ended: the first that applies, whoever hung up."""
        if self.failed:
            return "failed"
        if self.transfer is not None and self.transfer.result == "answered":
            return "transferred"
        kinds = {record.type for record in self.records}
        if "appointment" in kinds:
            return "appointment"
        if kinds & {"ticket", "message"}:
            return "ticket"
        if "callback" in kinds:
            return "callback"
        return "answered" if self.answered else "hung_up"

    def to_json(self) -> dict[str, Any]:
        """Return the call as the ``replay`` command prints it."""
        return {
            "call_id": self.call_id,
            "at": self.at.isoformat(),
            "called": self.called,
            "caller": self.caller,
            "profile": self.profile,
            "outcome": self.outcome,
            "duration_s": round(self.duration_s, 2),
            "greeting": self.greeting,
            "turns": [self._turn(turn) for turn in self.turns],
            "tickets": self._of("ticket", "message"),
            "appointments": self._of("appointment"),
            "callbacks": self._of("callback"),
            "transfer": None
            if self.transfer is None
            else {"target": self.transfer.target, "result": self.transfer.result},
            "survey": self.survey,
        }

    def _turn(self, turn: TurnRecord) -> dict[str, Any]:
        return {
            "t_s": round(turn.t_s, 2),
            "channel": turn.channel,
            "heard": turn.heard,
            "intent": turn.intent,
            "confidence": round(turn.confidence, 3),
            "entities": dict(turn.entities),
            "said": turn.said,
            "answer_delay_ms": turn.delay_ms() if self.realtime else None,
            "interrupted": turn.interrupted,
        }

    def _of(self, *kinds: str) -> list[dict[str, Any]]:
        return [self._told(record) for record in self.records if record.type in kinds]

    def _told(self, record: Record) -> dict[str, Any]:
        told = {"type": record.type, "reference": record.reference, "form": record.form, "slots": dict(record.slots)}
        voice = record.voice
        if voice is None:
            return told
        heard = self.transcripts.get(voice.id, "")
        return told | {"voice": {"duration_s": voice.duration_s, "ended": voice.ended, "transcript": heard}}
