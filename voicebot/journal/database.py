"""The database: how it is reached, and how it gets its tables.

SQLite runs in WAL mode (readers never wait for the writer) with full synchronisation: what is committed may be taken
out of the spool, so it must survive a power cut. Deleted content is overwritten, because erasing a person's data means
it. Transactions that write say so at once (``BEGIN IMMEDIATE``): two writers then wait for each other instead of
failing in the middle.
"""

import asyncio
import fcntl
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from voicebot.journal.errors import JournalAway, JournalError

HEAD = "r0007"
"""The revision of the tables that this version works with."""

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_CONNECT_S = 5.0
_BUSY_S = 5.0
_MIGRATION_TRIES = 6
_ANALYSED_ROWS = 1000
_MIGRATION_LOCK = 0x766F6963
_DATA_FAULTS = ("22", "23")
_WAL = "PRAGMA journal_mode=WAL"
_PRAGMAS = (
    _WAL,
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA cache_size=-16000",  # KiB: lists and figures of years go through more than the 2 MB of the default
)
_WRITE = "journal_write"


class Database:
    """One database. ``writing`` and ``reading`` give a connection in a transaction."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise JournalError(
                "journal.url: not a database URL; write sqlite:///FILE or postgresql://HOST/BASE"
            ) from error
        backend = parsed.get_backend_name()
        if backend not in _DRIVERS:
            raise JournalError(f"journal.url: {backend} is not supported; use sqlite or postgresql")
        self.place = parsed.render_as_string(hide_password=True)
        self._file = Path(parsed.database) if backend == "sqlite" and parsed.database else None
        self._engine = _open_engine(parsed.set(drivername=_DRIVERS[backend]), backend)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of ours."""
        return self._engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose transaction sees one state of the data.

        Raises:
            JournalAway: the database does not answer.
        """
        with _told_away(self.place):
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose transaction is committed at the end, or undone by an exception.

        Raises:
            JournalAway: the database does not answer.
        """
        engine = self._engine.execution_options(**{_WRITE: True})
        with _told_away(self.place):
            async with engine.begin() as connection:
                yield connection

    async def prepare(self) -> None:
        """Bring the tables to this version, whoever else tries at the same time.

        Raises:
            JournalAway: the database does not answer.
            JournalError: its tables are of a later version.
        """
        if self._file is not None:
            with _told_away(self.place):
                await asyncio.to_thread(_make_file, self._file)
        away = JournalAway(f"{self.place} could not be migrated")
        for _ in range(_MIGRATION_TRIES):
            async with self.reading() as connection:
                if await connection.run_sync(_revision) == HEAD:
                    return
            try:
                await self._migrate()
            except JournalAway as error:  # another process may be migrating it for longer than a writer waits
                away = error
        raise away

    async def _migrate(self) -> None:
        async with self.writing() as connection:
            if not self.is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_upgrade)

    async def forget_deleted(self) -> None:
        """Make what was deleted leave the files of SQLite too, its log included."""
        if self.is_sqlite:
            async with self.writing() as connection:  # words leave the segments of the full-text index too
                await connection.execute(text("INSERT INTO turn_words (turn_words) VALUES ('optimize')"))
            with _told_away(self.place):
                async with self._engine.connect() as connection:
                    raw = (await connection.get_raw_connection()).driver_connection
                    assert raw is not None  # noqa: S101 - it was just connected
                    await (await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    async def tidy(self) -> None:
        """Let the database look at how its data are spread, so that it chooses its ways well."""
        async with self.writing() as connection:
            if self.is_sqlite:
                await connection.execute(text(f"PRAGMA analysis_limit = {_ANALYSED_ROWS}"))
            await connection.execute(text("ANALYZE"))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def is_data_fault(error: BaseException) -> bool:
    """Return whether the database refused the values themselves, so that trying again would be refused again."""
    if isinstance(error, DataError | IntegrityError):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
        return isinstance(state, str) and state.startswith(_DATA_FAULTS)
    return isinstance(error, StatementError)


def _open_engine(url: Any, backend: str) -> AsyncEngine:
    if backend == "sqlite":
        engine = create_async_engine(url, connect_args={} if "timeout" in url.query else {"timeout": _BUSY_S})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(url, pool_pre_ping=True, connect_args={"timeout": _CONNECT_S, "command_timeout": 60.0})


def _make_file(path: Path) -> None:
    """Have the file in WAL mode, for this user alone (it holds what callers said).

    SQLite does not let a connection wait while another switches the file to WAL, hence one process at a time. A file
    that exists is not opened here otherwise than by SQLite: closing it would drop the locks of this process on it
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path, timeout=_BUSY_S)) as connection:
            connection.execute(_WAL)
    finally:
        os.close(folder)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions of its own
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITE) else "BEGIN")


@contextmanager
def _told_away(place: str) -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError, sqlite3.OperationalError) as error:
        raise JournalAway(f"{place} does not answer: {error}") from error
    except DBAPIError as error:
        if is_data_fault(error):
            raise
        raise JournalAway(f"{place} does not answer: {error.orig}") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "asyncpg":  # refusals while connecting come unwrapped
            raise JournalAway(f"{place} does not answer: {error}") from error
        raise


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # half a second to import, needed once in the life of a version
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", "voicebot.journal:migrations")
    config.attributes["connection"] = connection
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise JournalError(f"the tables are of another version of the program ({error}); install that one") from error
