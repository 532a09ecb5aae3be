"""Sends the collection calendar to whoever asked for it by e-mail or text message, in a call or in the chat.

The request is a record like any other. Once the message is in the outbox, the record is closed in the name of
``calendrier``; when nothing can be sent (no mail server, doubtful days), it stays open for an agent.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from voicebot.audio.frames import Pcm
from voicebot.calls.calendar_letter import Letter, write_letter
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.clock import Clock
from voicebot.delivery.errors import DeliveryRefused
from voicebot.delivery.messages import Attachment
from voicebot.delivery.outbox import Outbox
from voicebot.dialog.knowledge.icalendar import MEDIA_TYPE
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.turns import Record
from voicebot.journal.errors import JournalError
from voicebot.journal.journal import Journal
from voicebot.journal.listing import Asked, Listing
from voicebot.logs import on_call

log = logging.getLogger(__name__)

FORM = "calendrier"
WHO = "calendrier"
_BY_MAIL, _BY_SMS = "e-mail", "sms"
_SETTLE_S = 60.0


class CalendarPost:
    """Sends calendars for all contacts of a process; ``knowledge`` gives that of a profile, by name."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        words: Mapping[str, Mapping[str, str]],
        knowledge: Callable[[str], Knowledge],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._outbox = outbox
        self._words = words
        self._knowledge = knowledge
        self._clock = clock
        self._sending: set[asyncio.Task[None]] = set()

    def witness(self, contact: str) -> "CalendarWitness":
        """Return what follows one contact, by its id in the journal."""
        return CalendarWitness(self, contact)

    def send(self, contact: str, profile: str, record: Record) -> None:
        """Begin to send what ``record`` asks for, if it asks for something that can be sent."""
        if record.form != FORM or record.slots.get("motif") not in (_BY_MAIL, _BY_SMS):
            return
        task = asyncio.get_running_loop().create_task(self._send(contact, profile, record), name="calendar")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def finish(self) -> None:
        """Wait until what was begun is in the outbox."""
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self, contact: str, profile: str, record: Record) -> None:
        with on_call(contact):
            try:
                if await self._posted(contact, profile, record):
                    await self._close(contact, record)
            except (DeliveryRefused, JournalError) as error:
                log.warning("a calendar is left to an agent: %s", error)
            except Exception:
                log.exception("a calendar is left to an agent")

    async def _posted(self, contact: str, profile: str, record: Record) -> bool:
        knowledge = self._knowledge(profile)
        commune = record.slots.get("commune", "")
        letter = await asyncio.to_thread(write_letter, self._words, knowledge, commune, self._clock.now())
        if letter is None or not (letter.confirmed or knowledge.identity.demo):
            log.warning("a calendar is left to an agent: its days are not certain")
            return False
        key = f"calendar:{contact}:{record.reference}"
        if record.slots["motif"] == _BY_SMS:
            await self._outbox.sms(record.slots.get("telephone", ""), letter.sms, key=key, about=contact)
        else:
            await self._mail(record.slots.get("email", ""), letter, key, contact)
        return True

    async def _mail(self, to: str, letter: Letter, key: str, contact: str) -> None:
        file = Attachment(letter.file_name, MEDIA_TYPE, letter.file.encode())
        await self._outbox.email(to, letter.subject, letter.text, attachments=(file,), key=key, about=contact)

    async def _close(self, contact: str, record: Record) -> None:
        await self._journal.settled(_SETTLE_S)
        found = await Listing(self._journal.database).records(Asked(where={"contact_id": contact}))
        for row in found.rows:
            if row["reference"] == record.reference:
                await self._journal.archive.set_state(row["id"], "done", WHO, self._clock.now())


class CalendarWitness:
    """Follows one contact and sends the calendars it asks for, as soon as they are promised."""

    def __init__(self, post: CalendarPost, contact: str) -> None:
        self._post = post
        self._contact = contact
        self._seen = 0

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        """Sound asks for nothing."""

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Send what this turn promised."""
        self._look(call)

    def ended(self, call: CallRecord) -> None:
        """Send what the last words promised."""
        self._look(call)

    def _look(self, call: CallRecord) -> None:
        for record in call.records[self._seen :]:
            self._post.send(self._contact, call.profile, record)
        self._seen = len(call.records)
