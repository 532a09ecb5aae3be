"""Opening hours as they are spoken."""

from datetime import date, datetime

import pytest

from voicebot.clock import PARIS
from voicebot.hours import Calendar, Season, Timetable, Week, words

NINE_TO_FIVE = ((9 * 60, 17 * 60),)
MORNING = ((9 * 60, 12 * 60),)
SPLIT = ((9 * 60, 12 * 60), (14 * 60, 17 * 60 + 30))


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-29T10:00", "demain, lundi, à neuf heures"),
        ("2026-11-24T17:00", "demain, mercredi, à neuf heures"),
        ("2026-11-24T08:10", "tout à l’heure à neuf heures"),
        ("2026-11-24T03:00", "ce matin à neuf heures"),
        ("2026-11-27T17:30", "lundi trente novembre à neuf heures"),
        ("2026-12-31T18:00", "samedi deux janvier à neuf heures"),
        ("2027-04-30T18:00", "lundi trois mai à neuf heures"),
        ("2027-10-29T17:00", "demain, samedi, à neuf heures"),
        ("2027-10-30T12:00", "mardi deux novembre à neuf heures"),
        ("2027-07-13T17:00", "jeudi quinze juillet à neuf heures"),
    ],
)
def test_the_advisers_next_opening_is_told_as_people_say_it(advisers: Calendar, at: str, expected: str) -> None:
    assert advisers.next_opening_words(paris(at)) == expected


@pytest.mark.parametrize(
    ("now", "opening", "expected"),
    [
        ("2026-11-24T11:30", "2026-11-24T14:00", "cet après-midi à quatorze heures"),
        ("2026-11-24T12:30", "2026-11-24T14:00", "tout à l’heure à quatorze heures"),
        ("2026-11-24T17:30", "2026-11-24T19:30", "ce soir à dix-neuf heures trente"),
        ("2026-11-29T10:00", "2026-12-01T09:00", "mardi premier décembre à neuf heures"),
        ("2026-11-29T10:00", "2026-11-30T12:00", "demain, lundi, à midi"),
        ("2026-11-29T10:00", "2026-11-30T00:00", "demain, lundi, à minuit"),
        ("2026-11-29T10:00", "2027-01-04T08:05", "lundi quatre janvier à huit heures cinq"),
        (
            "2026-11-29T10:00",
            "2027-06-21T21:21",
            "lundi vingt et un juin deux mille vingt-sept à vingt et une heures vingt et une",
        ),
    ],
)
def test_an_opening_is_told_by_how_far_it_is(now: str, opening: str, expected: str) -> None:
    assert words.opening(paris(opening), paris(now)) == expected


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (60, "une heure"),
        (61, "une heure une"),
        (11 * 60, "onze heures"),
        (11 * 60 + 11, "onze heures onze"),
        (12 * 60 + 30, "midi trente"),
        (21 * 60 + 45, "vingt et une heures quarante-cinq"),
        (24 * 60, "minuit"),
    ],
)
def test_an_hour_is_feminine_and_noon_has_a_name(minute: int, expected: str) -> None:
    assert words.hour(minute) == expected


def test_the_advisers_week_is_told_in_one_short_sentence(advisers: Calendar) -> None:
    told = advisers.weekly_words()
    assert told == (
        "du lundi au vendredi de neuf heures à dix-sept heures, "
        "et pendant les vacances scolaires le samedi de neuf heures à midi"
    )


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2026-11-24", "du lundi au vendredi de neuf heures à dix-sept heures"),
        (
            "2026-12-20",
            "du lundi au vendredi de neuf heures à dix-sept heures, et le samedi de neuf heures à midi",
        ),
        ("2026-12-24", "du lundi au vendredi de neuf heures à dix-sept heures, et le samedi de neuf heures à midi"),
    ],
)
def test_the_week_of_a_day_tells_only_what_is_in_force(advisers: Calendar, on: str, expected: str) -> None:
    assert advisers.weekly_words(date.fromisoformat(on)) == expected


@pytest.mark.parametrize(
    ("days", "vacation", "expected"),
    [
        ([NINE_TO_FIVE] * 7, (), "tous les jours de neuf heures à dix-sept heures"),
        ([((0, 1440),)] * 7, (), "tous les jours, jour et nuit"),
        (
            [SPLIT, (), SPLIT, (), MORNING, MORNING, ()],
            (),
            "le lundi et le mercredi de neuf heures à midi et de quatorze heures à dix-sept heures trente, "
            "et le vendredi et le samedi de neuf heures à midi",
        ),
        (
            [NINE_TO_FIVE] * 5 + [MORNING, ()],
            ((0, ()), (5, ())),
            "du lundi au vendredi de neuf heures à dix-sept heures, et le samedi de neuf heures à midi, "
            "sauf le lundi et le samedi pendant les vacances scolaires",
        ),
        (
            [MORNING] * 5 + [(), ()],
            ((0, ()), (5, MORNING)),
            "du lundi au vendredi de neuf heures à midi, "
            "et pendant les vacances scolaires le samedi de neuf heures à midi, sauf le lundi",
        ),
        ([()] * 7, ((5, MORNING),), "pendant les vacances scolaires le samedi de neuf heures à midi"),
        ([()] * 7, (), "à certaines dates seulement"),
        ([NINE_TO_FIVE] * 5 + [(), ()], ((0, NINE_TO_FIVE),), "du lundi au vendredi de neuf heures à dix-sept heures"),
    ],
)
def test_a_week_is_told_by_its_runs_of_days(
    days: list[words.Spans], vacation: tuple[tuple[int, words.Spans], ...], expected: str
) -> None:
    assert words.week(days, vacation) == expected


def test_the_seasons_are_told_in_turn_or_only_that_of_a_day() -> None:
    summer = Season((4, 1), (9, 30), Week((NINE_TO_FIVE,) * 6 + ((),)))
    centre = Calendar("centre", Timetable(Week((MORNING,) * 6 + ((),)), (summer,)))
    assert centre.weekly_words() == (
        "du premier avril au trente septembre, du lundi au samedi de neuf heures à dix-sept heures, "
        "et le reste de l’année, du lundi au samedi de neuf heures à midi"
    )
    assert centre.weekly_words(date(2026, 7, 1)) == "du lundi au samedi de neuf heures à dix-sept heures"
    assert centre.weekly_words(date(2026, 11, 24)) == "du lundi au samedi de neuf heures à midi"
