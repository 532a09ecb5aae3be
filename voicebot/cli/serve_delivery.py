"""What ``voicebot serve`` runs to send messages to the outside."""

import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicebot.app import Service
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.delivery.announce import KeptRecord, Letter
    from voicebot.delivery.courier import Courier
    from voicebot.delivery.outbox import Outbox
    from voicebot.journal.journal import Journal

log = logging.getLogger(__name__)

LETTERS = "courriels.toml"


async def open_delivery(
    settings: "Settings", service: "Service", journal: "Journal", clock: "Clock", stack: AsyncExitStack
) -> "tuple[Outbox, Courier]":
    """Give ``service`` its outbox; return it with the courier to run; ``stack`` closes their connections.

    Raises:
        WordsError: the words of the e-mails to the service have mistakes.
    """
    import aiohttp

    from voicebot.app import contact_page, request_page
    from voicebot.calls.letters import VOICE, letter_values, load_letter_words, mailbox, voice_values
    from voicebot.delivery.announce import Announcer, Letter
    from voicebot.delivery.courier import Courier, open_senders
    from voicebot.delivery.outbox import Outbox
    from voicebot.profile import ProfileError

    words = load_letter_words(settings.paths.prompts / LETTERS)

    def link(contact: str) -> str:
        return contact_page(settings, contact)

    def write(kept: "KeptRecord") -> "Letter | None":
        try:
            profile = service.profile(kept.profile)
        except ProfileError as error:
            log.error("record %s is told to nobody by e-mail: %s", kept.id, error)
            return None
        address = mailbox(profile, kept.form)
        if not address:
            return None
        values = letter_values(profile, kept.form, kept.reference, kept.slots, kept.opened_at, link(kept.contact))
        if kept.voice is None:
            return Letter(address, *words.write(kept.type, values))
        spoken = voice_values(kept.voice, settings.message.attach) | {"lien": request_page(settings, kept.id)}
        told = words.write(VOICE, values | spoken)
        return Letter(address, *told, with_sound=settings.message.attach)

    http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
    outbox = service.outbox = Outbox(journal, settings.channels, clock.now)
    announcer = Announcer(journal, outbox, write, link, clock.now)
    senders = open_senders(settings.channels, http)
    return outbox, Courier(journal, senders, settings.delivery, clock.now, announcer.announce)
