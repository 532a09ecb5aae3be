"""Contacts found by the words that were heard in them, the newest first.

SQLite has a full-text table beside the turns, kept by triggers; PostgreSQL an index of lexemes. Both take words by
their beginning, without accents in SQLite, so that "poubel" finds "poubelles". Rare words are looked up all at once;
of common ones, which hundreds of thousands of turns may hold, recent days are looked into first, then older ones, until
the page is full.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, column, exists, func, literal_column, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.clock import PARIS
from voicebot.journal.database import Database
from voicebot.journal.listing import LONGEST_PAGE, Asked, Page, contacts_page, cursor_after, moment_of
from voicebot.journal.schema import contacts, turns

_WORD = re.compile(r"\w+")
_MOST_WORDS = 8
_FEW = 2000
"""As many turns are looked up at once."""
_SPANS = (14, 98, 390)
"""Days looked into for common words, one span after the other, before all that is left."""

_turn_words = table("turn_words", column("rowid", Integer), column("contact_id", String))
_turn_words_days = table(
    "turn_words_days", column("day", String), column("first_row", Integer), column("last_row", Integer)
)
"""Of SQLite: the rows of ``turn_words`` that belong to the contacts of a day are among these."""


async def find_words(database: Database, words: str, asked: Asked) -> Page:
    """Return a page of the contacts ``asked`` for in one turn of which all ``words`` were heard.

    Raises:
        BadCursor: the cursor is none of ours.
        JournalAway: the database does not answer.
    """
    found = _WORD.findall(words)[:_MOST_WORDS]
    if not found:
        return Page([], "")
    async with database.reading() as connection:
        heard = (_Sqlite if database.is_sqlite else _Postgresql)(found)
        days = await _days(connection, asked)
        if days is None:
            return Page([], "")
        if await heard.count(connection, days) <= _FEW:
            return await contacts_page(connection, asked, await heard.at_once(connection, days))
        return await _span_by_span(connection, heard, asked, days)


async def _span_by_span(
    connection: AsyncConnection, heard: "_Sqlite | _Postgresql", asked: Asked, days: tuple[date, date]
) -> Page:
    rows: list[dict[str, Any]] = []
    limit = max(1, min(asked.limit, LONGEST_PAGE - 1))
    for first, last in _spans(*days):
        since, until = _midnight(first), _midnight(last + timedelta(days=1))
        part = replace(
            asked,
            since=since if asked.since is None else max(since, asked.since),
            until=until if asked.until is None else min(until, asked.until),
            limit=limit + 1 - len(rows),
        )
        rows += (await contacts_page(connection, part, await heard.within(connection, (first, last)))).rows
        if len(rows) > limit:
            return Page(rows[:limit], cursor_after(rows[limit - 1]))
    return Page(rows, "")


def _spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the days from ``last`` back to ``first``, in spans that grow."""
    for days in (*_SPANS, (last - first).days + 1):
        if last < first:
            return
        start = max(first, last - timedelta(days=days - 1))
        yield start, last
        last = start - timedelta(days=1)


async def _days(connection: AsyncConnection, asked: Asked) -> tuple[date, date] | None:
    """Return the days of Paris in which the contacts ``asked`` for started; ``None`` when there are none."""
    bounds = (await connection.execute(select(func.min(contacts.c.day), func.max(contacts.c.day)))).one()
    if bounds[0] is None:
        return None
    first, last = (date.fromisoformat(bound) for bound in bounds)
    if asked.since is not None:
        first = max(first, asked.since.astimezone(PARIS).date())
    for until in (asked.until, moment_of(asked.cursor) if asked.cursor else None):
        if until is not None:
            last = min(last, until.astimezone(PARIS).date())
    return (first, last) if first <= last else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PARIS)


@dataclass(frozen=True, slots=True)
class _Sqlite:
    """``words`` in the full-text table of SQLite."""

    words: list[str]

    async def count(self, connection: AsyncConnection, days: tuple[date, date]) -> int:
        """Return how many turns of these days or near them hold the words, up to one more than ``_FEW``."""
        found = select(_turn_words.c.rowid).where(self._matching, await self._rows(connection, days)).limit(_FEW + 1)
        return await connection.scalar(select(func.count()).select_from(found.subquery())) or 0

    async def at_once(self, connection: AsyncConnection, days: tuple[date, date]) -> ColumnElement[bool]:
        """Return whether a contact is one of those that the words lead to."""
        found = select(_turn_words.c.contact_id).where(self._matching, await self._rows(connection, days))
        return contacts.c.id.in_(found)

    async def within(self, connection: AsyncConnection, days: tuple[date, date]) -> ColumnElement[bool]:
        """Return whether a contact of these days has a turn among those that hold the words."""
        found = select(_turn_words.c.rowid).where(self._matching, await self._rows(connection, days))
        row: ColumnElement[int] = literal_column("turns.rowid")
        return exists(select(turns.c.seq).where(turns.c.contact_id == contacts.c.id, row.in_(found)))

    @property
    def _matching(self) -> ColumnElement[bool]:
        wanted = " ".join(f'"{word}"*' for word in self.words)
        matching: ColumnElement[bool] = literal_column("turn_words").op("MATCH", is_comparison=True)(wanted)
        return matching

    async def _rows(self, connection: AsyncConnection, days: tuple[date, date]) -> ColumnElement[bool]:
        known = _turn_words_days.c
        here = known.day.between(days[0].isoformat(), days[1].isoformat())
        bounds = select(func.min(known.first_row), func.max(known.last_row)).where(here)
        first, last = (await connection.execute(bounds)).one()
        return _turn_words.c.rowid.between(first or 0, last or 0)


@dataclass(frozen=True, slots=True)
class _Postgresql:
    """``words`` in the index of lexemes of PostgreSQL."""

    words: list[str]

    async def count(self, connection: AsyncConnection, days: tuple[date, date]) -> int:
        """Return how many turns hold the words, up to one more than ``_FEW``."""
        found = select(turns.c.seq).where(self._matching).limit(_FEW + 1)
        return await connection.scalar(select(func.count()).select_from(found.subquery())) or 0

    async def at_once(self, connection: AsyncConnection, days: tuple[date, date]) -> ColumnElement[bool]:
        """Return whether a contact is one of those that the words lead to."""
        return contacts.c.id.in_(select(turns.c.contact_id).where(self._matching))

    async def within(self, connection: AsyncConnection, days: tuple[date, date]) -> ColumnElement[bool]:
        """Return whether a contact has a turn that holds the words; each is looked into (``OFFSET 0``: no join)."""
        return exists(select(turns.c.seq).where(turns.c.contact_id == contacts.c.id, self._matching).offset(0))

    @property
    def _matching(self) -> ColumnElement[bool]:
        query = func.to_tsquery("simple", " & ".join(f"{word}:*" for word in self.words))
        lexemes = func.to_tsvector(text("'simple'::regconfig"), turns.c.heard)
        matching: ColumnElement[bool] = lexemes.op("@@", is_comparison=True)(query)
        return matching
