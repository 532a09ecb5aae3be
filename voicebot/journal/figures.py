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

from voicebot.clock import PARIS
from voicebot.journal.schema import contacts, records, surveys, turns

CONTAINED = ("answered", "appointment", "ticket")
FILTERS = ("profile", "channel", "theme", "nature", "category", "commune")
"""The columns of contacts that the figures may be narrowed to."""
_SETTLED = (*CONTAINED, "callback", "transferred")
_AGAIN = timedelta(days=7)


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
    kept = _kept(only or {})
    here = contacts.c.day.between(*days) & kept
    told = turns.c.day.between(*days) & _of_contacts(turns.c.contact_id, here, only)
    opened = (records.c.opened_at >= _midnight(first)) & (records.c.opened_at < _midnight(last + timedelta(days=1)))
    outcomes = await _volumes(connection, contacts.c.outcome, here)
    natures = await _volumes(connection, contacts.c.nature, here)
    volumes = Volumes(
        days=dict(sorted((await _volumes(connection, contacts.c.day, here)).items())),
        hours=dict(sorted((await _volumes(connection, contacts.c.hour, here)).items())),
        channels=await _volumes(connection, contacts.c.channel, here),
        outcomes=outcomes,
        themes=await _volumes(connection, contacts.c.theme, here),
        natures=natures,
        categories=await _volumes(connection, contacts.c.category, here),
        communes=await _volumes(connection, contacts.c.commune, here),
        intents=await _volumes(connection, turns.c.intent, told),
        records=await _volumes(connection, records.c.type, opened & _of_contacts(records.c.contact_id, here, only)),
        transfers=await _volumes(connection, contacts.c.transfer_result, here),
    )
    ended = sum(outcomes.values())
    asked = surveys.c.day.between(*days) & _of_contacts(surveys.c.contact_id, here, only)
    return Report(
        first,
        last,
        contacts=sum(volumes.days.values()),
        ended=ended,
        containment=_share(sum(outcomes.get(name, 0) for name in CONTAINED), ended),
        transferred=_share(outcomes.get("transferred", 0), ended),
        abandoned=_share(outcomes.get("hung_up", 0), ended),
        first_call=await _first_call(connection, here),
        no_match=await _no_match(connection, told),
        complaints=natures.get("complaint", 0),
        delays=await _delays(connection, told),
        volumes=volumes,
        satisfaction=await _satisfaction(connection, asked),
    )


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


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


async def _volumes(
    connection: AsyncConnection, column: ColumnElement[Any], where: ColumnElement[bool]
) -> dict[Any, int]:
    count = func.count()
    query = select(column, count).where(where, column.is_not(None)).group_by(column).order_by(count.desc(), column)
    return {value: number for value, number in await connection.execute(query) if value != ""}


async def _first_call(connection: AsyncConnection, here: ColumnElement[bool]) -> float | None:
    """Count in one pass over the settled contacts of the period; the week after it is looked at too."""
    known = here & contacts.c.person.is_not(None) & contacts.c.outcome.in_(_SETTLED)
    mine = select(contacts.c.person, contacts.c.theme, contacts.c.started_at).where(known)
    settled = [tuple(row) for row in await connection.execute(mine)]
    if not settled:
        return None
    callers = contacts.c.person.in_(select(contacts.c.person).where(known))
    least, most = min(row[2] for row in settled), max(row[2] for row in settled)
    all_calls = select(contacts.c.person, contacts.c.theme, contacts.c.started_at).where(
        callers, contacts.c.started_at > least, contacts.c.started_at <= most + _AGAIN
    )
    moments: dict[tuple[str, str], list[datetime]] = {}
    for person, theme, at in await connection.execute(all_calls):
        moments.setdefault((person, theme), []).append(at)
    once = [
        not any(at < later <= at + _AGAIN for later in moments.get((person, theme), ()))
        for person, theme, at in settled
    ]
    return _share(sum(once), len(settled))


async def _no_match(connection: AsyncConnection, told: ColumnElement[bool]) -> float | None:
    missed = func.sum(case((turns.c.understood.is_(False), 1), else_=0))
    query = select(func.count(), missed).where(told, turns.c.understood.is_not(None))
    asked, unmatched = (await connection.execute(query)).one()
    return _share(unmatched or 0, asked)


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
        select(surveys.c.question, func.count(), func.avg(surveys.c.score))
        .where(asked, surveys.c.score.is_not(None))
        .group_by(surveys.c.question)
        .order_by(surveys.c.question)
    )
    return {question: Score(count, float(mean)) for question, count, mean in await connection.execute(query)}
