"""The engine on the real data of the first community, built once for all tests of this package."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import LEARNT
from voicebot.dialog.nlu.base import Background
from voicebot.dialog.nlu.data import NluData, load_nlu_data
from voicebot.dialog.nlu.engine import NluEngine

PROFILES = Path(__file__).parents[2] / "profiles"


@pytest.fixture(scope="session")
def data() -> NluData:
    return load_nlu_data([PROFILES / "base", PROFILES / "coeur-cote-fleurie"])


@pytest.fixture(scope="session")
def engine(data: NluData) -> NluEngine:
    return NluEngine(data, None, LEARNT)


@pytest.fixture(scope="session")
def background() -> Background:
    return Background(now=datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Europe/Paris")))
