"""The figures of a period, counted by the database.

Definitions. A contact is *contained* when it was settled without an adviser (answered, appointment, ticket), counted
among the contacts that ended. *Abandoned*: the caller hung up with nothing settled. *No match*: turns that asked for
something and were not understood, among those that asked. *Delay*: from the end of the caller's speech to the first
sound of the answer; percentiles are of the nearest rank. *Satisfaction*: the mean score by question of the survey.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.clock import PARIS
from voicebot.journal.schema import contacts, records, surveys, turns

CONTAINED = ("answered", "appointment", "ticket")


@dataclass(frozen=True, slots=True)
class Delays:
    """Answer delays in ms: how many were measured, the median, and what 95 answers in 100 stay under."""

    count: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A question of the survey: how many answered it with a number, and the mean."""

    count: int
    mean: float


@dataclass(frozen=True, slots=True)
class Volumes:
    """How many contacts, by what they have in common; ``intents`` counts turns, ``records`` those opened meanwhile.

    Greatest first; days and hours in order.
    """

    days: Mapping[str, int] = field(default_factory=dict)
    hours: Mapping[int, int] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    themes: Mapping[str, int] = field(default_factory=dict)
    natures: Mapping[str, int] = field(default_factory=dict)
    communes: Mapping[str, int] = field(default_factory=dict)
    intents: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, int] = field(default_factory=dict)
    transfers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the days from ``first`` to ``last``; rates are from 0 to 1, ``None`` with nothing to count."""

    first: date
    last: date
    contacts: int
    ended: int
    containment: float | None
    transferred: float | None
    abandoned: float | None
    no_match: float | None
    delays: Delays
    volumes: Volumes
    satisfaction: Mapping[str, Score]


async def read_report(connection: AsyncConnection, first: date, last: date) -> Report:
    """Return the figures of the days from ``first`` to ``last``, both included."""
    days = (first.isoformat(), last.isoformat())
    here = contacts.c.day.between(*days)
    outcomes = await _volumes(connection, contacts.c.outcome, here)
    opened = (records.c.opened_at >= _midnight(first)) & (records.c.opened_at < _midnight(last + timedelta(days=1)))
    volumes = Volumes(
        days=dict(sorted((await _volumes(connection, contacts.c.day, here)).items())),
        hours=dict(sorted((await _volumes(connection, contacts.c.hour, here)).items())),
        channels=await _volumes(connection, contacts.c.channel, here),
        outcomes=outcomes,
        themes=await _volumes(connection, contacts.c.theme, here),
        natures=await _volumes(connection, contacts.c.nature, here),
        communes=await _volumes(connection, contacts.c.commune, here),
        intents=await _volumes(connection, turns.c.intent, turns.c.day.between(*days)),
        records=await _volumes(connection, records.c.type, opened),
        transfers=await _volumes(connection, contacts.c.transfer_result, here),
    )
    ended = sum(outcomes.values())
    return Report(
        first,
        last,
        contacts=sum(volumes.days.values()),
        ended=ended,
        containment=_share(sum(outcomes.get(name, 0) for name in CONTAINED), ended),
        transferred=_share(outcomes.get("transferred", 0), ended),
        abandoned=_share(outcomes.get("hung_up", 0), ended),
        no_match=await _no_match(connection, days),
        delays=await _delays(connection, days),
        volumes=volumes,
        satisfaction=await _satisfaction(connection, days),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PARIS)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


async def _volumes(
    connection: AsyncConnection, column: ColumnElement[Any], where: ColumnElement[bool]
) -> dict[Any, int]:
    count = func.count()
    query = select(column, count).where(where, column.is_not(None)).group_by(column).order_by(count.desc(), column)
    return {value: number for value, number in await connection.execute(query) if value != ""}


async def _no_match(connection: AsyncConnection, days: tuple[str, str]) -> float | None:
    missed = func.sum(case((turns.c.understood.is_(False), 1), else_=0))
    query = select(func.count(), missed).where(turns.c.day.between(*days), turns.c.understood.is_not(None))
    asked, unmatched = (await connection.execute(query)).one()
    return _share(unmatched or 0, asked)


async def _delays(connection: AsyncConnection, days: tuple[str, str]) -> Delays:
    here = turns.c.day.between(*days) & turns.c.delay_ms.is_not(None)
    query = select(turns.c.delay_ms, func.count()).where(here).group_by(turns.c.delay_ms).order_by(turns.c.delay_ms)
    histogram = [(row[0], row[1]) for row in await connection.execute(query)]
    count = sum(number for _, number in histogram)
    return Delays(count, nearest_rank(histogram, 0.5), nearest_rank(histogram, 0.95))


def nearest_rank(histogram: Sequence[tuple[int, int]], share: float) -> int | None:
    """Return the least value that at least ``share`` of all are not above; ``histogram`` is (value, count), sorted."""
    reached, wanted = 0, share * sum(number for _, number in histogram)
    for value, number in histogram:
        reached += number
        if reached >= wanted:
            return value
    return None


async def _satisfaction(connection: AsyncConnection, days: tuple[str, str]) -> dict[str, Score]:
    query = (
        select(surveys.c.question, func.count(), func.avg(surveys.c.score))
        .where(surveys.c.day.between(*days), surveys.c.score.is_not(None))
        .group_by(surveys.c.question)
        .order_by(surveys.c.question)
    )
    return {question: Score(count, float(mean)) for question, count, mean in await connection.execute(query)}
