"""The outbox as a table: who is due, what became of it. Several nodes share one without sending anything twice.

A message taken is not due again before its lease is over: a node that dies while sending leaves it to the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.journal.database import Database
from voicebot.journal.schema import outbox


@dataclass(frozen=True, slots=True)
class Entry:
    """A message to deliver now; ``attempts`` counts this one."""

    id: str
    kind: str
    name: str
    token: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an attempt: sent (``trouble`` empty), due again at ``again_at``, or dead (``None``)."""

    id: str
    trouble: str = ""
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up: what may be shown of it."""

    id: str
    kind: str
    name: str
    about: str
    attempts: int
    trouble: str
    queued_at: datetime
    died_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How the outbox fares; ``oldest_due_at`` is the moment since which the longest overdue message waits."""

    waiting: int = 0
    dead: int = 0
    oldest_due_at: datetime | None = None


class Ledger:
    """The outbox of ``database``. Every method may raise ``JournalAway``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, now: datetime, limit: int, lease_s: float) -> list[Entry]:
        """Return up to ``limit`` messages due at ``now``, ours for ``lease_s``."""
        async with self._database.reading() as connection:
            if (await connection.execute(_due(now, 1))).first() is None:
                return []  # the usual case: nothing is locked for it
        async with self._database.writing() as connection:
            found = (await connection.execute(_due(now, limit).with_for_update(skip_locked=True))).all()
            change = update(outbox).where(outbox.c.id.in_([row.id for row in found]))
            lease = now + timedelta(seconds=lease_s)
            await connection.execute(change.values(due_at=lease, attempts=outbox.c.attempts + 1))
        return [Entry(row.id, row.kind, row.name, row.token, row.attempts + 1) for row in found]

    async def settle(self, results: Sequence[Settled], now: datetime) -> None:
        """Write what became of messages taken; what they said is forgotten once they are sent."""
        async with self._database.writing() as connection:
            for one in results:
                change = update(outbox).where(outbox.c.id == one.id, outbox.c.state == "waiting")
                if not one.trouble:
                    change = change.values(state="sent", token="", trouble="", settled_at=now)
                elif one.again_at is not None:
                    change = change.values(due_at=one.again_at, trouble=one.trouble)
                else:
                    change = change.values(state="dead", trouble=one.trouble, settled_at=now)
                await connection.execute(change)

    async def dead(self, limit: int = 100) -> list[DeadLetter]:
        """Return the messages given up, the latest first."""
        query = select(outbox).where(outbox.c.state == "dead").order_by(outbox.c.settled_at.desc(), outbox.c.id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.limit(limit))).all()
        return [
            DeadLetter(row.id, row.kind, row.name, row.about, row.attempts, row.trouble, row.queued_at, row.settled_at)
            for row in rows
        ]

    async def retry(self, key: str, now: datetime) -> bool:
        """Give a dead message all its attempts again; return whether there is such a message."""
        change = update(outbox).where(outbox.c.id == key, outbox.c.state == "dead")
        async with self._database.writing() as connection:
            done = await connection.execute(change.values(state="waiting", due_at=now, attempts=0, settled_at=None))
        return bool(done.rowcount)

    async def retry_all(self, now: datetime) -> bool:
        """Give every dead message all its attempts again; return whether there was one."""
        change = update(outbox).where(outbox.c.state == "dead")
        async with self._database.writing() as connection:
            done = await connection.execute(change.values(state="waiting", due_at=now, attempts=0, settled_at=None))
        return bool(done.rowcount)

    async def discard(self, key: str, now: datetime) -> bool:
        """Drop a dead message and what it said; return whether there was one. Its key stays taken."""
        change = update(outbox).where(outbox.c.id == key, outbox.c.state == "dead")
        async with self._database.writing() as connection:
            done = await connection.execute(change.values(state="discarded", token="", settled_at=now))
        return bool(done.rowcount)

    async def counts(self, now: datetime) -> Counts:
        """Return how many messages wait and how many are dead."""
        async with self._database.reading() as connection:
            waiting, dead = [await _count(connection, state) for state in ("waiting", "dead")]
            late = select(func.min(outbox.c.due_at)).where(outbox.c.state == "waiting", outbox.c.due_at <= now)
            return Counts(waiting, dead, await connection.scalar(late))


def _due(now: datetime, limit: int) -> Select[tuple[str, str, str, str, int]]:
    wanted = select(outbox.c.id, outbox.c.kind, outbox.c.name, outbox.c.token, outbox.c.attempts)
    due = wanted.where(outbox.c.state == "waiting", outbox.c.due_at <= now)
    return due.order_by(outbox.c.due_at, outbox.c.id).limit(limit)


async def _count(connection: AsyncConnection, state: str) -> int:
    return await connection.scalar(select(func.count()).select_from(outbox).where(outbox.c.state == state)) or 0
