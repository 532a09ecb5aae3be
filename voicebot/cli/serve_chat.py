"""The chat of ``voicebot serve``: the same brain and the same journal as the telephone."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.calls.ports import Dialogue, Witness
    from voicebot.cli.serve_follow import Followers
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.profile import Profile


def mount_chat(
    site: "web.Application", settings: "Settings", service: "Service", followers: "Followers", clock: "Clock"
) -> "Callable[[], int]":
    """Add the public pages to the site, and the chat if it is wanted; return what counts its live conversations.

    Raises:
        WordsError: the chat's words have mistakes.
        ProfileError: the chat's profile has, or is missing.
    """
    from voicebot.app import CHAT_TEXTS, new_chat
    from voicebot.web.chat import PREFIX, chat_application
    from voicebot.web.chat_rooms import ChatPorts, ChatRooms
    from voicebot.web.chat_texts import load_chat_texts
    from voicebot.web.public_pages import public_routes
    from voicebot.web.widget import widget_routes

    site.add_routes(
        public_routes(lambda: service.profile(settings.web.chat.profile).knowledge.identity, settings.journal.retention)
    )
    service.profile(settings.web.chat.profile)
    if not settings.web.chat.enabled:
        return lambda: 0

    def dialogue(profile: "Profile", seed: str) -> "Dialogue":
        return new_chat(service, profile, clock.now, seed)

    def witnesses(contact: str) -> "tuple[Witness, ...]":
        return followers.of("chat", contact)

    def notices(profile: str) -> "tuple[str, ...]":
        return tuple(one.text for one in service.bulletins(profile) if not one.communes)

    ports = ChatPorts(service.profile, dialogue, witnesses, notices)
    texts = load_chat_texts(settings.paths.prompts / CHAT_TEXTS)
    rooms = ChatRooms(settings.web.chat, ports, texts, clock)
    site.add_subapp(PREFIX, chat_application(rooms, clock, settings.web.proxies))
    site.add_routes(widget_routes(settings.web.chat.demo))
    return lambda: rooms.live
