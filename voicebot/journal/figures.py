"""The figures of a period, counted by the database.

Definitions. A contact is *contained* when it was settled without an adviser (answered, appointment, ticket), counted
among the contacts that ended. *Abandoned*: the caller hung up with nothing settled. *No match*: turns that asked for
something and were not understood, among those that asked. *Delay*: from the end of the caller's speech to the first
sound of the answer; percentiles are of the nearest rank. *Satisfaction*: the mean score by question of the survey.
*First call*: among the contacts of known people that settled something, those that no other contact of the same person
on the same theme followed within a week. *Complaints*: contacts whose nature is a complaint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from voicebot.clock import PARIS
from voicebot.journal.schema import contacts, records, surveys, turns

CONTAINED = ("answered", "appointment", "ticket")
FILTERS = ("profile", "channel", "theme", "nature", "category", "commune")
"""The columns of contacts that the figures may be narrowed to."""
_SETTLED = (*CONTAINED, "callback", "transferred")


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
    categories: Mapping[str, int] = field(default_factory=dict)
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
    first_call: float | None
    no_match: float | None
    complaints: int
    delays: Delays
    volumes: Volumes
    satisfaction: Mapping[str, Score]


async def read_report(
    connection: AsyncConnection, first: date, last: date, only: Mapping[str, str] | None = None
) -> Report:
    """Return the figures of the days from ``first`` to ``last``, both included, of the contacts that ``only`` keeps.

    Raises:
        ValueError: ``only`` names a column that is none of ``FILTERS``.
    """
    days = (first.isoformat(), last.isoformat())
    here = contacts.c.day.between(*days) & _kept(only or {})
    told = turns.c.day.between(*days) & _of_contacts(turns.c.contact_id, here, only)
    volumes = Volumes(
        days=dict(sorted((await _volumes(connection, contacts.c.day, here)).items())),
        hours=dict(sorted((await _volumes(connection, contacts.c.hour, here)).items())),
        channels=await _volumes(connection, contacts.c.channel, here),
        outcomes=await _volumes(connection, contacts.c.outcome, here),
        themes=await _volumes(connection, contacts.c.theme, here),
        natures=await _volumes(connection, contacts.c.nature, here),
        categories=await _volumes(connection, contacts.c.category, here),
        communes=await _volumes(connection, contacts.c.commune, here),
        intents=await _volumes(connection, turns.c.intent, told),
        records=await read_records(connection, first, last, only),
        transfers=await _volumes(connection, contacts.c.transfer_result, here),
    )
    return compose(
        (first, last),
        volumes,
        first_call=await _first_call(connection, here),
        no_match=await _no_match(connection, told),
        delays=await _delays(connection, told),
        satisfaction=await read_satisfaction(connection, first, last, only),
    )


def compose(
    days: tuple[date, date],
    volumes: Volumes,
    *,
    first_call: float | None,
    no_match: float | None,
    delays: Delays,
    satisfaction: Mapping[str, Score],
) -> Report:
    """Return a report whose rates are those of its volumes."""
    outcomes, ended = volumes.outcomes, sum(volumes.outcomes.values())
    return Report(
        *days,
        contacts=sum(volumes.days.values()),
        ended=ended,
        containment=share(sum(outcomes.get(name, 0) for name in CONTAINED), ended),
        transferred=share(outcomes.get("transferred", 0), ended),
        abandoned=share(outcomes.get("hung_up", 0), ended),
        first_call=first_call,
        no_match=no_match,
        complaints=volumes.natures.get("complaint", 0),
        delays=delays,
        volumes=volumes,
        satisfaction=satisfaction,
    )


async def read_records(
    connection: AsyncConnection, first: date, last: date, only: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Return how many records of each type were opened in a period, by the contacts that ``only`` keeps."""
    opened = (records.c.opened_at >= _midnight(first)) & (records.c.opened_at < _midnight(last + timedelta(days=1)))
    return await _volumes(connection, records.c.type, opened & _belongs(records.c.contact_id, first, last, only))


async def read_satisfaction(
    connection: AsyncConnection, first: date, last: date, only: Mapping[str, str] | None = None
) -> dict[str, Score]:
    """Return the scores given in a period, by question, of the contacts that ``only`` keeps."""
    here = surveys.c.day.between(first.isoformat(), last.isoformat())
    return await _satisfaction(connection, here & _belongs(surveys.c.contact_id, first, last, only))


