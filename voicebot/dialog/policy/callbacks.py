"""When a callback can come at the earliest: never promised for a half-day when no adviser is there."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from voicebot.dialog.wording import Words, near_date

MORNING, AFTERNOON = "matin", "après-midi"
_HORIZON_DAYS = 31
_STEP = timedelta(minutes=30)
_HALVES = {MORNING: (time(7), time(12)), AFTERNOON: (time(12), time(20))}
_TOLD = {MORNING: "dans la matinée", AFTERNOON: "dans l’après-midi"}


def earliest(preferred: str, now: datetime, is_open: Callable[[datetime], bool]) -> tuple[date, str] | None:
    """Return the first day, and its half, when advisers are there after ``now``.

    ``preferred`` is "matin", "après-midi", or anything else when the caller has no preference. Where advisers are never
    there in the half-day that is preferred, the other is taken; ``None`` when they are never there for a month.
    """
    for halves in ((preferred,) if preferred in _HALVES else (), (MORNING, AFTERNOON)):
        for ahead in range(_HORIZON_DAYS):
            day = now.date() + timedelta(days=ahead)
            for half in halves:
                if _is_ever_open(day, half, now, is_open):
                    return day, half
    return None


def told(preferred: str, now: datetime, is_open: Callable[[datetime], bool]) -> Words:
    """Return ", au plus tôt demain, mercredi 25 novembre, dans la matinée"; nothing when it cannot be told."""
    found = earliest(preferred, now, is_open)
    if found is None:
        return Words("")
    day, half = found
    date_words = near_date(day, now.date())
    part = f", {_TOLD[half]}" if preferred in _HALVES else ""
    return Words(f", au plus tôt {date_words.ear}{part}", f", au plus tôt {date_words.written}{part}")


def _is_ever_open(day: date, half: str, now: datetime, is_open: Callable[[datetime], bool]) -> bool:
    begin, end = _HALVES[half]
    moment = datetime.combine(day, begin, now.tzinfo)
    last = datetime.combine(day, end, now.tzinfo)
    while moment < last:
        if moment > now and is_open(moment):
            return True
        moment += _STEP
    return False
