"""What a configuration may say of calls: ``[message]``, the messages that callers leave after the beep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

_LONGEST_S = 300.0
"""A longer message would not fit in an e-mail."""


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """How spoken messages are recorded.

    ``enabled`` False offers a callback instead. A message ends at ``longest_s``, of which the caller is warned by two
    short tones ``warning_s`` before, or after ``pause_s`` of silence. Of a caller who hangs up in the middle, what was
    said is kept from ``shortest_s`` on. ``attach`` joins the sound to the e-mail that tells the service: it then leaves
    the encrypted store and its retention, so by default the e-mail only has a link.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

    enabled: bool = True
    longest_s: float = 120.0
    warning_s: float = 15.0
    pause_s: float = 4.0
    shortest_s: float = 3.0
    attach: bool = False

    def __post_init__(self) -> None:
        if not 10 <= self.longest_s <= _LONGEST_S:
            raise ValueError(f"longest_s must be 10 to {_LONGEST_S:g} seconds")
        if not 0 <= self.warning_s < self.longest_s:
            raise ValueError("warning_s must be less than longest_s")
        if not 1.5 <= self.pause_s <= 20:
            raise ValueError("pause_s must be 1.5 to 20 seconds")
        if not 0 < self.shortest_s <= 30:
            raise ValueError("shortest_s must be above 0 and at most 30 seconds")
