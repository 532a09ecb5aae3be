"""The two databases that every test of the journal runs on, and how to make each unreachable for a while."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.journal.postgres import Cluster
from voicebot.journal.database import HEAD, Database
from voicebot.journal.journal import Journal, Patience
from voicebot.journal.opening import open_journal
from voicebot.journal.schema import metadata
from voicebot.journal.settings import JournalSettings

QUICK = Patience(first_s=0.01, longest_s=0.05, follows_s=120.0)
_CLOSES_S = 60.0
_TABLES = "journal"
_bases = itertools.count()


@dataclass(frozen=True, slots=True)
class Base:
    """A fresh database: its settings, and the two ends of an outage."""

    settings: JournalSettings
    goes_away: Callable[[], None]
    comes_back: Callable[[], None]

    def frail(self) -> "Base":
        """Return the same, whose absence is noticed within a twentieth of a second; writers do not wait either."""
        url = self.settings.url
        return replace(self, settings=replace(self.settings, url=f"{url}?timeout=0.05")) if "sqlite" in url else self

    async def open(self) -> Journal:
        """Open the journal on it."""
        return await open_journal(self.settings, {}, QUICK)

    def with_data(self, folder: Path) -> "Base":
        """Return the same database for a node with keys and spool of its own in ``folder``."""
        return replace(self, settings=JournalSettings(url=self.settings.url).within(folder))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running PostgreSQL server."""
    cluster = Cluster()
    asyncio.run(_make_tables(cluster.create(_TABLES)))
    yield cluster
    cluster.close()


async def _make_tables(url: str) -> None:
    database = Database(url)
    await database.prepare()
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of each kind without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.create(f"empty_{next(_bases)}")


class SqliteOutage:
    """Another process that is writing and does not come to an end; reading goes on (WAL)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._holder: sqlite3.Connection | None = None

    def begin(self) -> None:
        self._holder = sqlite3.connect(self._path, timeout=60.0, isolation_level=None, check_same_thread=False)
        self._holder.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        assert self._holder is not None
        self._holder.execute("ROLLBACK")
        self._holder.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Base:
    """A database of each kind with nothing in it."""
    if request.param == "sqlite":
        path = tmp_path / "journal.sqlite"
        outage = SqliteOutage(path)
        settings = JournalSettings(url=f"sqlite:///{path}").within(tmp_path)
        return Base(settings, outage.begin, outage.end)
    served: Base = request.getfixturevalue("server")
    return served


@pytest.fixture
def frail_base(base: Base) -> Base:
    """A database of each kind that goes away in the test."""
    return base.frail()


@pytest.fixture
def sqlite_base(tmp_path: Path) -> Base:
    """A database in a file, for what does not depend on which it is."""
    settings = JournalSettings(url=f"sqlite:///{tmp_path / 'journal.sqlite'}").within(tmp_path)
    return Base(settings, lambda: None, lambda: None)


@pytest.fixture
def server(cluster: Cluster, tmp_path: Path) -> Base:
    """A database on a server that can be stopped, so that reading fails too. Its tables are there, and empty."""
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    cluster.run(_TABLES, f"TRUNCATE {tables} RESTART IDENTITY; UPDATE alembic_version SET version_num = '{HEAD}'")  # noqa: S608 - ours
    settings = JournalSettings(url=cluster.url(_TABLES)).within(tmp_path)
    return Base(settings, cluster.stop, cluster.start)


def kept_open(base: Base, work: Callable[[Journal], Coroutine[Any, Any, Any]]) -> Any:
    """Run ``work`` with the journal of ``base`` and close it."""

    async def session() -> Any:
        journal = await base.open()
        try:
            return await work(journal)
        finally:
            await journal.close(_CLOSES_S)

    return asyncio.run(session())


async def troubled(journal: Journal) -> None:
    """Wait until the journal has noticed that the database is away."""
    while not journal.state.trouble:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
