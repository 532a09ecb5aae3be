"""Contacts and records read page by page, the newest first.

A page ends with a cursor, the moment and the id of its last row: the next page begins after it, so that what is added
meanwhile neither repeats nor hides a row, and the thousandth page costs what the first does.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.journal.database import Database
from voicebot.journal.schema import contacts, records, surveys, turns

LONGEST_PAGE = 200


class BadCursor(ValueError):
    """A cursor that no page ended with."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows by column, and the cursor of the next page (empty: this is the last)."""

    rows: list[dict[str, Any]]
    cursor: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What to list: rows from ``since`` up to ``until``, whose columns have the values of ``where``."""

    since: datetime | None = None
    until: datetime | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    cursor: str = ""
    limit: int = 50


CONTACT_FILTERS = ("channel", "outcome", "theme", "nature", "category", "commune", "profile", "person")
RECORD_FILTERS = ("type", "state", "form", "profile", "person", "contact_id")


class Listing:
    """The journal read page by page. Every method may raise ``JournalAway``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def contacts(self, asked: Asked) -> Page:
        """Return a page of contacts.

        Raises:
            BadCursor: the cursor is none of ours.
        """
        return await self._page(contacts, contacts.c.started_at, asked)

    async def records(self, asked: Asked) -> Page:
        """Return a page of records.

        Raises:
            BadCursor: the cursor is none of ours.
        """
        return await self._page(records, records.c.opened_at, asked)

    async def contact(self, contact: str) -> dict[str, Any] | None:
        """Return one contact with its ``turns``, ``surveys`` and ``records``; ``None`` when there is none."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(contacts).where(contacts.c.id == contact))).mappings().first()
            if row is None:
                return None
            found = dict(row)
            for name, table in (("turns", turns), ("surveys", surveys), ("records", records)):
                query = select(table).where(table.c.contact_id == contact).order_by(table.c.seq)
                found[name] = [dict(one) for one in (await connection.execute(query)).mappings()]
        return found

    async def record(self, record: str) -> dict[str, Any] | None:
        """Return one record; ``None`` when there is none."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(records).where(records.c.id == record))).mappings().first()
        return None if row is None else dict(row)

    async def _page(self, table: Table, moment: Column[Any], asked: Asked) -> Page:
        async with self._database.reading() as connection:
            return await _read_page(connection, table, moment, asked)


async def contacts_page(connection: AsyncConnection, asked: Asked, also: ColumnElement[bool]) -> Page:
    """Return a page of the contacts that are ``also`` so.

    Raises:
        BadCursor: the cursor is none of ours.
    """
    return await _read_page(connection, contacts, contacts.c.started_at, asked, also)


async def _read_page(
    connection: AsyncConnection,
    table: Table,
    moment: Column[Any],
    asked: Asked,
    also: ColumnElement[bool] | None = None,
) -> Page:
    limit = max(1, min(asked.limit, LONGEST_PAGE))
    query = _filtered(select(table), table, moment, asked).order_by(moment.desc(), table.c.id.desc())
    if also is not None:
        query = query.where(also)
    rows = [dict(row) for row in (await connection.execute(query.limit(limit + 1))).mappings()]
    if len(rows) <= limit:
        return Page(rows, "")
    last = rows[limit - 1]
    return Page(rows[:limit], _cursor(last[moment.name], last["id"]))


def _filtered(query: Select[Any], table: Table, moment: Column[Any], asked: Asked) -> Select[Any]:
    if asked.since is not None:
        query = query.where(moment >= asked.since)
    if asked.until is not None:
        query = query.where(moment < asked.until)
    for name, value in asked.where.items():
        query = query.where(table.c[name] == value)
    if asked.cursor:
        at, row_id = _parse(asked.cursor)
        query = query.where(moment <= at, or_(moment < at, and_(moment == at, table.c.id < row_id)))
    return query


def cursor_after(row: Mapping[str, Any]) -> str:
    """Return the cursor of the page that begins after a contact."""
    return _cursor(row["started_at"], row["id"])


def moment_of(cursor: str) -> datetime:
    """Return the moment that a page begins before.

    Raises:
        BadCursor: the cursor is none of ours.
    """
    return _parse(cursor)[0]


def cursor_before(at: datetime) -> str:
    """Return the cursor of the page that begins before ``at``."""
    return _cursor(at, "-")


def _cursor(at: datetime, row_id: str) -> str:
    return base64.urlsafe_b64encode(f"{at.astimezone(UTC).isoformat()} {row_id}".encode()).decode()


def _parse(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, row_id = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode().partition(" ")
        moment = datetime.fromisoformat(at)
    except (ValueError, binascii.Error) as error:
        raise BadCursor("this cursor ends no page") from error
    if moment.tzinfo is None or not row_id:
        raise BadCursor("this cursor ends no page")
    return moment, row_id
