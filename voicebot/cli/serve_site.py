"""All that ``voicebot serve`` shows over HTTP, put on one site: the one list of what is served."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.calls.live import LiveCalls
    from voicebot.cli.serve_follow import Followers
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.delivery.outbox import Outbox
    from voicebot.journal.journal import Journal
    from voicebot.web.metrics import Metrics
    from voicebot.web.site import Health


@dataclass(frozen=True, slots=True)
class Shown:
    """What the site is made from."""

    settings: "Settings"
    service: "Service"
    journal: "Journal"
    outbox: "Outbox"
    clock: "Clock"
    live: "LiveCalls"


def build_whole_site(
    shown: Shown,
    followers: "Followers",
    metrics: "Metrics",
    health: "Callable[[], Health]",
    gauges: Callable[[], Mapping[str, float]],
) -> "web.Application":
    """Return the site; ``gauges`` are the measures of the moment that neither journal nor outbox know.

    Raises:
        WordsError: the words of the chat or of messages have mistakes.
        ProfileError: the chat's profile has, or is missing.
    """
    from voicebot.cli.serve_api import mount_api
    from voicebot.cli.serve_chat import mount_chat
    from voicebot.cli.serve_follow import mount_metrics
    from voicebot.cli.serve_pages import mount_supervision
    from voicebot.web.site import build_site

    settings, service, journal, clock = shown.settings, shown.service, shown.journal, shown.clock
    site = build_site(health)
    chats = mount_chat(site, settings, service, followers, clock)
    mount_api(site, settings, journal, clock)
    mount_metrics(site, metrics, journal, shown.outbox, clock, lambda: {**gauges(), "chats_live": chats()})
    mount_supervision(site, settings, service, journal, clock, shown.live, health)
    return site
