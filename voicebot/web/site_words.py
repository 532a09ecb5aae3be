"""How values are written on the pages: dates, durations, numbers, and the French names of what the journal keeps."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from voicebot.clock import PARIS
from voicebot.hours.words import MONTHS, WEEKDAYS
from voicebot.journal.sheets import load_labels
from voicebot.web.typography import spaced

_THIN = "\u202f"
_TIED = "\u00a0"
_DASH = "–"

_NAMES: dict[str, dict[str, str]] = load_labels()
LABELS: Mapping[str, Mapping[str, str]] = _NAMES
"""French names of the journal's values, by kind."""


def day(value: date | datetime | str | None) -> str:
    """Write a day: ``mardi 24 novembre 2026``."""
    found = _local(value)
    if found is None:
        return _DASH
    first = "1er" if found.day == 1 else str(found.day)
    return f"{WEEKDAYS[found.weekday()]} {first} {MONTHS[found.month - 1]} {found.year}"


def short_day(value: date | datetime | str | None) -> str:
    """Write a day in figures: ``24/11/2026``."""
    found = _local(value)
    return _DASH if found is None else f"{found:%d/%m/%Y}"


def moment(value: datetime | None) -> str:
    """Write a moment: ``24/11/2026 à 10 h 05``."""
    if value is None:
        return _DASH
    local = value.astimezone(PARIS)
    return f"{local:%d/%m/%Y} à {local:%H}{_TIED}h{_TIED}{local:%M}"


def clock_time(value: datetime | None) -> str:
    """Write an hour: ``10 h 05``."""
    if value is None:
        return _DASH
    local = value.astimezone(PARIS)
    return f"{local:%H}{_TIED}h{_TIED}{local:%M}"


def number(value: float | int | None, decimals: int = 0) -> str:
    """Write a number as the French do: ``12 345,6``."""
    if value is None:
        return _DASH
    return f"{value:,.{decimals}f}".replace(",", _THIN).replace(".", ",")


def percent(value: float | None, decimals: int = 0) -> str:
    """Write a share of 1 as a percentage."""
    return _DASH if value is None else f"{number(value * 100, decimals)}{_THIN}%"


def duration(seconds: float | None) -> str:
    """Write how long something lasted: ``2 min 05 s``."""
    if seconds is None:
        return _DASH
    minutes, left = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60}{_TIED}h{_TIED}{minutes % 60:02d}{_TIED}min"
    return f"{minutes}{_TIED}min{_TIED}{left:02d}{_TIED}s" if minutes else f"{left}{_TIED}s"


def delay(ms: float | None) -> str:
    """Write a delay in seconds: ``0,8 s``."""
    return _DASH if ms is None else f"{number(ms / 1000, 1)}{_TIED}s"


def named(value: str | None, kind: str) -> str:
    """Write a value of the journal by its French name."""
    if not value:
        return _DASH
    return _NAMES.get(kind, {}).get(value, value)


def understood(value: str) -> str:
    """Write what was understood as people read it: ``24/11/2026``, ``de 08 h 00 à 12 h 00``."""
    ends = [_day_or_hour(end) for end in value.split("/")]
    if len(ends) > 2 or None in ends:
        return value.replace("_", " ")
    return str(ends[0]) if len(ends) == 1 else f"de {ends[0]} à {ends[1]}"


def _day_or_hour(text: str) -> str | None:
    found = re.fullmatch(r"(\d\d):(\d\d)", text)
    if found is not None:
        return f"{found[1]}{_TIED}h{_TIED}{found[2]}"
    return short_day(text) if _local(text) is not None else None


def _local(value: date | datetime | str | None) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(PARIS).date()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value


def initial(text: str) -> str:
    """Write a text with a first capital, its other letters as they are: names keep theirs."""
    return text[:1].upper() + text[1:]


def pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return values that are their own names, as a list of choices."""
    return [(value, value) for value in values]


FILTERS: dict[str, Callable[..., Any]] = {
    "day": day,
    "short_day": short_day,
    "moment": moment,
    "clock_time": clock_time,
    "number": number,
    "percent": percent,
    "duration": duration,
    "delay": delay,
    "named": named,
    "understood": understood,
    "initial": initial,
    "pairs": pairs,
    "spaced": spaced,
}
