"""The only source of time.

Everything that needs to know what day or hour it is receives a ``Clock``. ``WallClock`` reads the system;
``VirtualClock`` moves only when it is told to, by the line of a replayed call, one frame at a time.
"""

import time
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


class Clock(Protocol):
    """Time, in two forms: a monotonic count of seconds and the civil date and time."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary origin; never goes back."""

    def now(self) -> datetime:
        """Return the civil date and time, with its zone."""


class WallClock:
    """The system's time, in ``zone``."""

    def __init__(self, zone: ZoneInfo = PARIS) -> None:
        self._zone = zone

    def monotonic(self) -> float:
        """Return ``time.monotonic()``."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the system's date and time in the clock's zone."""
        return datetime.now(self._zone)


class VirtualClock:
    """A time that starts at ``start`` (with a zone) and moves only by ``advance``."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            start = start.replace(tzinfo=PARIS)
        self._start = start
        self._elapsed_s = 0.0

    def monotonic(self) -> float:
        """Return the seconds advanced since the start."""
        return self._elapsed_s

    def now(self) -> datetime:
        """Return the start plus what was advanced, right across a change of clocks."""
        moved = self._start.astimezone(ZoneInfo("UTC")) + timedelta(seconds=self._elapsed_s)
        return moved.astimezone(self._start.tzinfo)

    def advance(self, seconds: float) -> None:
        """Move time forward by ``seconds``."""
        if seconds < 0:
            raise ValueError(f"time cannot go back ({seconds} s)")
        self._elapsed_s += seconds
