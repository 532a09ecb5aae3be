"""Rounds: recurrence, seasons, public holidays, dated changes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog.knowledge.collection import Change, Collection, Round, Season, holiday_name

TUESDAYS = Round(("Touques",), "emballages", "FREQ=WEEKLY;BYDAY=TU", date(2026, 1, 6))
MONDAYS = Round(("Touques",), "verre", "FREQ=WEEKLY;BYDAY=MO", date(2026, 1, 5))
DAYS = st.dates(date(2026, 2, 1), date(2030, 12, 31))


def on(rule: str, days: int = 14, **more: object) -> list[date]:
    one = Round(("Touques",), "verre", f"FREQ=WEEKLY;BYDAY={rule}", date(2026, 1, 5), **more)  # type: ignore[arg-type]
    return [each.day for each in one.passes(date(2027, 3, 22), date(2027, 3, 22) + timedelta(days=days))]


@given(DAYS)
def test_next_pass_of_a_weekly_round_is_within_eight_days(today: date) -> None:
    found = Collection((TUESDAYS,)).next_pass("Touques", "emballages", "", today)
    assert found is not None
    assert 0 <= (found.day - today).days <= 8


@given(DAYS)
def test_pass_falls_on_its_day_unless_a_holiday_moved_it(today: date) -> None:
    for each in TUESDAYS.passes(today, today + timedelta(days=30)):
        assert each.day.weekday() == 1 if each.moved_from is None else holiday_name(each.moved_from)


@given(DAYS, st.sampled_from(["lendemain", "veille", "annulee"]))
def test_no_pass_falls_on_a_holiday_when_the_round_rests(today: date, rule: str) -> None:
    one = Round(("Touques",), "verre", "FREQ=WEEKLY;BYDAY=MO,TH", date(2026, 1, 5), on_holiday=rule)
    assert not [each for each in one.passes(today, today + timedelta(days=40)) if holiday_name(each.day)]


@given(DAYS)
def test_passes_of_two_halves_are_those_of_the_whole(today: date) -> None:
    middle, last = today + timedelta(days=10), today + timedelta(days=25)
    halves = MONDAYS.passes(today, middle) + MONDAYS.passes(middle + timedelta(days=1), last)
    assert halves == MONDAYS.passes(today, last)


@pytest.mark.parametrize(
    ("on_holiday", "expected"),
    [
        ("maintenue", [date(2027, 3, 22), date(2027, 3, 29), date(2027, 4, 5)]),
        ("lendemain", [date(2027, 3, 22), date(2027, 3, 30), date(2027, 4, 5)]),
        ("veille", [date(2027, 3, 22), date(2027, 3, 28), date(2027, 4, 5)]),
        ("annulee", [date(2027, 3, 22), date(2027, 4, 5)]),
    ],
)
def test_easter_monday_moves_a_monday_round(on_holiday: str, expected: list[date]) -> None:
    assert on("MO", on_holiday=on_holiday) == expected


def test_shifted_week_moves_every_later_day_of_it() -> None:
    assert on("MO,WE,FR", 12, on_holiday="decale_semaine")[3:] == [
        date(2027, 3, 30),
        date(2027, 4, 1),
        date(2027, 4, 3),
    ]
    wednesday = on("WE", on_holiday="decale_semaine")
    assert wednesday == [date(2027, 3, 24), date(2027, 4, 1)]


def test_season_may_span_the_new_year() -> None:
    winter = Season((11, 1), (3, 31))
    assert winter.holds(date(2026, 12, 25))
    assert winter.holds(date(2027, 3, 31))
    assert not winter.holds(date(2027, 4, 1))


def test_every_other_week_keeps_its_parity_over_the_years() -> None:
    one = Round(("Touques",), "verre", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", date(2026, 1, 9))
    days = [each.day for each in one.passes(date(2026, 6, 1), date(2028, 6, 1)) if each.moved_from is None]
    assert {(day - date(2026, 1, 9)).days % 14 for day in days} == {0}


def test_dated_change_moves_or_cancels_one_pass() -> None:
    tuesday, thursday = date(2026, 12, 1), date(2026, 12, 3)
    moved = Collection((TUESDAYS,), (Change(tuesday, "emballages", ("Touques",), thursday),))
    assert [each.day for each in moved.passes("Touques", "emballages", "", tuesday, date(2026, 12, 8))] == [
        thursday,
        date(2026, 12, 8),
    ]
    cancelled = Collection((TUESDAYS,), (Change(tuesday, "emballages", ("Touques",), None),))
    found = cancelled.next_pass("Touques", "emballages", "", tuesday)
    assert found is not None
    assert found.day == date(2026, 12, 8)
