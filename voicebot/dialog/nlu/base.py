"""What understanding is, for the policy that acts on it.

``understand`` is pure: the same text and background give the same result. It raises nothing, whatever the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from voicebot.dialog.turns import Candidate


class Verdict(Enum):
    """What to do with the candidates: act, ask which of the first two, or say that it was not understood."""

    SURE = "sure"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Background:
    """What came before this turn: it resolves "et à Touques ?", "et le verre ?", "non, demain".

    ``slot`` is the one being asked for; ``intent`` and ``entities`` are those of the last request answered; ``now``
    anchors spoken dates.
    """

    now: datetime
    slot: str | None = None
    intent: str | None = None
    entities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understanding:
    """One request understood in what was heard.

    ``candidates`` are best first and never empty (``hors_sujet`` at least). ``entities`` follow the names and value
    forms of the service (commune official name, flux id, E.164 number, ISO date...). ``next`` is a further request
    noticed in the same sentence. ``elliptic`` says that the intent was taken over from the background.
    """

    verdict: Verdict
    candidates: tuple[Candidate, ...]
    entities: Mapping[str, str] = field(default_factory=dict)
    elliptic: bool = False
    next: "Understanding | None" = None

    @property
    def intent(self) -> str:
        """The likeliest intent."""
        return self.candidates[0].intent

    @property
    def whole(self) -> bool:
        """Whether nothing more needs to be said to act on it: a greeting is followed by what the call is about."""
        return self.verdict is Verdict.SURE and self.intent not in ("hors_sujet", "saluer")

    @property
    def confidence(self) -> float:
        """Its calibrated probability."""
        return self.candidates[0].confidence


class Understander(Protocol):
    """The engine of understanding, loaded once for a profile."""

    def understand(self, text: str, alternatives: tuple[str, ...], background: Background) -> Understanding:
        """Return what was asked. ``alternatives`` are the recogniser's other hypotheses."""

    def slot_value(self, slot: str, text: str, alternatives: tuple[str, ...], background: Background) -> str | None:
        """Return the value of ``slot`` found in an answer to its question, or ``None``."""
