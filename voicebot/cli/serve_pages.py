"""The supervisors' pages of ``voicebot serve``, and what it writes by itself: the report of the month, reminders."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import TYPE_CHECKING

from voicebot.clock import PARIS

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.calls.live import LiveCalls
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.delivery.outbox import Outbox
    from voicebot.journal.journal import Journal
    from voicebot.journal.notices import NoticeBoard
    from voicebot.web.circulars import Parcel
    from voicebot.web.monthly import Letter
    from voicebot.web.reminders import Reminder
    from voicebot.web.site import Health

log = logging.getLogger(__name__)

_ASK_EVERY_S = 3600.0
_REMIND_EVERY_S = 900.0
CIRCULARS = "messages.toml"
_NOTICES_EVERY_S = 30.0
_FACTS_EVERY_S = 600.0


def mount_supervision(
    site: "web.Application",
    settings: "Settings",
    service: "Service",
    journal: "Journal",
    clock: "Clock",
    live: "LiveCalls",
    health: "Callable[[], Health]",
) -> None:
    """Add the supervisors' pages to the site, and the public one that stops messages.

    Raises:
        WordsError: the words that go round a message have mistakes.
    """
    from voicebot.journal.accounts import Accounts
    from voicebot.journal.notices import NoticeBoard
    from voicebot.web.circulars import Circulars, load_circular_words
    from voicebot.web.site_frame import Needs
    from voicebot.web.site_frame import Service as Served
    from voicebot.web.site_pages import mount_pages
    from voicebot.web.stopping import stop_routes

    async def deliver(parcel: "Parcel") -> bool:
        return await _deliver(service.outbox, parcel)

    async def notices_changed() -> None:
        await board.refresh(service.shelf.versions)

    words = load_circular_words(settings.paths.prompts / CIRCULARS)
    site.add_routes(stop_routes(lambda: service.profile().knowledge.identity, journal.archive))
    board = NoticeBoard(journal.archive.database, clock.now)
    service.bulletins = board.bulletins
    can_send = service.outbox is not None and (service.outbox.has_mail or service.outbox.has_sms)
    served = Served(
        service.profile,
        lambda: health().parts | health().details,
        lambda: _advisers(service),
        reload=service.reload,
        journal=journal,
        circulars=Circulars(words, deliver, settings.delivery.public_url) if can_send else None,
        notices_changed=notices_changed,
        profiles_dir=settings.paths.profiles,
    )
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

    async def keep_fresh(app: "web.Application") -> "AsyncIterator[None]":
        loop = asyncio.get_running_loop()
        reading = loop.create_task(_keep_fresh(board, service), name="notices")
        keeping = loop.create_task(_keep_facts(journal, clock), name="facts")
        yield
        for task in (reading, keeping):
            task.cancel()

    site.cleanup_ctx.append(keep_fresh)


def _advisers(service: "Service") -> dict[str, str]:
    """Say of each target how many callers wait, and how many of its advisers are taken."""
    if service.desk is None:
        return {}
    waiting, taken = service.desk.waiting(), service.desk.taken()
    names = {target.id: target.name for target in service.profile().knowledge.identity.targets}
    return {
        name: f"{waiting.get(target, 0)} en attente, {taken.get(target, 0)} en ligne" for target, name in names.items()
    }


async def _keep_fresh(board: "NoticeBoard", service: "Service") -> None:
    """Read the messages of the day now and then: another node may have written some."""
    from voicebot.journal.errors import JournalError

    while True:
        try:
            await board.refresh(service.shelf.versions)
        except JournalError as error:
            log.warning("the messages of the day are those last known: %s", error)
        await asyncio.sleep(_NOTICES_EVERY_S)


async def _keep_facts(journal: "Journal", clock: "Clock") -> None:
    """Keep the facts of days that are over, and again those of the days that have changed."""
    from voicebot.journal.errors import JournalError
    from voicebot.journal.facts import keep_facts

    while True:
        try:
            await keep_facts(journal.database, clock.now().astimezone(PARIS).date())
        except JournalError as error:
            log.warning("figures are counted from the contacts themselves: %s", error)
        except Exception:
            log.exception("the facts that figures are counted from cannot be kept")
        await asyncio.sleep(_FACTS_EVERY_S)


async def _deliver(outbox: "Outbox | None", parcel: "Parcel") -> bool:
    """Put ``parcel`` in the outbox; return whether there is a way to send it."""
    from voicebot.delivery.errors import DeliveryRefused

    if outbox is None:
        return False
    try:
        if parcel.kind == "email":
            text = (parcel.address, parcel.subject, parcel.text)
            await outbox.email(*text, key=parcel.key, unsubscribe=parcel.stop)
        else:
            await outbox.sms(parcel.address, parcel.text, key=parcel.key)
    except DeliveryRefused as error:
        log.warning("a message of the day could not be sent: %s", error)
        return False
    return True


async def write_by_itself(
    settings: "Settings", service: "Service", journal: "Journal", clock: "Clock", outbox: "Outbox"
) -> None:
    """Send the report of each month and the reminders of each morning, until cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_report_monthly(settings, service, journal, clock, outbox), name="report-monthly")
        group.create_task(_remind_daily(settings, service, journal, clock, outbox), name="remind-daily")


async def _report_monthly(
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
        except Exception:
            log.exception("the report of the month was not sent")
        await asyncio.sleep(_ASK_EVERY_S)


async def _remind_daily(
    settings: "Settings", service: "Service", journal: "Journal", clock: "Clock", outbox: "Outbox"
) -> None:
    """Remind each service of its requests due today or late, once a day; ask again every quarter of an hour."""
    from voicebot.app import request_page
    from voicebot.calls.letters import mailbox
    from voicebot.delivery.errors import DeliveryRefused
    from voicebot.journal.errors import JournalError
    from voicebot.profile import ProfileError
    from voicebot.web.reminders import Reminding, is_time, send_reminders

    def where(profile: str, form: str) -> str:
        try:
            return mailbox(service.profile(profile), form)
        except ProfileError as error:
            log.error("nobody is reminded of the requests of %s: %s", profile, error)
            return ""

    def called(profile: str, form: str) -> str:
        return service.profile(profile).knowledge.request_title(form)

    async def post(to: str, reminder: "Reminder", key: str) -> None:
        try:
            await outbox.email(to, reminder.subject, reminder.text, key=key)
        except DeliveryRefused as error:
            log.error("a service is not reminded of its requests: %s", error)

    done: date | None = None
    while outbox.has_mail:
        now = clock.now()
        community = service.profile().knowledge.identity.community
        reminding = Reminding(community, where, called, lambda record: request_page(settings, record), post)
        try:
            if is_time(now) and done != now.astimezone(PARIS).date():
                await send_reminders(journal.archive, now, reminding)
                done = now.astimezone(PARIS).date()
        except JournalError as error:
            log.error("the reminders of today were not sent, and will be: %s", error)
        except Exception:
            log.exception("the reminders of today were not sent")
        await asyncio.sleep(_REMIND_EVERY_S)
