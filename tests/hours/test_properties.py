"""What holds at every instant of every published school year, and of ten years given in a profile."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vacances_scolaires_france import SchoolHolidayDates

from voicebot.clock import PARIS
from voicebot.hours import Calendar, SchoolYears, Timetable, Week

LIBRARY = SchoolHolidayDates()
PUBLISHED = range(1990, 2028)
GIVEN = range(2028, 2038)
NINE_TO_FIVE = ((9 * 60, 17 * 60),)
MORNING = ((9 * 60, 12 * 60),)
SERVICE = Timetable(Week((NINE_TO_FIVE,) * 5 + ((), ()), ((5, MORNING),)))
FERIES = holidays.country_holidays("FR", years=range(1990, 2040))

TEN_YEARS = {
    year: (
        (date(year, 10, 20), date(year, 11, 4)),
        (date(year, 12, 20), date(year + 1, 1, 4)),
        (date(year + 1, 2, 10), date(year + 1, 2, 25)),
        (date(year + 1, 4, 10), date(year + 1, 4, 25)),
        (date(year + 1, 7, 5), date(year + 1, 8, 31)),
    )
    for year in GIVEN
}
ADVISERS = Calendar("conseillers", SERVICE, SchoolYears("C", TEN_YEARS))


def off_school(day: date) -> bool:
    """The school holidays, straight from the library's days or from the table above."""
    if day < date(2028, 9, 1):
        return bool(LIBRARY.is_holiday_for_zone(day, "C"))
    return any(first <= day <= last for periods in TEN_YEARS.values() for first, last in periods)


def should_be_open(at: datetime) -> bool:
    """The rule of the service, written once more, on the civil reading of the clock."""
    local = at.astimezone(PARIS)
    if local.date() in FERIES:
        return False
    if local.weekday() < 5:
        return 9 <= local.hour < 17
    return local.weekday() == 5 and off_school(local.date()) and 9 <= local.hour < 12


def instants(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Instants of the school years, with many at full hours, and one second and one microsecond before."""
    start, end = datetime(first, 9, 1, tzinfo=UTC), datetime(last + 1, 8, 31, tzinfo=UTC)
    hours = int((end - start).total_seconds()) // 3600
    shifts = st.sampled_from([timedelta(), timedelta(seconds=-1), timedelta(microseconds=-1), timedelta(minutes=23)])
    return st.builds(lambda hour, shift: start + timedelta(hours=hour) + shift, st.integers(1, hours), shifts)


anywhere = instants(PUBLISHED[0], GIVEN[-1])


@pytest.mark.parametrize("year", [*PUBLISHED, *GIVEN])
def test_every_day_of_a_school_year_has_the_hours_of_the_rule(year: int) -> None:
    day = date(year, 9, 1)
    while day < date(year + 1, 9, 1):
        for hour in (8, 9, 11, 12, 16, 17):
            at = datetime(day.year, day.month, day.day, hour, tzinfo=PARIS)
            assert ADVISERS.is_open(at) is should_be_open(at), at
        day += timedelta(days=1)


@given(anywhere)
def test_any_instant_is_open_as_the_rule_says(at: datetime) -> None:
    assert ADVISERS.is_open(at) is should_be_open(at)


@given(anywhere)
def test_the_next_opening_is_the_first_change_from_closed_to_open(at: datetime) -> None:
    opening = ADVISERS.next_opening(at)
    assert opening is not None
    assert opening > at
    assert ADVISERS.is_open(opening)
    assert not ADVISERS.is_open(opening - timedelta(microseconds=1))
    closes = ADVISERS.closes_at(at)
    probe = (closes or at).astimezone(UTC)
    while probe < opening:
        assert not ADVISERS.is_open(probe)
        probe += timedelta(hours=1)


@given(anywhere)
def test_an_opening_holds_until_its_closing(at: datetime) -> None:
    closes = ADVISERS.closes_at(at)
    assert (closes is not None) is ADVISERS.is_open(at)
    if closes is not None:
        assert at < closes <= at + timedelta(hours=8)
        assert ADVISERS.is_open(closes - timedelta(microseconds=1))
        assert not ADVISERS.is_open(closes)


@given(anywhere)
def test_the_zone_in_which_an_instant_is_written_changes_nothing(at: datetime) -> None:
    local = at.astimezone(PARIS)
    assert ADVISERS.is_open(at) is ADVISERS.is_open(local)
    assert ADVISERS.next_opening(at) == ADVISERS.next_opening(local)


@given(anywhere)
def test_the_words_of_the_next_opening_name_its_day_and_hour(at: datetime) -> None:
    opening = ADVISERS.next_opening(at)
    assert opening is not None
    told = ADVISERS.next_opening_words(at)
    assert told.endswith("à neuf heures")
    days = (opening.date() - at.astimezone(PARIS).date()).days
    weekday = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")[opening.weekday()]
    assert (weekday in told) is (days > 0)
    assert ("demain" in told) is (days == 1)


spans = st.lists(st.integers(0, 96), min_size=0, max_size=6, unique=True).map(
    lambda marks: tuple(
        (15 * start, 15 * end) for start, end in zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False)
    )
)
weeks = st.lists(spans, min_size=7, max_size=7).map(lambda days: Week(tuple(days)))
around_changes = st.sampled_from(["2026-10-24T20:00", "2027-03-27T20:00"]).flatmap(
    lambda start: st.integers(0, 10 * 60).map(
        lambda minutes: datetime.fromisoformat(start).replace(tzinfo=UTC) + timedelta(minutes=minutes)
    )
)


@given(weeks, around_changes)
def test_any_week_is_consistent_across_both_changes_of_clocks(week: Week, at: datetime) -> None:
    calendar = Calendar("essai", Timetable(week, on_public_holidays=None))
    closes, opening = calendar.closes_at(at), calendar.next_opening(at)
    if closes is not None:
        assert calendar.is_open(at)
        assert not calendar.is_open(closes)
        assert calendar.is_open(closes - timedelta(seconds=1))
    if opening is not None:
        assert calendar.is_open(opening)
        assert not calendar.is_open(opening.astimezone(UTC) - timedelta(seconds=1))
    _check_minute_by_minute(calendar, at, opening)


def _check_minute_by_minute(calendar: Calendar, at: datetime, opening: datetime | None) -> None:
    is_open: Callable[[datetime], bool] = calendar.is_open
    previous = is_open(at)
    for minute in range(1, 6 * 60):
        probe = at + timedelta(minutes=minute)
        now_open = is_open(probe)
        if now_open and not previous:
            assert opening is not None
            assert opening <= probe
            return
        previous = now_open