async def read_comments(
    connection: AsyncConnection, first: date, last: date, only: Mapping[str, str] | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """Return the last words left to the survey in a period, by the contacts that ``only`` keeps, the newest first.

    Each has its ``contact_id``, the moment (``at``) and the words (``comment``), for as long as they are kept.
    """
    query = (
        select(surveys.c.contact_id, surveys.c.at, surveys.c.comment)
        .where(surveys.c.day.between(first.isoformat(), last.isoformat()), surveys.c.comment != "")
        .where(_belongs(surveys.c.contact_id, first, last, only))
        .order_by(surveys.c.day.desc(), surveys.c.at.desc(), surveys.c.contact_id)
        .limit(limit)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _belongs(
    column: ColumnElement[Any], first: date, last: date, only: Mapping[str, str] | None
) -> ColumnElement[bool]:
    """Narrow what belongs to contacts to those kept, each looked up by its id."""
    if not only:
        return true()
    here = contacts.c.day.between(first.isoformat(), last.isoformat()) & _kept(only)
    return select(contacts.c.id).where(contacts.c.id == column, here).exists()


def _kept(only: Mapping[str, str]) -> ColumnElement[bool]:
    unknown = sorted(set(only) - set(FILTERS))
    if unknown:
        raise ValueError(f"figures cannot be narrowed by {', '.join(unknown)}; they can by {', '.join(FILTERS)}")
    return and_(true(), *(contacts.c[name] == value for name, value in only.items()))


def _of_contacts(
    column: ColumnElement[Any], here: ColumnElement[bool], only: Mapping[str, str] | None
) -> ColumnElement[bool]:
    """Narrow what belongs to contacts to those kept; every contact being kept, nothing is to be looked up."""
    return column.in_(select(contacts.c.id).where(here)) if only else true()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PARIS)


def share(part: int, whole: int) -> float | None:
    """Return a share, from 0 to 1; ``None`` of nothing."""
    return part / whole if whole else None


async def _volumes(
    connection: AsyncConnection, column: ColumnElement[Any], where: ColumnElement[bool]
) -> dict[Any, int]:
    count = func.count()
    query = select(column, count).where(where, column.is_not(None)).group_by(column).order_by(count.desc(), column)
    return {value: number for value, number in await connection.execute(query) if value != ""}


def settled() -> ColumnElement[bool]:
    """Return whether a contact of somebody known settled something."""
    outcome = func.coalesce(contacts.c.outcome, "")  # so that contacts are found by their day, not by their outcome
    return contacts.c.person.is_not(None) & outcome.in_(_SETTLED)


def followed() -> ColumnElement[int]:
    """Return 1 for a contact that another of the same person on the same theme followed within a week, else 0."""
    later = contacts.alias("later")
    again = (
        select(later.c.id)
        .where(
            later.c.person == contacts.c.person,
            later.c.theme == contacts.c.theme,
            later.c.started_at > contacts.c.started_at,
            later.c.started_at <= _WeekAfter(contacts.c.started_at),
        )
        .correlate(contacts)
    )
    return case((again.exists(), 1), else_=0)


class _WeekAfter(FunctionElement[datetime]):
    """The moment seven days of 24 hours after another."""

    inherit_cache = True
    type = contacts.c.started_at.type


@compiles(_WeekAfter, "sqlite")
def _week_after_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    at = compiler.process(element.clauses, **more)
    return f"(date({at}, '+7 days') || substr({at}, 11))"  # moments are texts in UTC there


@compiles(_WeekAfter, "postgresql")
def _week_after_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    return f"({compiler.process(element.clauses, **more)} + interval '168 hours')"


async def _first_call(connection: AsyncConnection, here: ColumnElement[bool]) -> float | None:
    query = select(func.count(), func.sum(followed())).where(here, settled())
    count, again = (await connection.execute(query)).one()
    return share(count - (again or 0), count)


async def _no_match(connection: AsyncConnection, told: ColumnElement[bool]) -> float | None:
    missed = func.sum(case((turns.c.understood.is_(False), 1), else_=0))
    query = select(func.count(), missed).where(told, turns.c.understood.is_not(None))
    asked, unmatched = (await connection.execute(query)).one()
    return share(unmatched or 0, asked)


async def _delays(connection: AsyncConnection, told: ColumnElement[bool]) -> Delays:
    measured = told & turns.c.delay_ms.is_not(None)
    query = select(turns.c.delay_ms, func.count()).where(measured).group_by(turns.c.delay_ms).order_by(turns.c.delay_ms)
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


async def _satisfaction(connection: AsyncConnection, asked: ColumnElement[bool]) -> dict[str, Score]:
    query = (
        select(surveys.c.question, func.count(), func.sum(surveys.c.score))
        .where(asked, surveys.c.score.is_not(None))
        .group_by(surveys.c.question)
        .order_by(surveys.c.question)
    )
    return {question: Score(count, total / count) for question, count, total in await connection.execute(query)}
