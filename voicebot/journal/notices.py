"""Messages told without being asked: works, green gestures, reminders; dated, for some communes or for all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update

from voicebot.clock import PARIS
from voicebot.dialog.turns import Bulletin
from voicebot.journal.database import Database
from voicebot.journal.schema import actions, notices

LONGEST_TEXT = 300
_LONGEST_LIST = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """One message, told from ``first_day`` to ``last_day``; ``communes`` empty: to everybody."""

    id: int
    text: str
    communes: tuple[str, ...]
    first_day: date
    last_day: date
    withdrawn: bool
    who: str
    sent: int = 0
    sent_at: datetime | None = None

    def told(self, day: date) -> bool:
        """Return whether it is told on ``day``."""
        return not self.withdrawn and self.first_day <= day <= self.last_day


class Notices:
    """The messages of one database. Every method may raise ``JournalAway``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, profile: str) -> list[Notice]:
        """Return the messages of a profile, the last to end first."""
        query = select(notices).where(notices.c.profile == profile)
        order = (notices.c.last_day.desc(), notices.c.id.desc())
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.order_by(*order).limit(_LONGEST_LIST))).mappings()
            return [_notice(row) for row in rows]

    async def told(self, profile: str, day: date) -> list[Notice]:
        """Return the messages of a profile told on ``day``."""
        return [one for one in await self.all(profile) if one.told(day)]

    async def write(
        self, profile: str, text: str, communes: Sequence[str], days: tuple[date, date], who: str, at: datetime
    ) -> None:
        """Keep a new message, told from the first to the last of ``days``."""
        row = {"profile": profile, "text": text, "communes": list(communes), "withdrawn": False, "who": who}
        row |= {"first_day": days[0].isoformat(), "last_day": days[1].isoformat(), "written_at": at}
        async with self._database.writing() as connection:
            await connection.execute(insert(notices), row)
            await connection.execute(insert(actions), _action(who, "write_notice", profile, at, {"text": text}))

    async def withdraw(self, notice: int, who: str, at: datetime) -> None:
        """Tell a message no more."""
        async with self._database.writing() as connection:
            await connection.execute(update(notices).where(notices.c.id == notice).values(withdrawn=True))
            await connection.execute(insert(actions), _action(who, "withdraw_notice", str(notice), at, {}))

    async def sent(self, notice: int, count: int, who: str, at: datetime) -> None:
        """Keep that a message was sent to ``count`` people."""
        async with self._database.writing() as connection:
            await connection.execute(update(notices).where(notices.c.id == notice).values(sent=count, sent_at=at))
            await connection.execute(insert(actions), _action(who, "send_notice", str(notice), at, {"count": count}))


def _notice(row: Any) -> Notice:
    return Notice(
        row["id"],
        row["text"],
        tuple(row["communes"]),
        date.fromisoformat(row["first_day"]),
        date.fromisoformat(row["last_day"]),
        row["withdrawn"],
        row["who"],
        row["sent"],
        row["sent_at"],
    )


def _action(who: str, action: str, subject: str, at: datetime, detail: dict[str, Any]) -> dict[str, Any]:
    return {"who": who, "action": action, "subject": subject, "at": at, "detail": detail}


class NoticeBoard:
    """The messages of the day, at hand for calls that cannot wait: as of the last ``refresh``.

    While the database is away the last ones known go on; each is judged by the day it is asked for.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._notices = Notices(database)
        self._now = now
        self._known: dict[str, list[Notice]] = {}

    async def refresh(self, profiles: Iterable[str]) -> None:
        """Read the messages of ``profiles``.

        Raises:
            JournalAway: the database does not answer.
        """
        for profile in profiles:
            self._known[profile] = await self._notices.all(profile)

    def bulletins(self, profile: str) -> tuple[Bulletin, ...]:
        """Return the day's messages of a profile, the first to end first."""
        day = self._now().astimezone(PARIS).date()
        told = [one for one in self._known.get(profile, ()) if one.told(day)]
        return tuple(Bulletin(one.text, one.communes) for one in reversed(told))
