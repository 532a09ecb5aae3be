"""What ``voicebot serve`` offers to other programs: the REST API, and the document of all APIs."""

from typing import TYPE_CHECKING

import voicebot

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.journal.journal import Journal


def mount_api(site: "web.Application", settings: "Settings", journal: "Journal", clock: "Clock") -> None:
    """Add the REST API to the site, if the configuration wants it, and the OpenAPI document of what is served."""
    from voicebot.journal.listing import Listing
    from voicebot.journal.people import People
    from voicebot.journal.tokens import Tokens
    from voicebot.web.api import PREFIX, ApiPorts, api_application
    from voicebot.web.api_operations import API_OPERATIONS
    from voicebot.web.chat_operations import CHAT_OPERATIONS
    from voicebot.web.openapi import document, openapi_route

    archive = journal.archive
    operations = list(CHAT_OPERATIONS) if settings.web.chat.enabled else []
    if settings.web.api.enabled and archive.seal is not None:
        people = People(archive.database, archive.seal)
        ports = ApiPorts(journal, Tokens(archive.database), Listing(archive.database), people, settings.call.profile)
        site.add_subapp(PREFIX, api_application(ports, clock, settings.web.api.per_minute, settings.web.proxies))
        operations += API_OPERATIONS
    site.add_routes([openapi_route(document(operations, "voicebot", voicebot.__version__))])
