"""From the journal to the outbox: what was kept, and what ended, is announced to the outside exactly once.

The journal leaves word of each record and each end in the transaction that stores it; the announcer turns that into
messages in the transaction that takes the word away. Whoever stored it (a call, a chat, a page, the recovery of a
process that died) need not know who is to be told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.delivery.outbox import Outbox
from voicebot.journal.events import Posted
from voicebot.journal.journal import Journal
from voicebot.journal.lines import decode, encode
from voicebot.journal.schema import announcements, contacts, coordinates, records, surveys
from voicebot.journal.store import store

EVENT_OF = {
    "ticket": "ticket.opened",
    "callback": "callback.requested",
    "appointment": "appointment.booked",
    "message": "message.left",
}
"""The event that tells of each type of record."""

TOLD_SLOTS = ("commune", "flux", "motif", "objet", "date", "heure")
"""What a webhook is told of a record: nothing that says who or where exactly."""

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as the service is told of it; ``slots`` are whole, coordinates included."""

    id: str
    contact: str
    type: str
    reference: str
    form: str
    profile: str
    slots: Mapping[str, str]
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail to the service about a record."""

    to: str
    subject: str
    text: str


class Announcer:
    """Announces what ``journal`` holds. ``write`` gives the e-mail about a record, ``None`` when nobody is to have one.

    ``link`` gives the address of a contact's page, empty when there is none.
    """

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        write: Callable[[KeptRecord], Letter | None],
        link: Callable[[str], str] = lambda contact: "",
    ) -> None:
        self._journal = journal
        self._outbox = outbox
        self._write = write
        self._link = link

    async def announce(self) -> int:
        """Put in the outbox what is to be announced, a few things at a time; return how many things there were.

        Raises:
            JournalAway: the database does not answer; nothing is lost.
        """
        async with self._journal.database.reading() as connection:
            if (await connection.execute(select(announcements.c.kind).limit(1))).first() is None:
                return 0
        async with self._journal.database.writing() as connection:
            query = select(announcements).order_by(announcements.c.at).limit(_AT_ONCE)
            found = (await connection.execute(query.with_for_update(skip_locked=True))).all()
            posted = [event for row in found for event in await self._events(connection, row)]
            lines = [decode(encode(event, self._journal.seal)) for event in posted]
            await store(connection, lines, "")
            done = [(row.kind, row.subject) for row in found]
            key = tuple_(announcements.c.kind, announcements.c.subject)
            await connection.execute(delete(announcements).where(key.in_(done)))
        return len(found)

    async def _events(self, connection: AsyncConnection, row: Row[Any]) -> Sequence[Posted]:
        if row.kind == "record":
            return await self._of_record(connection, row.subject)
        return await self._of_end(connection, row.subject)

    async def _of_record(self, connection: AsyncConnection, record: str) -> Sequence[Posted]:
        row = (await connection.execute(select(records).where(records.c.id == record))).first()
        if row is None:  # purged or erased meanwhile
            return ()
        token = await connection.scalar(select(coordinates.c.token).where(coordinates.c.record_id == record))
        slots = dict(row.slots) | ({} if token is None else self._journal.seal.open(token))
        kept = KeptRecord(
            row.id, row.contact_id or "", row.type, row.reference, row.form, row.profile, slots, row.opened_at
        )
        told = {name: kept.slots[name] for name in TOLD_SLOTS if kept.slots.get(name)}
        payload = {
            "record": kept.id,
            "contact": kept.contact,
            "type": kept.type,
            "reference": kept.reference,
            "form": kept.form,
            "profile": kept.profile,
            "opened_at": kept.opened_at.isoformat(),
            "details": told,
            "link": self._link(kept.contact) if kept.contact else "",
        }
        event = EVENT_OF.get(kept.type)
        posted = [] if event is None else self._outbox.event_posts(event, payload, f"record:{kept.id}", kept.id)
        letter = self._write(kept) if self._outbox.has_mail else None
        if letter is not None:
            posted.append(self._outbox.email_post(letter.to, letter.subject, letter.text, f"record:{kept.id}", kept.id))
        return posted

    async def _of_end(self, connection: AsyncConnection, contact: str) -> Sequence[Posted]:
        row = (await connection.execute(select(contacts).where(contacts.c.id == contact))).first()
        if row is None or row.ended_at is None:
            return ()
        names = ("id", "profile", "channel", "outcome", "duration_s", "theme", "sub_theme", "nature", "commune")
        payload = {name: getattr(row, name) for name in names} | {
            "started_at": row.started_at.isoformat(),
            "ended_at": row.ended_at.isoformat(),
            "transfer": row.transfer_target and {"target": row.transfer_target, "result": row.transfer_result},
            "link": self._link(contact),
        }
        posted = self._outbox.event_posts("contact.ended", payload, f"ended:{contact}", contact)
        query = select(surveys.c.question, surveys.c.score).where(surveys.c.contact_id == contact)
        answers = [dict(one._mapping) for one in await connection.execute(query.order_by(surveys.c.seq))]
        if answers:
            survey = {"contact": contact, "profile": row.profile, "answers": answers}
            posted += self._outbox.event_posts("survey.answered", survey, f"survey:{contact}", contact)
        return posted
