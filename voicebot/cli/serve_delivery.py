"""What ``voicebot serve`` runs to send messages to the outside."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.delivery.courier import Courier
    from voicebot.delivery.outbox import Outbox
    from voicebot.journal.journal import Journal


async def open_delivery(
    settings: "Settings", journal: "Journal", clock: "Clock", stack: AsyncExitStack
) -> "tuple[Outbox, Courier]":
    """Return the outbox, and the courier to run; ``stack`` closes their connections."""
    import aiohttp

    from voicebot.delivery.courier import Courier, open_senders
    from voicebot.delivery.outbox import Outbox

    http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
    outbox = Outbox(journal, settings.channels, clock.now)
    return outbox, Courier(journal, open_senders(settings.channels, http), settings.delivery, clock.now)
