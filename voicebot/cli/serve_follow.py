"""Who follows the contacts of ``voicebot serve``, be they calls or chats: the journal, the measures, the live page."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.calls.calendar_post import CalendarPost
    from voicebot.calls.live import LiveCalls
    from voicebot.calls.ports import Witness
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.delivery.outbox import Outbox
    from voicebot.journal.events import ContactChannel
    from voicebot.journal.journal import Journal
    from voicebot.web.metrics import Metrics


class Followers:
    """Gives each contact its witnesses."""

    def __init__(
        self, journal: "Journal", metrics: "Metrics", calendars: "CalendarPost", live: "LiveCalls", clock: "Clock"
    ) -> None:
        self._journal = journal
        self._metrics = metrics
        self._calendars = calendars
        self._live = live
        self._clock = clock

    def of(self, channel: "ContactChannel", contact: str = "") -> "tuple[Witness, ...]":
        """Return the witnesses of a contact, whose id is made when it has none yet."""
        from voicebot.calls.keeping import JournalWitness
        from voicebot.calls.live import LiveWitness

        contact = contact or uuid.uuid4().hex
        journal = JournalWitness(self._journal, contact, channel)
        shown = LiveWitness(self._live, contact, channel, self._clock.now)
        return (journal, self._metrics.witness(channel), self._calendars.witness(contact), shown)


def open_calendars(
    settings: "Settings", service: "Service", journal: "Journal", outbox: "Outbox", clock: "Clock"
) -> "CalendarPost":
    """Return what sends collection calendars.

    Raises:
        WordsError: its words have mistakes.
    """
    from voicebot.app import CALENDAR
    from voicebot.calls.calendar_letter import load_calendar_words
    from voicebot.calls.calendar_post import CalendarPost

    words = load_calendar_words(settings.paths.prompts / CALENDAR)
    return CalendarPost(journal, outbox, words, lambda name: service.profile(name).knowledge, clock)


def mount_metrics(
    site: "web.Application",
    metrics: "Metrics",
    journal: "Journal",
    outbox: "Outbox",
    clock: "Clock",
    live: Callable[[], Mapping[str, float]],
) -> None:
    """Add the page of measures to the site, and what is measured while it is up.

    ``live`` gives the gauges that neither journal nor outbox know.
    """
    from voicebot.journal.errors import JournalError
    from voicebot.journal.tokens import Tokens
    from voicebot.web.metrics import metrics_route

    async def ask() -> Mapping[str, float]:
        state = journal.state
        values = dict(live())
        values |= {"journal_waiting": state.waiting, "journal_lost": state.lost, "journal_refused": state.refused}
        try:
            counts = await outbox.counts()
        except JournalError:
            return values
        return values | {"outbox_waiting": counts.waiting, "outbox_dead": counts.dead}

    async def watched(_: "web.Application") -> AsyncIterator[None]:
        watching = asyncio.get_running_loop().create_task(metrics.watch_loop(clock), name="watch-loop")
        yield
        watching.cancel()

    site.cleanup_ctx.append(watched)
    site.on_response_prepare.append(metrics.count_response)
    site.add_routes([metrics_route(metrics, ask, Tokens(journal.database), clock)])
