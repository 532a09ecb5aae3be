"""The demonstration profile and a browser, loaded once for all tests of the web."""

from collections.abc import Iterator

import pytest

from tests.journal.conftest import base, cluster, server  # noqa: F401 - the two databases, for the pages too
from tests.web.browser import SharedBrowser
from tests.web.visitors import demonstration
from voicebot.profile import Profile


@pytest.fixture(scope="session")
def profile() -> Profile:
    """The demonstration profile."""
    return demonstration()


@pytest.fixture(scope="session")
def shared() -> Iterator[SharedBrowser]:
    """A browser."""
    browser = SharedBrowser()
    yield browser
    browser.close()
