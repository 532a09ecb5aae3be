"""The demonstration profile and a browser, loaded once for all tests of the web."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.conftest import Base, base, cluster, server  # noqa: F401 - the two databases, for the pages too
from tests.web.browser import SharedBrowser
from tests.web.visitors import demonstration
from voicebot.journal.settings import JournalSettings
from voicebot.profile import Profile


@pytest.fixture
def sqlite_base(tmp_path: Path) -> Base:
    """A database in a file, for what does not depend on which it is."""
    settings = JournalSettings(url=f"sqlite:///{tmp_path / 'journal.sqlite'}").within(tmp_path)
    return Base(settings, lambda: None, lambda: None)


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
