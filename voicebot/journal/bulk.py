"""Many contacts at once, made up for measuring and demonstrations; and their removal.

They go through the same sealing as what calls tell, into the same tables; but beside the spool, and without anything
being announced to the outside.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.journal import schema
from voicebot.journal.archive import RequestStatus
from voicebot.journal.database import Database
from voicebot.journal.events import Event
from voicebot.journal.lines import line_of
from voicebot.journal.seal import Seal

MARK = "demo-"
"""How the id of a made-up contact begins."""

_ROOM_KIB = 200_000


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of a made-up request, and what was noted about it."""

    record: str
    state: RequestStatus
    changed_at: datetime
    assignee: str | None = None
    due_day: date | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeContact:
    """One contact, whole, and what became of its request when it left one."""

    events: Sequence[Event]
    followed: Followed | None = None


@dataclass(slots=True)
class _Rows:
    """Rows by table, in the order in which tables refer to each other."""

    contacts: list[dict[str, Any]] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    coordinates: list[dict[str, Any]] = field(default_factory=list)
    surveys: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)


async def count_contacts(database: Database, made_up: bool = False) -> int:
    """Return how many contacts there are; only the made-up ones when asked.

    Raises:
        JournalAway: the database does not answer.
    """
    contacts = schema.contacts
    wanted = contacts.c.id.startswith(MARK) if made_up else contacts.c.id.is_not(None)
    async with database.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(contacts).where(wanted)) or 0


async def add_made_up(database: Database, seal: Seal, made: Iterable[MadeContact], run: str) -> None:
    """Write contacts in one transaction, under the name ``run``.

    Raises:
        JournalAway: the database does not answer.
    """
    rows = _rows_of(made, seal, run)
    async with database.writing() as connection:
        if database.is_sqlite:
            await connection.execute(text(f"PRAGMA cache_size = -{_ROOM_KIB}"))
        for name in _Rows.__dataclass_fields__:
            found = getattr(rows, name)
            if found:
                await connection.execute(insert(schema.metadata.tables[name]), found)


async def remove_made_up(database: Database, people: Iterable[str]) -> dict[str, int]:
    """Take out every made-up contact with all that came of it, and the preferences and consents of ``people``.

    Raises:
        JournalAway: the database does not answer.
    """
    contacts, records = schema.contacts, schema.records
    pseudonyms = sorted(people)
    counts: dict[str, int] = {}
    async with database.writing() as connection:
        mine = records.c.id.startswith(MARK)
        about = schema.outbox.c.about
        letters = delete(schema.outbox).where(or_(about.startswith(MARK), about.in_(select(records.c.id).where(mine))))
        counts["deliveries"] = (await connection.execute(letters)).rowcount
        counts["records"] = (await connection.execute(delete(records).where(mine))).rowcount
        gone = delete(contacts).where(contacts.c.id.startswith(MARK))
        counts["contacts"] = (await connection.execute(gone)).rowcount
        for name in ("preferences", "consents"):
            counts[name] = await _delete_of(connection, name, pseudonyms)
    await database.forget_deleted()
    return counts


async def _delete_of(connection: AsyncConnection, name: str, people: Sequence[str]) -> int:
    table, count = schema.metadata.tables[name], 0
    for place in range(0, len(people), 500):
        removal = delete(table).where(table.c.person.in_(people[place : place + 500]))
        count += (await connection.execute(removal)).rowcount
    return count


def _rows_of(made: Iterable[MadeContact], seal: Seal, run: str) -> _Rows:
    rows = _Rows()
    columns = {name: set(schema.metadata.tables[name].columns.keys()) for name in ("turns", "records")}
    for one in made:
        contact: dict[str, Any] = {}
        turns: dict[int, dict[str, Any]] = {}
        for event in one.events:
            line = line_of(event, seal)
            row = dict(line.row)
            match line.kind:
                case "started":
                    contact = row | {"run": run}
                case "ended":
                    contact |= row
                case "turn":
                    turns[row["seq"]] = row | {"parts_ms": None}
                case "answered":
                    turns[row["seq"]]["parts_ms"] = row["parts_ms"]
                case "surveyed":
                    rows.surveys.append(row)
                case "kept":
                    _add_record(rows, row, columns["records"], one.followed)
        rows.contacts.append(contact)
        rows.turns += turns.values()
    return rows


def _add_record(rows: _Rows, row: Mapping[str, Any], columns: set[str], followed: Followed | None) -> None:
    record = {name: value for name, value in row.items() if name in columns}
    record |= {"changed_at": row["opened_at"], "state": "open", "assignee": None, "due_day": None}
    if followed is not None and followed.record == row["id"]:
        due = None if followed.due_day is None else followed.due_day.isoformat()
        record |= {"state": followed.state, "changed_at": followed.changed_at, "assignee": followed.assignee}
        record["due_day"] = due
        who = followed.assignee or MARK
        note = {"record_id": row["id"], "at": followed.changed_at, "who": who}
        rows.comments += [note | {"text": words} for words in followed.notes]
    rows.records.append(record)
    if row["coordinates"]:
        private = {"record_id": row["id"], "token": row["coordinates"], "kept_at": row["opened_at"]}
        rows.coordinates.append(private)
