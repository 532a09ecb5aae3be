"""Dates and times as callers say them, counted from Tuesday 24 November 2026."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.dialog.nlu.entities.dates import find_date
from voicebot.dialog.nlu.entities.times import find_time

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Europe/Paris"))
_MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
           "décembre")  # fmt: skip


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("jeudi en huit", "2026-12-03"),
        ("mardi en huit", "2026-12-01"),
        ("demain matin", "2026-11-25"),
        ("après-demain", "2026-11-26"),
        ("le premier décembre", "2026-12-01"),
        ("lundi de Pâques", "2027-03-29"),
        ("lundi de Pentecôte", "2027-05-17"),
        ("jeudi de l'Ascension", "2027-05-06"),
        ("la semaine prochaine", "2026-11-30/2026-12-06"),
        ("mardi de la semaine prochaine", "2026-12-01"),
        ("le week-end prochain", "2026-11-28/2026-11-29"),
        ("la semaine du 14 décembre", "2026-12-14/2026-12-20"),
        ("fin décembre", "2026-12-22/2026-12-31"),
        ("dans quinze jours", "2026-12-09"),
        ("il y a deux jours", "2026-11-22"),
        ("le quatorze juillet", "2027-07-14"),
        ("le 1er janvier", "2027-01-01"),
        ("non, le 12", "2026-12-12"),
        ("le dix, euh non, le douze", "2026-12-12"),
        ("vendredi 4", "2026-12-04"),
        ("le 3/12/2026", "2026-12-03"),
        ("le vingt et un janvier", "2027-01-21"),
        ("samedi", "2026-11-28"),
        ("vous passez demain ? je n'ai vu personne ce matin", "2026-11-25"),
        ("la semaine prochaine jeudi", "2026-12-03"),
    ],
)
def test_spoken_dates(said: str, day: str) -> None:
    assert find_date(said, NOW) == day


@pytest.mark.parametrize(
    "said", ["le trente et un février", "le 8 rue des Bains", "à quinze heures", "le sapin de Noël"]
)
def test_what_is_not_a_date_is_not_taken_for_one(said: str) -> None:
    assert find_date(said, NOW) is None


def test_a_weekday_of_the_past_is_the_last_one() -> None:
    assert find_date("mardi", NOW, past=True) == "2026-11-17"
    assert find_date("lundi", NOW, past=True) == "2026-11-23"


@given(st.dates(date(2026, 11, 24), date(2027, 11, 23)))
def test_every_day_and_month_of_the_coming_year_is_found(day: date) -> None:
    assert find_date(f"le {day.day} {_MONTHS[day.month - 1]}", NOW) == day.isoformat()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_text_gives_a_date_or_none(text: str) -> None:
    found = find_date(text, NOW)
    if found is not None:
        assert all(date.fromisoformat(part) for part in found.split("/"))


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("quatorze heures", "14:00"),
        ("14h30", "14:30"),
        ("deux heures et demie", "14:30"),
        ("huit heures moins le quart", "07:45"),
        ("sept heures du soir", "19:00"),
        ("midi et demi", "12:30"),
        ("après 18 heures", "18:00/20:00"),
        ("entre deux et quatre heures", "14:00/16:00"),
        ("de neuf heures à onze heures", "09:00/11:00"),
        ("le matin", "08:00/12:00"),
        ("en fin de matinée", "11:00/12:00"),
        ("l'après-midi", "14:00/18:00"),
        ("dix heures, non onze heures", "11:00"),
        ("n'importe quand", "08:00/18:00"),
        ("deux heures de l'après-midi", "14:00"),
        ("après deux heures", "14:00/20:00"),
        ("mardi", None),
    ],
)
def test_spoken_times(said: str, time: str | None) -> None:
    assert find_time(said) == time
