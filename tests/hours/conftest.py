"""The opening hours of the demonstration profile, read once."""

from pathlib import Path

import pytest

from voicebot.hours import Calendar, OpeningHours, load_hours

PROFILES = Path(__file__).resolve().parents[2] / "profiles"


@pytest.fixture(scope="session")
def profile_hours() -> OpeningHours:
    return load_hours([PROFILES / "base", PROFILES / "coeur-cote-fleurie"])


@pytest.fixture(scope="session")
def advisers(profile_hours: OpeningHours) -> Calendar:
    return profile_hours.calendar("conseillers")
