"""The supervisors' pages of ``voicebot serve``, and the report of the month that it sends them."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.calls.live import LiveCalls
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.delivery.outbox import Outbox
    from voicebot.journal.journal import Journal
    from voicebot.web.monthly import Letter

log = logging.getLogger(__name__)

_ASK_EVERY_S = 3600.0


def mount_supervision(
    site: "web.Application",
    settings: "Settings",
    service: "Service",
    journal: "Journal",
    clock: "Clock",
    live: "LiveCalls",
    health: Callable[[], Mapping[str, str]],
) -> None:
    """Add the supervisors' pages to the site."""
    from voicebot.journal.accounts import Accounts
    from voicebot.web.site_frame import Needs
    from voicebot.web.site_frame import Service as Served
    from voicebot.web.site_pages import mount_pages

    served = Served(service.profile, health, reload=service.reload, journal=journal)
    needs = Needs(
        journal.archive,
        Accounts(journal.archive.database),
        clock,
        served,
        live,
        settings.web.proxies,
        settings.web.commitments,
        settings.web.public_url.startswith("https://"),
    )
    mount_pages(site, needs)


async def report_monthly(
    settings: "Settings", service: "Service", journal: "Journal", clock: "Clock", outbox: "Outbox"
) -> None:
    """Send the report of last month, once, to those the configuration names; ask again every hour."""
    from voicebot.delivery.errors import DeliveryRefused
    from voicebot.journal.errors import JournalError
    from voicebot.web.monthly import Sender, send_report
    from voicebot.web.site_figures import Reading

    async def post(to: str, letter: "Letter", key: str) -> None:
        await outbox.email(to, letter.subject, letter.text, letter.html, key=key)

    while settings.web.report_to:
        knowledge = service.profile().knowledge
        names = {intent: subject.name for intent, subject in knowledge.subjects.items()}
        sender = Sender(settings.web.report_to, knowledge.identity.community, post)
        try:
            await send_report(journal.archive, clock.now().date(), Reading(settings.web.commitments, names), sender)
        except (JournalError, DeliveryRefused) as error:
            log.error("the report of the month was not sent: %s", error)
        await asyncio.sleep(_ASK_EVERY_S)
