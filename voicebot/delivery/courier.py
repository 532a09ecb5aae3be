"""The courier: sends what is due in the outbox, again and later when it fails, until it is given up as dead.

An attempt is told apart from the next by nothing but its moment: the receiver sees the same key each time. A message
may arrive twice when this process dies, or the database goes away, between the sending and the note of it.
"""

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from voicebot.delivery.errors import DeliveryRefused, NotDelivered
from voicebot.delivery.http import SmsSender, WebhookSender
from voicebot.delivery.ledger import Entry, Ledger, Settled
from voicebot.delivery.mail import MailSender
from voicebot.delivery.messages import Email, Sms, Webhook, unpack
from voicebot.delivery.settings import Channels, DeliverySettings
from voicebot.journal.errors import JournalError, KeyTrouble
from voicebot.journal.journal import Journal

log = logging.getLogger(__name__)

_AT_ONCE = 8
_LEASE_S = 300.0
"""Longer than any attempt: every exchange has a limit of 60 s at most, and an e-mail has a few."""


@dataclass(slots=True)
class Senders:
    """One sender for each kind of message."""

    mail: MailSender
    sms: SmsSender
    webhook: WebhookSender


@dataclass(slots=True)
class CourierState:
    """How the courier fares since it started; ``trouble`` is why the outbox cannot be read, if it cannot."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    trouble: str = ""


class Courier:
    """Delivers the outbox of ``journal``. ``announce`` puts there what the journal leaves to be announced.

    ``random_part`` gives 0 to 1: retries of many messages spread out.
    """

    def __init__(
        self,
        journal: Journal,
        senders: Senders,
        settings: DeliverySettings,
        now: Callable[[], datetime],
        announce: Callable[[], Awaitable[int]] | None = None,
        random_part: Callable[[], float] = random.random,
    ) -> None:
        self.state = CourierState()
        self._journal = journal
        self._ledger = Ledger(journal.database)
        self._senders = senders
        self._settings = settings
        self._now = now
        self._announce = announce
        self._random_part = random_part
        self._results: list[Settled] = []  # those the database has not taken yet

    async def run(self) -> None:
        """Deliver until cancelled; an attempt in progress then gives its message back at the end of its lease."""
        while True:
            try:
                while self._announce is not None and await self._announce():
                    pass
                while await self.deliver_due():
                    pass
            except JournalError as error:
                if not self.state.trouble:
                    log.warning("nothing is delivered for now: %s", error)
                self.state.trouble = str(error)
            except Exception:
                log.exception("the outbox cannot be delivered")
                self.state.trouble = "internal error"
            else:
                self.state.trouble = ""
            await asyncio.sleep(self._settings.look_s)

    async def deliver_due(self) -> int:
        """Try what is due now, a few messages at a time; return how many were tried.

        Raises:
            JournalAway: the database does not answer.
        """
        await self._write_results()
        taken = await self._ledger.take(self._now(), _AT_ONCE, _LEASE_S)
        if taken:
            self._results += await asyncio.gather(*(self._try(entry) for entry in taken))
            await self._write_results()
        return len(taken)

    async def _write_results(self) -> None:
        if self._results:
            await self._ledger.settle(self._results, self._now())
            self._results.clear()

    async def _try(self, entry: Entry) -> Settled:
        try:
            await self._send(entry)
        except NotDelivered as error:
            return self._failed(entry, str(error), error.lasting)
        except (KeyTrouble, DeliveryRefused) as error:
            return self._failed(entry, str(error), lasting=True)
        except Exception as error:
            log.exception("message %s could not be tried", entry.id)
            return self._failed(entry, f"internal error ({type(error).__name__})", lasting=False)
        self.state.sent += 1
        return Settled(entry.id)

    async def _send(self, entry: Entry) -> None:
        packed = await asyncio.to_thread(self._journal.seal.open, entry.token)
        message = await asyncio.to_thread(unpack, entry.kind, packed)
        match message:
            case Email():
                await self._senders.mail.send(message, entry.id, self._now())
            case Sms():
                await self._senders.sms.send(message, entry.id)
            case Webhook():
                await self._senders.webhook.send(message, entry.id, self._now())

    def _failed(self, entry: Entry, reason: str, lasting: bool) -> Settled:
        self.state.failed += 1
        if lasting or entry.attempts >= self._settings.attempts:
            self.state.dead += 1
            log.error("message %s is given up after %d attempts: %s", entry.id, entry.attempts, reason)
            return Settled(entry.id, reason)
        wait_s = backoff_s(entry.attempts, self._settings.retry_s, self._settings.longest_s, self._random_part())
        log.warning("message %s was not delivered (%s); again in %.0f s", entry.id, reason, wait_s)
        return Settled(entry.id, reason, self._now() + timedelta(seconds=wait_s))


def backoff_s(attempts: int, first_s: float, longest_s: float, part: float) -> float:
    """Return how long to wait after ``attempts``: ``first_s`` doubled each time, at most ``longest_s``.

    ``part`` (0 to 1) takes up to a fifth off, so that what failed together is not tried again together.
    """
    whole = min(longest_s, first_s * 2.0 ** min(attempts - 1, 30))
    return whole * (1.0 - 0.2 * part)


def open_senders(
    channels: Channels, http: aiohttp.ClientSession, environment: Mapping[str, str] = os.environ
) -> Senders:
    """Return the senders of ``channels``; ``http`` is closed by whoever opened it."""
    return Senders(
        MailSender(channels.mail, environment),
        SmsSender(channels.sms, http, environment),
        WebhookSender(channels.webhooks, http, environment),
    )
