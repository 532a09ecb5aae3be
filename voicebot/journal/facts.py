"""The facts of each day and month, kept by column, from which the figures of a long period are counted in an instant.

A block holds what figures need of one period (``2026-11-24`` or ``2026-11``), a row for each contact, turn, record or
survey answer, and nothing that tells whose they are. It is written when its period is over and removed by triggers of
the database with any change of what it was made from, whoever makes it: a late contact, an erasure, a purge. What is
not kept is read from the tables themselves, so figures are the same with or without: ``figures.read_report`` is the
definition, and a test compares the two.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.clock import PARIS
from voicebot.journal.columns import Columns, Mask, columns_of, joined, pack, unpack
from voicebot.journal.database import Database
from voicebot.journal.figures import (
    FILTERS,
    Delays,
    Report,
    Score,
    Volumes,
    compose,
    followed,
    nearest_rank,
    read_report,
    settled,
    share,
)
from voicebot.journal.schema import contacts, facts, records, surveys, turns

_NARROWING = [contacts.c[name] for name in FILTERS]
_BEGAN = "contact_day"
_WEEK_AFTER = 9
"""Days after which nothing of what happens now changes the returns of a day."""
_MOST_FRESH = 12
"""Days that are read from the tables themselves at a time; for more, the database counts."""
_LOCK_MS = 300


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of facts: the columns that say what is counted, and where its rows are.

    ``query`` gives the rows of a period by the day of Paris: ``FILTERS``, labels, then figures. ``by_contact`` tells
    whether a row belongs to the day of its contact; else narrowed figures want the contact in the period too.
    """

    labels: tuple[str, ...]
    figures: tuple[str, ...]
    query: Select[Any]
    by_contact: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The labels of every row."""
        return (*FILTERS, *self.labels)


def _of_contacts(query: Select[Any], table: Any) -> Select[Any]:
    """Join rows of ``table`` to the contacts they came from, if those are still there."""
    return query.join_from(table, contacts, table.c.contact_id == contacts.c.id, isouter=True)


KINDS: Mapping[str, _Kind] = {
    "contacts": _Kind(
        ("day", "outcome", "transfer_result"),
        ("hour",),
        select(*_NARROWING, contacts.c.day, contacts.c.outcome, contacts.c.transfer_result, contacts.c.hour),
    ),
    "returns": _Kind((), ("followed",), select(*_NARROWING, followed().label("followed")).where(settled())),
    "turns": _Kind(
        (_BEGAN, "intent"),
        ("understood", "delay_ms"),
        select(*_NARROWING, contacts.c.day, turns.c.intent, turns.c.understood, turns.c.delay_ms).join_from(
            turns, contacts
        ),
        by_contact=False,
    ),
    "records": _Kind(
        (_BEGAN, "type"),
        (),
        _of_contacts(select(*_NARROWING, contacts.c.day, records.c.type), records),
        by_contact=False,
    ),
    "surveys": _Kind(
        (_BEGAN, "question"),
        ("score",),
        _of_contacts(select(*_NARROWING, contacts.c.day, surveys.c.question, surveys.c.score), surveys),
        by_contact=False,
    ),
}


async def report(database: Database, first: date, last: date, only: Mapping[str, str] | None = None) -> Report:
    """Return the figures of the days from ``first`` to ``last``, both included; see ``figures.read_report``.

    Raises:
        ValueError: ``only`` names a column that is none of ``FILTERS``.
        JournalAway: the database does not answer.
    """
    narrowed = only or {}
    async with database.reading() as connection:
        bounds = await _bounds(connection)
        days = _days(bounds, first, last)
        kept: dict[str, list[bytes]] = {}
        fresh: dict[str, list[str]] = {}
        for kind in KINDS:
            kept[kind], fresh[kind] = await _kept(connection, kind, days, bounds)
        if max(map(len, fresh.values())) > _MOST_FRESH or set(narrowed) - set(FILTERS):
            return await read_report(connection, first, last, narrowed)
        read = {kind: [await _read(connection, kind, run) for run in _runs(fresh[kind])] for kind in KINDS}
    return await asyncio.to_thread(_counted, (first, last), narrowed, kept, read)


async def keep_facts(database: Database, today: date, pause_s: float = 0.02) -> int:
    """Keep the facts of the days and months before ``today`` that lack some; return how many blocks were written.

    Raises:
        JournalAway: the database does not answer.
    """
    count = 0
    async with database.reading() as connection:
        bounds = await _bounds(connection)
        there = {(row.kind, row.period) for row in await connection.execute(select(facts.c.kind, facts.c.period))}
    for kind in KINDS:
        over = today - timedelta(days=_WEEK_AFTER if kind == "returns" else 1)
        days = _days(bounds, date.min, over)
        months = [month for month in dict.fromkeys(day[:7] for day in days) if _last_of(month) <= over]
        for period in (*days, *months):
            if (kind, period) not in there:
                count += await _keep(database, kind, period, bounds)
                await asyncio.sleep(pause_s)
    return count


async def forget_facts(database: Database) -> None:
    """Remove every block: they are made again from the tables."""
    async with database.writing() as connection:
        await connection.execute(delete(facts))


async def _keep(database: Database, kind: str, period: str, bounds: tuple[str, str]) -> int:
    """Write one block; nobody may change what it is made from until it is there, for it would not be removed."""
    async with database.writing() as connection:
        if not database.is_sqlite:
            await connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_MS}"))
            await connection.execute(text("LOCK TABLE contacts, turns, records, surveys IN SHARE MODE"))
        if len(period) == len("2026-11"):
            wanted = _days(bounds, date.fromisoformat(f"{period}-01"), _last_of(period))
            blocks = await _stored(connection, kind, (wanted[0], wanted[-1]))
            if len(blocks) < len(wanted):  # a day has changed meanwhile: another time
                return 0
            packed = await asyncio.to_thread(_together, kind, list(blocks.values()))
        else:
            packed = pack(await _read(connection, kind, (period, period)))
        inserting: Any = (sqlite if database.is_sqlite else postgresql).insert(facts)
        row = {"kind": kind, "period": period, "block": packed}
        keys, change = [facts.c.kind, facts.c.period], {"block": packed}
        await connection.execute(inserting.on_conflict_do_update(index_elements=keys, set_=change), row)
    return 1


def _together(kind: str, blocks: Sequence[bytes]) -> bytes:
    of = KINDS[kind]
    return pack(joined([unpack(one, (*of.columns, *of.figures)) for one in blocks], of.columns, of.figures))


async def _bounds(connection: AsyncConnection) -> tuple[str, str]:
    """Return the first and the last day of which there is anything, empty when there is nothing."""
    days: list[str] = []
    for column in (contacts.c.day, turns.c.day, surveys.c.day):
        days += [one for bound in (func.min, func.max) if (one := await connection.scalar(select(bound(column))))]
    for bound in (func.min, func.max):
        opened = await connection.scalar(select(bound(records.c.opened_at)))
        days += [] if opened is None else [opened.astimezone(PARIS).date().isoformat()]
    return min(days, default=""), max(days, default="")


def _days(bounds: tuple[str, str], first: date, last: date) -> list[str]:
    if not bounds[0]:
        return []
    start, end = max(first, date.fromisoformat(bounds[0])), min(last, date.fromisoformat(bounds[1]))
    return [(start + timedelta(days=place)).isoformat() for place in range((end - start).days + 1)]


def _last_of(month: str) -> date:
    return (date.fromisoformat(f"{month}-01") + timedelta(days=32)).replace(day=1) - timedelta(days=1)


async def _kept(
    connection: AsyncConnection, kind: str, days: Sequence[str], bounds: tuple[str, str]
) -> tuple[list[bytes], list[str]]:
    """Return the blocks kept of ``days``, those of whole months first, and the days of which there is none."""
    if not days:
        return [], []
    whole = [
        month
        for month in dict.fromkeys(day[:7] for day in days)
        if max(f"{month}-01", bounds[0]) >= days[0] and min(_last_of(month).isoformat(), bounds[1]) <= days[-1]
    ]
    blocks: list[bytes] = []
    query = select(facts.c.period, facts.c.block).where(facts.c.kind == kind, facts.c.period.in_(whole))
    months = {row.period: row.block for row in await connection.execute(query)}
    blocks += months.values()
    left = [day for day in days if day[:7] not in months]
    there: dict[str, bytes] = {}
    for run in _runs(left):
        there |= await _stored(connection, kind, run)
    return [*blocks, *there.values()], [day for day in left if day not in there]


async def _stored(connection: AsyncConnection, kind: str, days: tuple[str, str]) -> dict[str, bytes]:
    here = (facts.c.kind == kind) & facts.c.period.between(*days) & (func.length(facts.c.period) == len(days[0]))
    return {row.period: row.block for row in await connection.execute(select(facts).where(here))}


def _runs(days: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the first and the last of each run of days that follow each other."""
    ordinals = [date.fromisoformat(day).toordinal() for day in days]
    for _, run in groupby(enumerate(ordinals), key=lambda one: one[1] - one[0]):
        found = [ordinal for _, ordinal in run]
        yield date.fromordinal(found[0]).isoformat(), date.fromordinal(found[-1]).isoformat()


