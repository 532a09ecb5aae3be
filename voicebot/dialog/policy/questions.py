"""What the assistant may be waiting for, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from voicebot.dialog.knowledge.answers import Choice


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question with declared choices, each leading somewhere. ``answer`` is the answer it came with."""

    answer: str
    choices: tuple[Choice, ...]
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class SlotQuestion:
    """A value needed to answer ``intent``. ``attempt`` counts the tries."""

    slot: str
    intent: str
    entities: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class ConfirmSlot:
    """Ask whether a value was heard right (*Vous avez dit Touques ?*)."""

    value: str
    asked: SlotQuestion


@dataclass(frozen=True, slots=True)
class ClarifyQuestion:
    """Which of two intents was meant."""

    first: str
    second: str
    entities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The subjects that the chat shows as buttons."""

    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class MoreQuestion:
    """Anything else?"""


@dataclass(frozen=True, slots=True)
class FormQuestion:
    """The form in progress waits; what for is in its run."""


Question: TypeAlias = (
    FollowUp | SlotQuestion | ConfirmSlot | ClarifyQuestion | Suggestions | MoreQuestion | FormQuestion
)
