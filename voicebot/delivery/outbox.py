"""The outbox: what the rest of the program asks to be sent.

Each message has a key, chosen by whoever sends it from what it is about (``report:2026-10``): a key put twice is sent
once. What is put goes through the journal's spool, so it survives a crash and an absent database; ``Courier`` sends it.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from voicebot.delivery.errors import DeliveryRefused
from voicebot.delivery.ledger import Counts, DeadLetter, Ledger
from voicebot.delivery.messages import Attachment, Email, Message, Sms, Webhook, pack
from voicebot.delivery.settings import EVENTS, Channels, is_address
from voicebot.journal.events import Posted
from voicebot.journal.journal import Journal

LARGEST_ATTACHMENTS = 5_000_000
"""Bytes: what mail servers take, with a margin."""

_LONGEST_SMS = 612
"""Four text messages joined, in the 7-bit alphabet."""

_LONGEST_KEY = 200
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_KINDS: Mapping[type, Literal["email", "sms", "webhook"]] = {Email: "email", Sms: "sms", Webhook: "webhook"}


class Outbox:
    """What is to be sent by ``channels``, kept by ``journal``. ``now`` is the moment, with its zone."""

    def __init__(self, journal: Journal, channels: Channels, now: Callable[[], datetime]) -> None:
        self.channels = channels
        self._journal = journal
        self._now = now
        self._ledger = Ledger(journal.database)

    @property
    def has_mail(self) -> bool:
        """Whether e-mails can be sent."""
        return bool(self.channels.mail.host)

    @property
    def has_sms(self) -> bool:
        """Whether text messages can be sent."""
        return bool(self.channels.sms.url)

    async def email(
        self,
        to: str,
        subject: str,
        text: str,
        html: str | None = None,
        attachments: Sequence[Attachment] = (),
        *,
        key: str,
        about: str = "",
        unsubscribe: str = "",
    ) -> None:
        """Send an e-mail. Returns once it cannot be lost any more.

        ``about`` is the contact or record it tells of: the message is erased with it. ``unsubscribe`` is where whoever
        receives it stops such messages.

        Raises:
            DeliveryRefused: no mail server is configured, the address is none, or the attachments are too large.
            JournalError: it cannot be kept.
        """
        message = self._email(to, subject, text, html, attachments)
        await self._post(replace(message, unsubscribe=unsubscribe), "e-mail", key, about)

    async def sms(self, to: str, text: str, *, key: str, about: str = "") -> None:
        """Send a text message to an E.164 number. Returns once it cannot be lost any more.

        Raises:
            DeliveryRefused: no gateway is configured, the number is none, or the text is too long.
            JournalError: it cannot be kept.
        """
        if not self.has_sms:
            raise DeliveryRefused("no text message can be sent: [sms] names no url in the configuration")
        if not _NUMBER.fullmatch(to):
            raise DeliveryRefused("the recipient is not an international number (+33...)")
        if not 0 < len(text) <= _LONGEST_SMS:
            raise DeliveryRefused(f"a text message has 1 to {_LONGEST_SMS} characters, not {len(text)}")
        await self._post(Sms(to, text), "sms", key, about)

    async def event(self, name: str, payload: Mapping[str, Any], *, key: str, about: str = "") -> int:
        """Tell every endpoint that wants event ``name``; return how many. Returns once it cannot be lost any more.

        The body is ``{"id": key, "event": name, "at": moment, "data": payload}``.

        Raises:
            DeliveryRefused: there is no such event.
            JournalError: it cannot be kept.
        """
        posts = await asyncio.to_thread(self.event_posts, name, payload, key, about)
        for post in posts:
            self._journal.post(post)
        await self._journal.spooled()
        return len(posts)

    def event_posts(self, name: str, payload: Mapping[str, Any], key: str, about: str = "") -> list[Posted]:
        """Return what ``event`` puts in the outbox, for who stores it in a transaction of their own.

        Raises:
            DeliveryRefused: there is no such event.
        """
        if name not in EVENTS:
            raise DeliveryRefused(f"there is no event {name!r}; there are {', '.join(EVENTS)}")
        wanting = [one for one in self.channels.webhooks if name in one.events]
        at = self._now().astimezone(UTC).isoformat()
        body = json.dumps({"id": key, "event": name, "at": at, "data": dict(payload)}, ensure_ascii=False)
        return [self._sealed(Webhook(one.name, name, body), name, f"{key}:{one.name}", about) for one in wanting]

    def email_post(
        self, to: str, subject: str, text: str, key: str, about: str = "", attachments: Sequence[Attachment] = ()
    ) -> Posted:
        """Return what ``email`` puts in the outbox, for who stores it in a transaction of their own.

        Raises:
            DeliveryRefused: no mail server is configured, the address is none, or the attachments are too large.
        """
        return self._sealed(self._email(to, subject, text, attachments=attachments), "e-mail", key, about)

    async def dead(self, limit: int = 100) -> list[DeadLetter]:
        """Return the messages that were given up, the latest first.

        Raises:
            JournalAway: the database does not answer. So may the methods below.
        """
        return await self._ledger.dead(limit)

    async def retry(self, key: str) -> bool:
        """Try a message given up again, from the start; return whether there is such a message."""
        return await self._ledger.retry(key, self._now())

    async def discard(self, key: str) -> bool:
        """Drop a message given up and what it said; return whether there was one."""
        return await self._ledger.discard(key, self._now())

    async def counts(self) -> Counts:
        """Return how many messages wait and how many were given up."""
        return await self._ledger.counts(self._now())

    def _email(
        self, to: str, subject: str, text: str, html: str | None = None, attachments: Sequence[Attachment] = ()
    ) -> Email:
        if not self.has_mail:
            raise DeliveryRefused("no e-mail can be sent: [mail] names no host in the configuration")
        if not is_address(to):
            raise DeliveryRefused("the recipient is not an e-mail address")
        if sum(len(one.data) for one in attachments) > LARGEST_ATTACHMENTS:
            raise DeliveryRefused(f"the attachments are larger than {LARGEST_ATTACHMENTS // 1_000_000} MB")
        return Email(to, " ".join(subject.split()), text, html, tuple(attachments))

    async def _post(self, message: Message, name: str, key: str, about: str) -> None:
        self._journal.post(await asyncio.to_thread(self._sealed, message, name, key, about))
        await self._journal.spooled()

    def _sealed(self, message: Message, name: str, key: str, about: str) -> Posted:
        if not 0 < len(key) <= _LONGEST_KEY:
            raise DeliveryRefused(f"a key has 1 to {_LONGEST_KEY} characters")
        kind = _KINDS[type(message)]
        token = self._journal.seal.close(pack(message))
        number = message.to if isinstance(message, Sms) else ""
        return Posted(f"{kind}:{key}", self._now(), kind, name, token, about, number)
