"""One opening calendar: is it open, when does it close, when does it open next.

Hours are civil hours of the calendar's zone. Each opening is one stretch of instants, so both changes of clocks are
right by construction: a stretch keeps its civil bounds, and lasts an hour more or less across a change. A naive
``datetime`` is taken as civil time of the calendar's zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from voicebot.clock import PARIS
from voicebot.hours import words
from voicebot.hours.days import SchoolYears, public_holidays

DAY_MINUTES = 24 * 60
_HORIZON_DAYS = 400
_CACHED_DAYS = 1024

Span = tuple[int, int]
"""Opening and closing, in minutes since midnight; open at the first, closed at the last."""
Spans = tuple[Span, ...]
CLOSED: Spans = ()


@dataclass(frozen=True, slots=True)
class Week:
    """The hours of the seven days, Monday first; ``in_school_holidays`` replaces those of some weekdays then."""

    days: tuple[Spans, ...] = (CLOSED,) * 7
    in_school_holidays: tuple[tuple[int, Spans], ...] = ()

    def spans(self, weekday: int, school_holiday: bool) -> Spans:
        """Return the hours of ``weekday`` (0 is Monday)."""
        if school_holiday:
            for replaced, spans in self.in_school_holidays:
                if replaced == weekday:
                    return spans
        return self.days[weekday]


@dataclass(frozen=True, slots=True)
class Season:
    """A part of every year with its own week, both ends included, as (month, day); it may span the new year."""

    first: tuple[int, int]
    last: tuple[int, int]
    week: Week

    def holds(self, day: date) -> bool:
        """Tell whether ``day`` is in season."""
        mark = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= mark <= self.last
        return mark >= self.first or mark <= self.last


@dataclass(frozen=True, slots=True)
class Exceptional:
    """Days, both ends included, whose hours are neither those of the week nor those of a holiday; none: closed."""

    first: date
    last: date
    spans: Spans = CLOSED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Timetable:
    """What is written about one calendar.

    Exceptional days come before public holidays, which come before the season, which comes before the week.
    ``on_public_holidays`` is ``None`` when they change nothing. ``confirmed`` is False until the community has said
    that these hours are right.
    """

    week: Week
    seasons: tuple[Season, ...] = ()
    exceptional: tuple[Exceptional, ...] = ()
    on_public_holidays: Spans | None = CLOSED
    name: str = ""
    confirmed: bool = False
    source: str = ""

    def week_of(self, day: date) -> Week:
        """Return the week in force on ``day``."""
        return next((season.week for season in self.seasons if season.holds(day)), self.week)

    @property
    def depends_on_school(self) -> bool:
        """Whether school holidays change anything."""
        return any(week.in_school_holidays for week in (self.week, *(season.week for season in self.seasons)))


class Calendar:
    """The calendar ``id``: a timetable in a place. Safe to share between threads."""

    def __init__(
        self,
        id: str,  # noqa: A002
        timetable: Timetable,
        school: SchoolYears | None = None,
        zone: ZoneInfo = PARIS,
        region: str = "",
    ) -> None:
        self.id = id
        self.timetable = timetable
        self._school = school or SchoolYears()
        self._zone = zone
        self._region = region
        self._stretches = lru_cache(maxsize=_CACHED_DAYS)(self._compute_stretches)

    @property
    def confirmed(self) -> bool:
        """Whether the community has confirmed these hours."""
        return self.timetable.confirmed

    @property
    def name(self) -> str:
        """What the calendar is about, in French ("les conseillers")."""
        return self.timetable.name or self.id

    @property
    def school(self) -> SchoolYears:
        """The school holidays this calendar goes by."""
        return self._school

    def spans(self, day: date) -> Spans:
        """Return the civil hours of ``day``, in minutes since midnight, in order; empty when closed."""
        for exceptional in self.timetable.exceptional:
            if exceptional.first <= day <= exceptional.last:
                return exceptional.spans
        if self.timetable.on_public_holidays is not None and day in public_holidays(day.year, self._region):
            return self.timetable.on_public_holidays
        week = self.timetable.week_of(day)
        return week.spans(day.weekday(), bool(week.in_school_holidays) and self._school.is_holiday(day))

    def is_open(self, at: datetime) -> bool:
        """Tell whether ``at`` is within opening hours: open at the opening instant, closed at the closing one."""
        local = self._local(at)
        moment = local.timestamp()
        return any(start <= moment < end for start, end in self._stretches(local.date()))

    def closes_at(self, at: datetime) -> datetime | None:
        """Return when the opening in progress ends; ``None`` when closed at ``at``, or open without an end in sight."""
        local = self._local(at)
        moment = local.timestamp()
        for start, end in self._joined(local.date()):
            if start <= moment < end:
                limit = (local + timedelta(days=_HORIZON_DAYS)).timestamp()
                return self._civil(end) if end < limit else None
        return None

    def next_opening(self, at: datetime) -> datetime | None:
        """Return the first opening strictly after ``at``, in civil time; ``None`` when there is none in 400 days.

        While open, that is the opening after the present one.
        """
        local = self._local(at)
        moment = local.timestamp()
        return next((self._civil(start) for start, _ in self._joined(local.date()) if start > moment), None)

    def next_opening_words(self, at: datetime) -> str:
        """Return the next opening as one says it: "demain, lundi, à neuf heures", or "prochainement" if unknown."""
        opening = self.next_opening(at)
        return words.opening(opening, self._local(at)) if opening else "prochainement"

    def weekly_words(self, on: date | None = None) -> str:
        """Return the hours as one says them after "ouvert".

        Without ``on``, those of the whole year, seasons and school holidays included; with it, only the week in force
        on that day: shorter, and all that a caller needs. Neither tells of public holidays and exceptional days.
        """
        timetable = self.timetable
        if on is not None:
            return words.week(self._week_in_force(on))
        if not timetable.seasons:
            return words.week(timetable.week.days, timetable.week.in_school_holidays)
        told = [
            words.season(season.first, season.last, words.week(season.week.days, season.week.in_school_holidays))
            for season in timetable.seasons
        ]
        if any(timetable.week.days):
            told.append(words.rest_of_year(words.week(timetable.week.days, timetable.week.in_school_holidays)))
        return words.sequence(told)

    def _week_in_force(self, on: date) -> tuple[Spans, ...]:
        week = self.timetable.week_of(on)
        monday = on - timedelta(days=on.weekday())
        dates = (monday + timedelta(days=number) for number in range(7))
        return tuple(
            week.spans(day.weekday(), bool(week.in_school_holidays) and self._school.is_holiday(day)) for day in dates
        )

    def _local(self, at: datetime) -> datetime:
        return at.replace(tzinfo=self._zone) if at.tzinfo is None else at.astimezone(self._zone)

    def _civil(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, self._zone)

    def _joined(self, day: date) -> Iterator[tuple[float, float]]:
        """Yield the stretches from ``day`` on, those which meet at midnight as one."""
        current: tuple[float, float] | None = None
        # From the day before: what is open at midnight may have opened earlier.
        for ahead in range(-1, _HORIZON_DAYS + 2):
            for start, end in self._stretches(day + timedelta(days=ahead)):
                if current and start <= current[1]:
                    current = (current[0], end)
                else:
                    if current:
                        yield current
                    current = (start, end)
        if current:
            yield current

    def _compute_stretches(self, day: date) -> tuple[tuple[float, float], ...]:
        bounds = ((self._instant(day, start), self._instant(day, end)) for start, end in self.spans(day))
        return tuple((start, end) for start, end in bounds if start < end)

    def _instant(self, day: date, minute: int) -> float:
        """Return the first instant at which the civil time is ``minute`` of ``day`` or later, in POSIX seconds."""
        civil = datetime.combine(day + timedelta(days=minute // DAY_MINUTES), time())
        civil += timedelta(minutes=minute % DAY_MINUTES)
        moment = civil.replace(tzinfo=self._zone)
        back = moment.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None)
        if back == civil:
            return moment.timestamp()
        # The hour skipped in spring: with fold=1 the same reading lies before the change, from where we walk to it.
        early = moment.replace(fold=1).timestamp()
        return next(early + 60 * step for step in range(DAY_MINUTES) if self._reads(early + 60 * step) >= civil)

    def _reads(self, moment: float) -> datetime:
        return self._civil(moment).replace(tzinfo=None)
