"""What the service commits itself to, and whether a period kept it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from voicebot.journal.figures import Report


@dataclass(frozen=True, slots=True)
class Commitments:
    """The targets of the service. Rates are from 0 to 1, the delay in seconds, the satisfaction from 1 to 5.

    ``containment`` and ``first_call`` and ``satisfaction`` are least values, the others greatest ones.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    containment: float = 0.6
    first_call: float = 0.75
    abandoned: float = 0.1
    no_match: float = 0.15
    delay_p95_s: float = 1.5
    satisfaction: float = 4.0

    def __post_init__(self) -> None:
        for name in ("containment", "first_call", "abandoned", "no_match"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share, from 0 to 1")
        if self.delay_p95_s <= 0:
            raise ValueError("delay_p95_s must be more than 0 seconds")
        if not 1 <= self.satisfaction <= 5:
            raise ValueError("satisfaction is a mark, from 1 to 5")


@dataclass(frozen=True, slots=True)
class Kept:
    """One commitment over a period: its name, the target, what was reached (``None``: nothing to measure).

    ``kind`` says how both are written: ``share``, ``seconds`` or ``mark``; ``least`` whether the target is a floor.
    """

    name: str
    kind: str
    target: float
    reached: float | None
    least: bool

    @property
    def kept(self) -> bool | None:
        """Whether the target was reached; ``None`` with nothing to measure."""
        if self.reached is None:
            return None
        return self.reached >= self.target if self.least else self.reached <= self.target


OVERALL = "global"
"""The question of the survey that asks for an overall mark."""


def measure(report: Report, targets: Commitments) -> Sequence[Kept]:
    """Return how ``report`` stands against ``targets``, in the order of the pages."""
    p95_ms = report.delays.p95_ms
    mark = report.satisfaction.get(OVERALL)
    return (
        Kept("containment", "share", targets.containment, report.containment, least=True),
        Kept("first_call", "share", targets.first_call, report.first_call, least=True),
        Kept("abandoned", "share", targets.abandoned, report.abandoned, least=False),
        Kept("no_match", "share", targets.no_match, report.no_match, least=False),
        Kept("delays_p95_ms", "seconds", targets.delay_p95_s, None if p95_ms is None else p95_ms / 1000, least=False),
        Kept("satisfaction", "mark", targets.satisfaction, None if mark is None else mark.mean, least=True),
    )