async def _read(connection: AsyncConnection, kind: str, days: tuple[str, str]) -> Columns:
    """Read the facts of a few days from the tables themselves."""
    of = KINDS[kind]
    query = of.query.where({"turns": turns.c.day, "surveys": surveys.c.day}.get(kind, contacts.c.day).between(*days))
    if kind == "records":
        first, last = (date.fromisoformat(day) for day in days)
        since, until = (datetime.combine(day, time(), PARIS) for day in (first, last + timedelta(days=1)))
        query = of.query.where(records.c.opened_at >= since, records.c.opened_at < until)
    rows = [tuple(row) for row in await connection.execute(query)]
    return columns_of(rows, of.columns, of.figures)


def _counted(
    days: tuple[date, date],
    only: Mapping[str, str],
    kept: Mapping[str, Sequence[bytes]],
    fresh: Mapping[str, Sequence[Columns]],
) -> Report:
    of = {kind: _Counting(kind, days, only, kept[kind], fresh[kind]) for kind in KINDS}
    mine, told = of["contacts"], of["turns"]
    volumes = Volumes(
        days=dict(sorted(mine.volumes("day").items())),
        hours=dict(mine.histogram("hour")),
        channels=mine.volumes("channel"),
        outcomes=mine.volumes("outcome"),
        themes=mine.volumes("theme"),
        natures=mine.volumes("nature"),
        categories=mine.volumes("category"),
        communes=mine.volumes("commune"),
        intents=told.volumes("intent"),
        records=of["records"].volumes("type"),
        transfers=mine.volumes("transfer_result"),
    )
    delays = told.histogram("delay_ms")
    return compose(
        days,
        volumes,
        first_call=_share_of_no(of["returns"].histogram("followed")),
        no_match=_share_of_no(told.histogram("understood")),
        delays=Delays(sum(number for _, number in delays), nearest_rank(delays, 0.5), nearest_rank(delays, 0.95)),
        satisfaction=of["surveys"].scores(),
    )


