"""The chat of ``voicebot serve``: the same brain and the same journal as the telephone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.calls.ports import Dialogue, Witness
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.journal.journal import Journal
    from voicebot.profile import Profile


def mount_chat(
    site: "web.Application", settings: "Settings", service: "Service", journal: "Journal", clock: "Clock"
) -> None:
    """Add the chat to the site, if the configuration wants one: its API and its window.

    Raises:
        ChatTextsError: the chat's words have mistakes.
    """
    from voicebot.app import CHAT_TEXTS, new_dialogue
    from voicebot.calls.keeping import JournalWitness
    from voicebot.web.chat import PREFIX, chat_application
    from voicebot.web.chat_rooms import ChatPorts, ChatRooms
    from voicebot.web.chat_texts import load_chat_texts
    from voicebot.web.widget import widget_routes

    if not settings.web.chat.enabled:
        return

    def dialogue(profile: "Profile", seed: str) -> "Dialogue":
        return new_dialogue(profile, clock.now, seed=seed, channel="chat", requests=service.requests)

    def witnesses(contact: str) -> "tuple[Witness, ...]":
        return (JournalWitness(journal, contact, "chat"),)

    ports = ChatPorts(service.profile, dialogue, witnesses)
    texts = load_chat_texts(settings.paths.prompts / CHAT_TEXTS)
    rooms = ChatRooms(settings.web.chat, ports, texts, clock)
    site.add_subapp(PREFIX, chat_application(rooms, clock, settings.web.proxies))
    site.add_routes(widget_routes(settings.web.chat.demo))
