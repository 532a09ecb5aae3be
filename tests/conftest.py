"""What every test shares: real models, found or asked for by name, and reproducible property tests."""

import os
from pathlib import Path

import hypothesis
import pytest

from tests.pacing import is_real_time
from voicebot.profile import Profile, load_profile

# A library that would fetch weights from a hub must fail at once instead: the product is offline.
os.environ["HF_HUB_OFFLINE"] = "1"

ROOT = Path(__file__).resolve().parent.parent
LEARNT = ROOT / "var" / "understanding"
"""Where the program itself keeps what it learnt from the examples, by content: a warm cache makes the tests quick, a
cold one is filled."""

hypothesis.settings.register_profile("reproducible", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("reproducible")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the machine for itself."""
    for item in items:
        if is_real_time(".".join(item.path.relative_to(ROOT).with_suffix("").parts)):
            item.add_marker("real_time")


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder of the installed models."""
    return ROOT / "models"


@pytest.fixture(scope="session")
def profile() -> Profile:
    """The demonstration profile, understood by words and sounds; learning it again would take half a minute."""
    return load_profile("coeur-cote-fleurie", ROOT / "profiles", LEARNT)
