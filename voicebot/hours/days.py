"""Which days are public holidays and which are school holidays, in France.

Public holidays come from the ``holidays`` library (code du travail, L3133-1, and the local law of Alsace-Moselle and
overseas). School holidays come from ``vacances-scolaires-france``, which carries the ministry's published calendars,
and from the profile for the years that the library does not have, or has wrong.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources

import holidays
from vacances_scolaires_france import SchoolHolidayDates

ZONES = ("A", "B", "C")
Period = tuple[date, date]
"""First and last day, both included."""


@lru_cache(maxsize=64)
def public_holidays(year: int, region: str = "") -> Mapping[date, str]:
    """Return the public holidays of ``year`` with their French names; ``region`` is a subdivision of the library."""
    return dict(holidays.country_holidays("FR", subdiv=region or None, years=year, language="fr"))


def known_regions() -> tuple[str, ...]:
    """Return the regions that have public holidays of their own."""
    return tuple(code for code in holidays.country_holidays("FR").subdivisions if not code.startswith("Zone"))


class _Published(SchoolHolidayDates):  # type: ignore[misc] # the library has no types
    """The library's calendars, read ten times faster: it parses fourteen thousand dates by ``strptime`` at a start."""

    def load_data(self) -> None:
        """Fill ``data`` from the library's file: the days on which a zone has holidays."""
        source = resources.files("vacances_scolaires_france").joinpath("data/data.csv").read_text(encoding="utf-8")
        keys = [self.zone_key(zone) for zone in ZONES]
        for row in csv.DictReader(source.splitlines()):
            zones = {key: row[key] == "True" for key in keys}
            if any(zones.values()):
                day = date.fromisoformat(row["date"])
                self.data[day] = {"date": day, "nom_vacances": row["nom_vacances"], **zones}


@lru_cache(maxsize=len(ZONES))
def _published(zone: str) -> Mapping[int, tuple[Period, ...]]:
    """Return the school years that the library knows whole, by the calendar year in which they start.

    A school year is whole when its summer holidays are there: the ministry publishes them last.
    """
    library = _Published()
    days: dict[int, list[date]] = {}
    for year in range(library.min_year, library.max_year + 1):
        for day in sorted(library.holidays_for_year_and_zone(year, zone)):
            days.setdefault(school_year(day), []).append(day)
    years = {start: _runs(found) for start, found in days.items()}
    return {start: runs for start, runs in years.items() if any(_in_july(run, start + 1) for run in runs)}


def _runs(days: list[date]) -> tuple[Period, ...]:
    runs: list[Period] = []
    for day in days:
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return tuple(runs)


def _in_july(run: Period, year: int) -> bool:
    return run[0] <= date(year, 7, 31) and run[1] >= date(year, 7, 1)


def school_year(day: date) -> int:
    """Return the calendar year in which the school year of ``day`` starts (it runs from September to August)."""
    return day.year if day.month >= 9 else day.year - 1


@dataclass(frozen=True, slots=True)
class SchoolYears:
    """The school holidays of one zone.

    ``given`` holds the school years written in the profile, by the year in which they start: each replaces the
    published one as a whole.
    """

    zone: str = "C"
    given: Mapping[int, tuple[Period, ...]] = field(default_factory=dict)

    def periods(self, start: int) -> tuple[Period, ...] | None:
        """Return the holidays of the school year starting in ``start``, or ``None`` when they are not known."""
        return self.given.get(start, _published(self.zone).get(start))

    def is_holiday(self, day: date) -> bool:
        """Tell whether ``day`` is in the school holidays; False where they are not known."""
        return any(first <= day <= last for first, last in self.periods(school_year(day)) or ())

    def known_until(self, today: date) -> date | None:
        """Return the last day known without a gap from ``today`` on, or ``None`` when today's year is not known."""
        start = school_year(today)
        if self.periods(start) is None:
            return None
        while self.periods(start + 1) is not None:
            start += 1
        return date(start + 1, 8, 31)
