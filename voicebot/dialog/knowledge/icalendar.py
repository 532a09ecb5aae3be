"""Calendars in the format that every diary reads (iCalendar, RFC 5545): events of whole days, each with a reminder."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MEDIA_TYPE = "text/calendar"

_EVENING_BEFORE = "-PT5H"
"""From midnight: 19:00 the day before."""
_FOLD_BYTES = 75


@dataclass(frozen=True, slots=True)
class DayEvent:
    """Something that happens on ``day``. ``uid`` is the same each time the calendar is made."""

    uid: str
    day: date
    title: str
    detail: str = ""
    reminder: str = ""


def icalendar(title: str, events: Iterable[DayEvent], made_at: datetime) -> str:
    """Return the calendar as text, its lines ended and folded as the format asks."""
    stamp = made_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//voicebot//collecte//FR", "METHOD:PUBLISH"]
    lines.append(f"X-WR-CALNAME:{_text(title)}")
    for event in events:
        lines += _event(event, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(event: DayEvent, stamp: str) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{_text(event.uid)}",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{event.day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_text(event.title)}",
        "TRANSP:TRANSPARENT",
    ]
    if event.detail:
        lines.append(f"DESCRIPTION:{_text(event.detail)}")
    if event.reminder:
        alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(event.reminder)}"]
        lines += [*alarm, f"TRIGGER:{_EVENING_BEFORE}", "END:VALARM"]
    return [*lines, "END:VEVENT"]


def _text(value: str) -> str:
    value = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Cut a line into pieces of 75 bytes at most, never in the middle of a character."""
    pieces: list[str] = []
    piece, size = "", 0
    for char in line:
        width = len(char.encode())
        if size + width > _FOLD_BYTES:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + char, size + width
    return "\r\n".join([*pieces, piece])
