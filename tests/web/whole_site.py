"""Everything that ``voicebot serve`` shows, served without a telephone line: pages, chat, API, measures."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from tests.calls.company import RoteRecognizer, ToneVoice
from tests.journal.conftest import Base
from tests.web.site_served import PASSWORD, PEOPLE, QUICK_HASHER, Site
from tests.web.visitors import ROOT, TUESDAY
from voicebot.app import CLOSING, REQUESTS, SENTENCES, Service
from voicebot.calls.calendar_post import CalendarPost
from voicebot.calls.closing import load_closing
from voicebot.calls.desk import Desk
from voicebot.calls.live import LiveCalls
from voicebot.calls.requests import Requests, load_request_words
from voicebot.calls.sentences import load_sentences
from voicebot.cli.serve_delivery import open_delivery
from voicebot.cli.serve_follow import Followers, open_calendars
from voicebot.cli.serve_site import Shown, build_whole_site
from voicebot.clock import VirtualClock
from voicebot.config import Settings, load_settings
from voicebot.delivery.outbox import Outbox
from voicebot.delivery.settings import MailSettings, SmsSettings
from voicebot.journal.accounts import Accounts
from voicebot.profile import Profile
from voicebot.reloading import Shelf
from voicebot.web.metrics import Metrics
from voicebot.web.site import Health

MAIL = MailSettings(host="mail.example.org", sender="sophie@example.org")
SMS = SmsSettings(url="https://sms.example.org/send", body={"to": "{to}", "text": "{text}"})


@dataclass
class Whole(Site):
    """The whole site; ``service`` is what calls share, ``followers`` give a call its witnesses.

    ``calendars`` sends collection calendars, beside the conversations.
    """

    service: Service
    followers: Followers
    outbox: Outbox
    calendars: CalendarPost


def settings_of(base: Base, **changed: Any) -> Settings:
    """Return the configuration of the repository, for the database of ``base`` and able to send messages."""
    settings = load_settings(ROOT / "config.toml")
    web = replace(settings.web, chat=replace(settings.web.chat, demo=True))
    delivery = replace(settings.delivery, public_url="https://sophie.example.org")
    usual: dict[str, Any] = {"journal": base.settings, "mail": MAIL, "sms": SMS, "web": web, "delivery": delivery}
    return replace(settings, **usual | changed)


@asynccontextmanager
async def whole_site(
    base: Base,
    profile: Profile | None = None,
    shelf: Shelf | None = None,
    profiles: Path | None = None,
    heard: tuple[str, ...] = (),
) -> AsyncIterator[Whole]:
    """Serve everything, with one user of each role.

    ``profile`` answers, or the versions of ``shelf`` in the folder ``profiles``; ``heard`` is what a caller is heard
    to say.
    """
    clock = VirtualClock(TUESDAY)
    settings = settings_of(base)
    if profiles is not None:
        settings = replace(settings, paths=replace(settings.paths, profiles=profiles))
    async with AsyncExitStack() as stack:
        journal = await base.open()
        stack.push_async_callback(journal.close)
        sentences = load_sentences(settings.paths.prompts / SENTENCES)
        closing = load_closing(settings.paths.prompts / CLOSING)
        kept = shelf or Shelf(settings.paths.profiles, lambda name: _given(profile))
        service = Service(settings, RoteRecognizer(*heard), ToneVoice(), sentences, closing, kept)
        service.requests = Requests(journal, load_request_words(settings.paths.prompts / REQUESTS), clock.now)
        service.desk = Desk(clock.monotonic)
        outbox, _ = await open_delivery(settings, service, journal, clock, stack)
        metrics, live = Metrics(), LiveCalls()
        calendars = open_calendars(settings, service, journal, outbox, clock)
        stack.push_async_callback(calendars.finish)
        followers = Followers(journal, metrics, calendars, live, clock)
        shown = Shown(settings, service, journal, outbox, clock, live)
        site = build_whole_site(shown, followers, metrics, lambda: _health(live), dict)
        accounts = Accounts(journal.archive.database, QUICK_HASHER)
        for login, (name, role) in PEOPLE.items():
            await accounts.add(login, name, role, PASSWORD, clock.now(), "test")
        client = await stack.enter_async_context(TestClient(TestServer(site)))
        yield Whole(client, journal, accounts, live, clock, site, service, followers, outbox, calendars)


def _health(live: LiveCalls) -> Health:
    return Health(True, {"reconnaissance": "whisper", "voix": "kokoro", "appels en cours": str(len(live.all()))})


def _given(profile: Profile | None) -> Profile:
    assert profile is not None
    return profile