class _Counting:
    """The rows of one kind that count: all of a period, or those of the contacts that ``only`` keeps."""

    def __init__(
        self,
        kind: str,
        days: tuple[date, date],
        only: Mapping[str, str],
        kept: Sequence[bytes],
        fresh: Sequence[Columns],
    ) -> None:
        of = KINDS[kind]
        counted = () if of.by_contact and kind != "contacts" else of.labels
        labels = [name for name in of.columns if name in only or name in counted or kind == "contacts"]
        blocks = [unpack(packed, (*labels, *of.figures)) for packed in kept]
        self._rows = joined([*blocks, *fresh], labels, of.figures)
        self._mask: Mask | None = None
        if only:
            self._narrow(days, only, of)

    def _narrow(self, days: tuple[date, date], only: Mapping[str, str], of: _Kind) -> None:
        for name, value in only.items():
            one = self._rows.among(name, (value,))
            self._mask = one if self._mask is None else self._mask & one
        if not of.by_contact and self._mask is not None:
            first, last = (day.isoformat() for day in days)
            began = [day for day in self._rows.labels[_BEGAN][0] if day is not None and first <= day <= last]
            self._mask = self._mask & self._rows.among(_BEGAN, began)

    def volumes(self, name: str) -> dict[Any, int]:
        """Return how many rows have each value, the most frequent first; no value is none."""
        found = ((value, count) for value, count in self._rows.counts(name, self._mask).items() if value)
        return dict(sorted(found, key=lambda one: (-one[1], one[0])))

    def histogram(self, name: str) -> list[tuple[int, int]]:
        """Return how often each figure is there, in order."""
        return self._rows.histogram(name, self._mask)

    def scores(self) -> dict[str, Score]:
        """Return the mean score of each question."""
        found: dict[str, Score] = {}
        for question in sorted(name for name in self._rows.labels["question"][0] if name is not None):
            asked = self._rows.among("question", (question,))
            given = self._rows.histogram("score", asked if self._mask is None else asked & self._mask)
            count = sum(number for _, number in given)
            if count:
                found[question] = Score(count, sum(score * number for score, number in given) / count)
        return found


def _share_of_no(histogram: Sequence[tuple[int, int]]) -> float | None:
    """Return the share of rows whose figure is 0, of those that have one."""
    return share(dict(histogram).get(0, 0), sum(number for _, number in histogram))
