"""The supervisors' pages of ``voicebot serve``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.calls.live import LiveCalls
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.journal.journal import Journal


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
        settings.web.public_url.startswith("https://"),
    )
    mount_pages(site, needs)
