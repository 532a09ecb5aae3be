"""The courier on a clock of its own: what fails is tried later and later, then given up; nothing is sent twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest

from tests.delivery.servers import Endpoint, http_server
from voicebot.clock import PARIS, VirtualClock
from voicebot.delivery.courier import Courier, backoff_s, open_senders
from voicebot.delivery.errors import DeliveryRefused
from voicebot.delivery.messages import Attachment
from voicebot.delivery.outbox import LARGEST_ATTACHMENTS, Outbox
from voicebot.delivery.settings import Channels, DeliverySettings, MailSettings, SmsSettings, WebhookSettings
from voicebot.journal.opening import open_journal
from voicebot.journal.settings import JournalSettings

ENVIRONMENT = {"VOICEBOT_WEBHOOK_SECRET_CRM": "une clef de signature"}


class Post:
    """An outbox, its courier, the clock they go by, and the endpoint at the other end."""

    def __init__(self, outbox: Outbox, courier: Courier, clock: VirtualClock, endpoint: Endpoint) -> None:
        self.outbox = outbox
        self.courier = courier
        self.clock = clock
        self.endpoint = endpoint


@asynccontextmanager
async def post(tmp_path: Path, settings: DeliverySettings = DeliverySettings()) -> AsyncIterator[Post]:
    clock = VirtualClock(datetime(2026, 11, 25, 9, 30, tzinfo=PARIS))
    endpoint = Endpoint()
    async with http_server(endpoint) as url, aiohttp.ClientSession() as http:
        channels = Channels(webhooks=(WebhookSettings("crm", url),))
        journal = await open_journal(JournalSettings().within(tmp_path), {})
        courier = Courier(journal, open_senders(channels, http, ENVIRONMENT), settings, clock.now, None, lambda: 0.0)
        outbox = Outbox(journal, channels, clock.now)
        try:
            await outbox.event("ticket.opened", {"reference": "D-0472"}, key="k")
            await journal.settled()
            yield Post(outbox, courier, clock, endpoint)
        finally:
            await journal.close()


def test_what_is_put_is_sent_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with post(tmp_path) as at:
            assert [await at.courier.deliver_due() for _ in range(3)] == [1, 0, 0]
            assert len(at.endpoint.received) == 1
            assert (await at.outbox.counts()).waiting == 0

    asyncio.run(work())


def test_a_failure_is_tried_again_twice_as_late_each_time_then_given_up(tmp_path: Path) -> None:
    async def work() -> None:
        async with post(tmp_path, DeliverySettings(attempts=4, retry_s=30.0, longest_s=100.0)) as at:
            at.endpoint.status = 503
            waits = []
            while not await at.outbox.dead():
                before = at.clock.monotonic()
                while not await at.courier.deliver_due():
                    at.clock.advance(1.0)
                waits.append(at.clock.monotonic() - before)
            assert waits == [0.0, 30.0, 60.0, 100.0]
            assert [(one.attempts, one.trouble) for one in await at.outbox.dead()] == [(4, "the server answered 503")]

    asyncio.run(work())


def test_a_message_that_failed_is_delivered_when_the_other_side_is_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with post(tmp_path) as at:
            at.endpoint.status = 500
            await at.courier.deliver_due()
            at.endpoint.status = 200
            at.clock.advance(30.0)
            await at.courier.deliver_due()
            first, second = (headers["Voicebot-Delivery"] for headers, _ in at.endpoint.received)
            assert first == second
            assert (at.courier.state.sent, at.courier.state.failed) == (1, 1)

    asyncio.run(work())


def test_a_dead_letter_tried_again_by_hand_is_delivered(tmp_path: Path) -> None:
    async def work() -> None:
        async with post(tmp_path, DeliverySettings(attempts=1)) as at:
            at.endpoint.status = 500
            await at.courier.deliver_due()
            (letter,) = await at.outbox.dead()
            at.endpoint.status = 200
            assert await at.outbox.retry(letter.id)
            await at.courier.deliver_due()
            assert await at.outbox.dead() == []
            assert at.courier.state.sent == 1

    asyncio.run(work())


def test_the_courier_stops_when_it_is_told_to(tmp_path: Path) -> None:
    async def work() -> None:
        async with post(tmp_path, DeliverySettings(look_s=0.001)) as at:
            running = asyncio.get_running_loop().create_task(at.courier.run())
            await asyncio.wait_for(at.endpoint.arrived.wait(), 60.0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(work())


def test_the_wait_doubles_up_to_its_limit_and_spreads_below_it() -> None:
    assert [backoff_s(n, 30.0, 3600.0, 0.0) for n in (1, 2, 3, 8, 9, 1000)] == [30, 60, 120, 3600, 3600, 3600]
    assert backoff_s(1, 30.0, 3600.0, 1.0) == pytest.approx(24.0)


def test_what_cannot_be_sent_is_refused_at_once(tmp_path: Path) -> None:
    mail, sms = MailSettings("mail.example.org", sender="s@example.org"), SmsSettings("https://sms.example.org")
    big = Attachment("x", "application/pdf", bytes(LARGEST_ATTACHMENTS + 1))

    async def work() -> None:
        journal = await open_journal(JournalSettings().within(tmp_path), {})
        try:
            now = VirtualClock(datetime(2026, 11, 25, tzinfo=PARIS)).now
            nothing, outbox = Outbox(journal, Channels(), now), Outbox(journal, Channels(mail, sms), now)
            for attempt, reason in (
                (nothing.email("a@example.org", "s", "t", key="k"), r"\[mail\]"),
                (nothing.sms("+33612345678", "t", key="k"), r"\[sms\]"),
                (outbox.email("a@example.org, b@example.org", "s", "t", key="k"), "not an e-mail address"),
                (outbox.email("a@example.org", "s", "t", attachments=[big], key="k"), "5 MB"),
                (outbox.sms("0612345678", "t", key="k"), "international"),
                (outbox.sms("+33612345678", "t" * 613, key="k"), "612"),
                (outbox.sms("+33612345678", "t", key=""), "key"),
                (outbox.event("ticket.lost", {}, key="k"), "ticket.opened"),
            ):
                with pytest.raises(DeliveryRefused, match=reason):
                    await attempt
            assert (await outbox.counts()).waiting == 0
        finally:
            await journal.close()

    asyncio.run(work())
