"""When a callback can come at the earliest, by the real calendar of the demonstration's advisers."""

from datetime import datetime

import pytest

from voicebot.clock import PARIS
from voicebot.dialog.policy.callbacks import earliest, told
from voicebot.profile import Profile


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("moment", "preferred", "expected"),
    [
        ("2026-11-24T10:00", "matin", ", au plus tôt aujourd’hui, mardi 24 novembre, dans la matinée"),
        ("2026-11-24T14:00", "matin", ", au plus tôt demain, mercredi 25 novembre, dans la matinée"),
        ("2026-11-24T20:00", "peu importe", ", au plus tôt demain, mercredi 25 novembre"),
        ("2026-11-28T20:00", "matin", ", au plus tôt après-demain, lundi 30 novembre, dans la matinée"),
        ("2026-12-25T10:00", "matin", ", au plus tôt demain, samedi 26 décembre, dans la matinée"),
        ("2026-12-25T10:00", "après-midi", ", au plus tôt le lundi 28 décembre, dans l’après-midi"),
    ],
    ids=[
        "this morning",
        "the morning is over",
        "any time",
        "never on a Sunday",
        "a Saturday of holidays",
        "not its afternoon",
    ],
)
def test_a_callback_is_told_for_a_half_day_when_advisers_are_there(
    profile: Profile, moment: str, preferred: str, expected: str
) -> None:
    said = told(preferred, at(moment), profile.advisers_open)
    assert said.written == expected


def test_where_nobody_is_ever_there_in_the_afternoon_the_morning_is_told() -> None:
    found = earliest("après-midi", at("2026-11-24T20:00"), lambda moment: 9 <= moment.hour < 12)
    assert found == (at("2026-11-25T00:00").date(), "matin")


def test_nothing_is_told_where_nobody_is_ever_there() -> None:
    assert told("matin", at("2026-11-24T20:00"), lambda moment: False).ear == ""
