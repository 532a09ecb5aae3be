"""The demonstration profile, loaded once for all tests of the web."""

import pytest

from tests.web.visitors import demonstration
from voicebot.profile import Profile


@pytest.fixture(scope="session")
def profile() -> Profile:
    """The demonstration profile."""
    return demonstration()
