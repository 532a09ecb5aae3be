"""From the journal to the outbox: what was kept, and what ended, is announced to the outside exactly once.

The journal leaves word of each record and each end in the transaction that stores it; the announcer turns that into
messages in the transaction that takes the word away. Whoever stored it (a call, a chat, a page, the recovery of a
process that died) need not know who is to be told.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.delivery.messages import Attachment
from voicebot.delivery.outbox import Outbox
from voicebot.journal.errors import JournalError
from voicebot.journal.events import Posted
from voicebot.journal.journal import Journal
from voicebot.journal.lines import Line, decode, encode
from voicebot.journal.schema import announcements, contacts, coordinates, records, surveys, voices
from voicebot.journal.seal import Seal
from voicebot.journal.store import store
from voicebot.journal.voicemail import StoredVoice, Voicemail

log = logging.getLogger(__name__)

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
_WAIT_FOR_TRANSCRIPT_S = 900.0
"""A message is announced with what it says, or without it when that is not known by then."""


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as the service is told of it; ``slots`` are whole, coordinates included; ``voice`` what was recorded."""

    id: str
    contact: str
    type: str
    reference: str
    form: str
    profile: str
    slots: Mapping[str, str]
    opened_at: datetime
    voice: StoredVoice | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail to the service about a record. ``with_sound``: the sound of the message is to be joined."""

    to: str
    subject: str
    text: str
    with_sound: bool = False


class Announcer:
    """Announces what ``journal`` holds. ``write`` gives the e-mail about a record, ``None`` when nobody is to have one.

    ``link`` gives the address of a contact's page, empty when there is none. ``now`` is the moment, with its zone.
    """

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        write: Callable[[KeptRecord], Letter | None],
        link: Callable[[str], str] = lambda contact: "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self._voicemail = Voicemail(journal.database, journal.seal)
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
            query = select(announcements).where(announcements.c.subject.not_in(self._untold()))
            query = query.order_by(announcements.c.at).limit(_AT_ONCE)
            found = (await connection.execute(query.with_for_update(skip_locked=True))).all()
            posted = [event for row in found for event in await self._events(connection, row)]
            lines = await asyncio.to_thread(_lines, posted, self._journal.seal)
            await store(connection, lines, "")
            done = [(row.kind, row.subject) for row in found]
            key = tuple_(announcements.c.kind, announcements.c.subject)
            await connection.execute(delete(announcements).where(key.in_(done)))
        return len(found)

    def _untold(self) -> Select[tuple[str]]:
        """Return the records whose message is being transcribed: the service is told of both at once, or soon."""
        soon = self._now() - timedelta(seconds=_WAIT_FOR_TRANSCRIPT_S)
        waiting = (voices.c.state == "waiting") & (voices.c.kept_at > soon)
        return select(voices.c.record_id).where(waiting)

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
            row.id,
            row.contact_id or "",
            row.type,
            row.reference,
            row.form,
            row.profile,
            slots,
            row.opened_at,
            await self._voicemail.of(record, connection),
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
        if kept.voice is not None:
            payload["voice"] = {"duration_s": kept.voice.duration_s, "ended": kept.voice.ended}
        event = EVENT_OF.get(kept.type)
        posted = [] if event is None else self._outbox.event_posts(event, payload, f"record:{kept.id}", kept.id)
        letter = self._write(kept) if self._outbox.has_mail else None
        if letter is not None:
            posted.append(await asyncio.to_thread(self._email, letter, kept))
        return posted

    def _email(self, letter: Letter, kept: KeptRecord) -> Posted:
        """Return the e-mail, sealed: in a thread, for sound is heavy."""
        joined = self._sound(kept) if letter.with_sound else ()
        return self._outbox.email_post(letter.to, letter.subject, letter.text, f"record:{kept.id}", kept.id, joined)

    def _sound(self, kept: KeptRecord) -> Sequence[Attachment]:
        files = self._journal.archive.files
        if kept.voice is None or files is None:
            return ()
        try:
            wav = files.read(kept.voice.voice)
        except JournalError as error:
            log.error("the e-mail on record %s goes without its sound: %s", kept.id, error)
            return ()
        return (Attachment(f"message-{kept.reference}.wav", "audio/wav", wav),)

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


def _lines(posted: Sequence[Posted], seal: Seal) -> list[Line]:
    return [decode(encode(event, seal)) for event in posted]
