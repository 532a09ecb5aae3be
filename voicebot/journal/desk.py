"""Requests being dealt with: who has them, by when, what was written about them.

Every change is kept among the actions, in the transaction that makes it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from voicebot.journal.archive import RequestStatus
from voicebot.journal.database import Database
from voicebot.journal.schema import actions, comments, records, users

OPEN = ("open", "assigned")
_LONGEST_LIST = 200


class Desk:
    """The requests of one database. Every method may raise ``JournalAway``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, today: date, login: str = "", limit: int = _LONGEST_LIST) -> list[dict[str, Any]]:
        """Return the requests past their day or due ``today`` that are not done, the most urgent first."""
        query = select(records).where(records.c.state.in_(OPEN), records.c.due_day <= today.isoformat())
        if login:
            query = query.where(records.c.assignee == login)
        async with self._database.reading() as connection:
            rows = await connection.execute(query.order_by(records.c.due_day, records.c.id).limit(limit))
            return [dict(row) for row in rows.mappings()]

    async def counts(self) -> dict[str, int]:
        """Return how many requests there are in each state."""
        query = select(records.c.state, func.count()).group_by(records.c.state)
        async with self._database.reading() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def comments(self, record: str) -> list[dict[str, Any]]:
        """Return what was written about a request, in order, with the names of who wrote."""
        query = (
            select(comments, func.coalesce(users.c.name, comments.c.who).label("name"))
            .join(users, users.c.login == comments.c.who, isouter=True)
            .where(comments.c.record_id == record)
            .order_by(comments.c.id)
        )
        async with self._database.reading() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def comment(self, record: str, text: str, who: str, at: datetime) -> None:
        """Write about a request."""
        async with self._database.writing() as connection:
            await connection.execute(insert(comments), {"record_id": record, "at": at, "who": who, "text": text})
            await connection.execute(insert(actions), _action(who, "comment", record, at, {}))

    async def assign(self, record: str, assignee: str | None, due_day: date | None, who: str, at: datetime) -> None:
        """Give a request to a user, by a day; to nobody, it is open again. One that is done stays so."""
        due = None if due_day is None else due_day.isoformat()
        state = "assigned" if assignee else "open"
        change = update(records).where(records.c.id == record)
        async with self._database.writing() as connection:
            await connection.execute(change.values(assignee=assignee, due_day=due, changed_at=at))
            await connection.execute(change.where(records.c.state.in_(OPEN)).values(state=state))
            detail = {"assignee": assignee, "due_day": due}
            await connection.execute(insert(actions), _action(who, "assign", record, at, detail))

    async def set_state(self, record: str, state: RequestStatus, who: str, at: datetime) -> None:
        """Move a request to ``state``."""
        async with self._database.writing() as connection:
            change = update(records).where(records.c.id == record).values(state=state, changed_at=at)
            await connection.execute(change)
            await connection.execute(insert(actions), _action(who, "set_state", record, at, {"state": state}))


def _action(who: str, action: str, subject: str, at: datetime, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {"who": who, "action": action, "subject": subject, "at": at, "detail": dict(detail)}
