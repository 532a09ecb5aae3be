"""Opening hours in spoken French: dates, hours and weeks as one says them on the telephone. Pure functions."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from num2words import num2words

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_ALL_DAY = (0, 24 * 60)
_SOON = timedelta(hours=3)
_NOON_H, _EVENING_H = 12, 18
_FAR = timedelta(days=183)

Spans = tuple[tuple[int, int], ...]


def hour(minute: int) -> str:
    """Return the time of day ``minute`` minutes after midnight: "neuf heures trente", "midi", "minuit"."""
    hours, minutes = divmod(minute % (24 * 60), 60)
    if hours in (0, 12):
        told = "midi" if hours else "minuit"
    else:
        told = f"{_feminine(hours)} {'heure' if hours == 1 else 'heures'}"
    return f"{told} {_feminine(minutes)}" if minutes else told


def _feminine(number: int) -> str:
    told = str(num2words(number, lang="fr"))
    return f"{told}e" if number % 10 == 1 and number != 11 else told


def month_day(month: int, day: int) -> str:
    """Return "premier avril", "trente septembre"."""
    number = "premier" if day == 1 else num2words(day, lang="fr")
    return f"{number} {MONTHS[month - 1]}"


def full_date(day: date, today: date) -> str:
    """Return "mardi premier décembre", with the year when it is another one and more than six months away."""
    told = f"{WEEKDAYS[day.weekday()]} {month_day(day.month, day.day)}"
    if day.year != today.year and abs(day - today) > _FAR:
        told += f" {num2words(day.year, lang='fr')}"
    return told


def opening(moment: datetime, now: datetime) -> str:
    """Return ``moment`` as told at ``now`` (both civil times of one zone, ``moment`` the later one)."""
    time_of_day = f"à {hour(moment.hour * 60 + moment.minute)}"
    days = (moment.date() - now.date()).days
    if days == 0:
        return f"{_part_of_day(moment, now)} {time_of_day}"
    if days == 1:
        return f"demain, {WEEKDAYS[moment.weekday()]}, {time_of_day}"
    return f"{full_date(moment.date(), now.date())} {time_of_day}"


def _part_of_day(moment: datetime, now: datetime) -> str:
    def part(at: datetime) -> str:
        if at.hour < _NOON_H:
            return "ce matin"
        return "cet après-midi" if at.hour < _EVENING_H else "ce soir"

    if moment - now <= _SOON and part(moment) == part(now):
        return "tout à l’heure"
    return part(moment)


def list_of(items: Iterable[str]) -> str:
    """Return "a, b et c"."""
    parts = list(items)
    return f"{', '.join(parts[:-1])} et {parts[-1]}" if len(parts) > 1 else "".join(parts)


def sequence(items: Sequence[str]) -> str:
    """Return "a, b, et c": the comma tells these apart from the "et" inside each."""
    return f"{', '.join(items[:-1])}, et {items[-1]}" if len(items) > 1 else "".join(items)


def season(first: tuple[int, int], last: tuple[int, int], told: str) -> str:
    """Return the hours ``told`` of a season between two (month, day)."""
    return f"du {month_day(*first)} au {month_day(*last)}, {told}"


def rest_of_year(told: str) -> str:
    """Return the hours ``told`` out of season."""
    return f"le reste de l’année, {told}"


def week(days: Sequence[Spans], in_school_holidays: Iterable[tuple[int, Spans]] = ()) -> str:
    """Return the hours of a week: "du lundi au vendredi de neuf heures à dix-sept heures, et ..."."""
    told = _groups(enumerate(days))
    changed = [(day, spans) for day, spans in in_school_holidays if spans != days[day]]
    then = _groups((day, spans) for day, spans in changed if spans)
    closed = _days([day for day, spans in changed if not spans])
    text = sequence(told) or ("" if then else "à certaines dates seulement")
    if then:
        text += f"{', et ' if text else ''}pendant les vacances scolaires {sequence(then)}"
    if closed:
        text += f", sauf {closed}{'' if then else ' pendant les vacances scolaires'}"
    return text


def _groups(days: Iterable[tuple[int, Spans]]) -> list[str]:
    by_hours: dict[Spans, list[int]] = {}
    for day, spans in days:
        if spans:
            by_hours.setdefault(spans, []).append(day)
    return [f"{_days(found)}{',' if spans == (_ALL_DAY,) else ''} {_hours(spans)}" for spans, found in by_hours.items()]


def _hours(spans: Spans) -> str:
    if spans == (_ALL_DAY,):
        return "jour et nuit"
    return list_of(f"de {hour(start)} à {hour(end)}" for start, end in spans)


def _days(days: Sequence[int]) -> str:
    if len(days) == len(WEEKDAYS):
        return "tous les jours"
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    told: list[str] = []
    for run in runs:
        if len(run) > 2:
            told.append(f"du {WEEKDAYS[run[0]]} au {WEEKDAYS[run[-1]]}")
        else:
            told.extend(f"le {WEEKDAYS[day]}" for day in run)
    return list_of(told)
