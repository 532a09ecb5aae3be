"""When the service is open, when it closes and when it opens next."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from vacances_scolaires_france import SchoolHolidayDates

from voicebot.clock import PARIS
from voicebot.hours import Calendar, Exceptional, OpeningHours, SchoolYears, Season, Timetable, UnknownCalendar, Week

NINE_TO_FIVE = ((9 * 60, 17 * 60),)
MORNING = ((9 * 60, 12 * 60),)
ALL_DAY = ((0, 24 * 60),)
WORKING_WEEK = Week((NINE_TO_FIVE,) * 5 + ((), ()))


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def calendar_of(*spans: tuple[int, int], **others: object) -> Calendar:
    """A calendar with the same hours every day of the year."""
    return Calendar("essai", Timetable(Week((spans,) * 7), on_public_holidays=None, **others))  # type: ignore[arg-type]


@pytest.mark.parametrize("day", ["2026-11-24", "2026-07-15", "2027-03-26", "2026-10-26"])
@pytest.mark.parametrize(
    ("time", "expected"),
    [("08:59:59", False), ("09:00:00", True), ("12:30:00", True), ("16:59:59.999", True), ("17:00:00", False)],
)
def test_a_working_day_opens_at_nine_and_is_closed_at_seventeen_sharp(
    advisers: Calendar, day: str, time: str, expected: bool
) -> None:
    assert advisers.is_open(paris(f"{day}T{time}")) is expected


@pytest.mark.parametrize(
    "day",
    ["2026-07-14", "2026-12-25", "2027-01-01", "2027-03-29", "2027-05-06", "2027-05-17", "2026-11-11", "2028-05-01"],
)
def test_a_public_holiday_is_closed(advisers: Calendar, day: str) -> None:
    assert not any(advisers.is_open(paris(f"{day}T{hour:02}:30")) for hour in range(24))


@pytest.mark.parametrize("day", ["2026-10-24", "2026-12-19", "2027-02-13", "2027-04-10", "2027-07-03", "2028-08-26"])
def test_a_saturday_of_the_zone_c_holidays_is_open_in_the_morning(advisers: Calendar, day: str) -> None:
    assert advisers.is_open(paris(f"{day}T09:00:00"))
    assert advisers.is_open(paris(f"{day}T11:59:59"))
    assert not advisers.is_open(paris(f"{day}T12:00:00"))


@pytest.mark.parametrize("day", ["2026-11-28", "2027-01-09", "2027-02-27", "2027-06-26", "2026-09-05"])
def test_a_saturday_of_term_is_closed_even_when_other_zones_are_on_holiday(advisers: Calendar, day: str) -> None:
    assert not advisers.is_open(paris(f"{day}T10:00:00"))


def test_the_8_may_2027_is_closed_though_the_schools_are_on_holiday(advisers: Calendar) -> None:
    saturday = date(2027, 5, 8)
    assert advisers.school.is_holiday(saturday)
    assert not advisers.is_open(paris("2027-05-08T10:00:00"))
    assert advisers.next_opening(paris("2027-05-08T10:00:00")) == paris("2027-05-10T09:00:00")


def test_past_the_published_school_holidays_a_saturday_is_closed(advisers: Calendar) -> None:
    assert advisers.is_open(paris("2028-08-26T10:00:00"))
    day = datetime(2028, 9, 2, 10, tzinfo=PARIS)
    while day.year < 2039:
        assert not advisers.is_open(day)
        day += timedelta(days=7)


def test_the_caller_s_zone_does_not_matter(advisers: Calendar) -> None:
    assert advisers.is_open(datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC))
    assert not advisers.is_open(datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    assert advisers.is_open(datetime(2026, 7, 15, 14, 59, 59, tzinfo=UTC))
    assert not advisers.is_open(datetime(2026, 7, 15, 15, 0, tzinfo=UTC))
    assert advisers.is_open(datetime(2026, 11, 25, 1, 0, tzinfo=timezone(timedelta(hours=10), "Sydney")) - timedelta(1))


def test_a_naive_time_is_civil_time_of_the_calendar() -> None:
    overseas = Calendar("réunion", Timetable(WORKING_WEEK), zone=ZoneInfo("Indian/Reunion"))
    naive = datetime(2026, 11, 24, 9, 0)  # noqa: DTZ001
    assert overseas.is_open(naive)
    assert overseas.is_open(datetime(2026, 11, 24, 5, 0, tzinfo=UTC))
    assert not overseas.is_open(datetime(2026, 11, 24, 4, 59, tzinfo=UTC))


def test_a_lunch_break_is_closed_and_ends_with_an_opening() -> None:
    shop = calendar_of((9 * 60, 12 * 60), (14 * 60, 17 * 60))
    lunch = paris("2026-11-24T12:00:00")
    assert not shop.is_open(lunch)
    assert shop.closes_at(paris("2026-11-24T09:30:00")) == lunch
    assert shop.next_opening(lunch) == paris("2026-11-24T14:00:00")


def test_the_next_opening_while_open_is_the_one_after(advisers: Calendar) -> None:
    assert advisers.next_opening(paris("2026-11-24T09:00:00")) == paris("2026-11-25T09:00:00")


def test_the_closing_time_is_known_only_while_open(advisers: Calendar) -> None:
    assert advisers.closes_at(paris("2026-11-24T16:59:59")) == paris("2026-11-24T17:00:00")
    assert advisers.closes_at(paris("2026-11-24T17:00:00")) is None


def test_a_season_may_span_the_new_year_and_leaves_the_other_days_to_the_week() -> None:
    winter = Season((11, 1), (2, 29), Week((MORNING,) * 7))
    centre = Calendar("centre", Timetable(Week((NINE_TO_FIVE,) * 7), (winter,), on_public_holidays=None))
    for day, afternoon in [("2026-10-31", True), ("2026-11-01", False), ("2028-02-29", False), ("2028-03-01", True)]:
        assert centre.is_open(paris(f"{day}T10:00:00"))
        assert centre.is_open(paris(f"{day}T15:00:00")) is afternoon


def test_exceptional_days_come_before_public_holidays_and_the_week() -> None:
    exceptional = (
        Exceptional(date(2026, 12, 24), date(2026, 12, 24), MORNING),
        Exceptional(date(2026, 12, 25), date(2026, 12, 25), MORNING, "veillée"),
        Exceptional(date(2026, 12, 28), date(2026, 12, 31)),
    )
    desk = Calendar("accueil", Timetable(WORKING_WEEK, exceptional=exceptional))
    open_at = [day for day in range(23, 32) if desk.is_open(paris(f"2026-12-{day}T15:00:00"))]
    assert open_at == [23]
    assert desk.is_open(paris("2026-12-25T10:00:00"))
    assert desk.next_opening(paris("2026-12-25T12:00:00")) == paris("2027-01-04T09:00:00")


def test_public_holidays_may_have_hours_of_their_own_or_change_nothing() -> None:
    noel = paris("2026-12-25T10:00:00")
    assert Calendar("a", Timetable(WORKING_WEEK, on_public_holidays=MORNING)).closes_at(noel) == paris(
        "2026-12-25T12:00:00"
    )
    assert Calendar("b", Timetable(WORKING_WEEK, on_public_holidays=None)).closes_at(noel) == paris(
        "2026-12-25T17:00:00"
    )


def test_alsace_has_its_own_public_holidays() -> None:
    saint_stephen = paris("2028-12-26T10:00:00")
    assert Calendar("a", Timetable(WORKING_WEEK)).is_open(saint_stephen)
    assert not Calendar("a", Timetable(WORKING_WEEK), region="6AE").is_open(saint_stephen)


def test_what_never_closes_has_neither_closing_nor_opening() -> None:
    on_call = calendar_of(*ALL_DAY)
    now = paris("2026-10-24T23:59:59")
    assert on_call.is_open(now)
    assert on_call.closes_at(now) is None
    assert on_call.next_opening(now) is None


def test_hours_that_meet_at_midnight_are_one_opening() -> None:
    night = calendar_of((0, 6 * 60), (22 * 60, 24 * 60))
    assert night.closes_at(paris("2026-11-24T23:00:00")) == paris("2026-11-25T06:00:00")
    assert night.closes_at(paris("2026-11-25T01:00:00")) == paris("2026-11-25T06:00:00")
    assert night.next_opening(paris("2026-11-24T23:00:00")) == paris("2026-11-25T22:00:00")


def test_a_calendar_that_will_not_open_again_says_so() -> None:
    past = Calendar("passé", Timetable(Week(), exceptional=(Exceptional(date(2026, 1, 5), date(2026, 1, 5), MORNING),)))
    assert past.next_opening(paris("2026-01-05T08:00:00")) == paris("2026-01-05T09:00:00")
    assert past.next_opening(paris("2026-01-05T09:00:00")) is None
    assert past.next_opening_words(paris("2026-01-05T09:00:00")) == "prochainement"


def test_an_opening_in_the_hour_skipped_in_spring_starts_at_the_change() -> None:
    night = calendar_of((2 * 60 + 30, 5 * 60))
    change = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert night.next_opening(paris("2027-03-28T00:00:00")) == change
    assert not night.is_open(change - timedelta(microseconds=1))
    assert night.is_open(change)
    assert night.closes_at(change) == datetime(2027, 3, 28, 3, 0, tzinfo=UTC)


def test_an_opening_within_the_hour_skipped_in_spring_does_not_take_place() -> None:
    night = calendar_of((2 * 60, 3 * 60))
    assert night.next_opening(paris("2027-03-28T00:00:00")) == paris("2027-03-29T02:00:00")


def test_an_opening_across_the_hour_repeated_in_autumn_lasts_an_hour_more() -> None:
    night = calendar_of((60, 5 * 60))
    opening = night.next_opening(paris("2026-10-25T00:00:00"))
    assert opening is not None
    assert opening == datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    closing = night.closes_at(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert closing == datetime(2026, 10, 25, 4, 0, tzinfo=UTC)
    assert closing is not None
    assert closing.timestamp() - opening.timestamp() == 5 * 3600


def test_an_opening_in_the_repeated_hour_takes_place_once() -> None:
    night = calendar_of((2 * 60, 3 * 60 - 15))
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert first.astimezone(PARIS).time() == second.astimezone(PARIS).time()
    assert night.is_open(first)
    assert not night.is_open(second)


def test_the_result_is_told_in_the_calendar_s_zone(advisers: Calendar) -> None:
    opening = advisers.next_opening(datetime(2026, 3, 28, 20, 0, tzinfo=UTC))
    assert opening is not None
    assert opening.isoformat() == "2026-03-30T09:00:00+02:00"


def test_an_unknown_calendar_is_refused_with_the_known_ones(profile_hours: OpeningHours) -> None:
    with pytest.raises(UnknownCalendar, match="pas de calendrier « piscine » ; connus : accueil, conseillers"):
        profile_hours.calendar("piscine")


def test_the_hours_are_confirmed_for_the_reception_and_not_for_the_advisers(profile_hours: OpeningHours) -> None:
    assert profile_hours.calendar("accueil").confirmed
    assert profile_hours.unconfirmed() == ("conseillers",)
    assert profile_hours.calendar("accueil").timetable.week == profile_hours.calendar("conseillers").timetable.week


def test_the_end_of_the_published_school_holidays_is_told_six_months_ahead(profile_hours: OpeningHours) -> None:
    assert profile_hours.warnings(date(2026, 11, 24)) == ()
    assert profile_hours.warnings(date(2028, 2, 28)) == ()
    (ahead,) = profile_hours.warnings(date(2028, 2, 29))
    assert "zone C ne sont connues que jusqu’au jeudi trente et un août" in ahead
    (late,) = profile_hours.warnings(date(2028, 9, 1))
    assert "ne sont pas connues pour l’année en cours" in late


def test_nothing_is_told_of_school_holidays_to_who_does_not_go_by_them() -> None:
    hours = OpeningHours([Calendar("accueil", Timetable(WORKING_WEEK), SchoolYears("C"))])
    assert hours.warnings(date(2035, 1, 1)) == ()


def test_a_school_year_missing_between_two_given_ones_is_told_in_time() -> None:
    given = {2028: ((date(2028, 10, 21), date(2028, 11, 5)),), 2030: ((date(2030, 10, 19), date(2030, 11, 3)),)}
    school = SchoolYears("C", given)
    assert school.known_until(date(2028, 1, 1)) == date(2029, 8, 31)
    assert school.known_until(date(2030, 1, 1)) is None
    assert school.known_until(date(2030, 12, 1)) == date(2031, 8, 31)


@pytest.mark.parametrize("zone", ["A", "B", "C"])
def test_school_holidays_are_those_the_library_publishes(zone: str) -> None:
    published = SchoolHolidayDates()
    year = [date(2025, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [day for day in year if SchoolYears(zone).is_holiday(day)] == [
        day for day in year if published.is_holiday_for_zone(day, zone)
    ]
