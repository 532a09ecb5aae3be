"""The conversations of the chat in progress: bounded in number, ended when nobody is there any more.

A conversation is known by an id of 192 random bits, which is all its visitor has to come back to it.
"""

import asyncio
import logging
import secrets
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from voicebot.calls.ports import Dialogue, Witness
from voicebot.calls.record import CallRecord
from voicebot.clock import Clock
from voicebot.profile import Profile
from voicebot.web.chat_session import ChatSession, Circle
from voicebot.web.chat_settings import ChatSettings
from voicebot.web.chat_texts import ChatTexts

log = logging.getLogger(__name__)

_THREADS = 2
_SWEEP_S = 15.0
_AFTER_END_S = 120.0


class Full(Exception):
    """No room for another conversation, for anybody or for this address."""


@dataclass(frozen=True, slots=True)
class ChatPorts:
    """What the rest of the product gives the chat.

    ``profile`` loads a profile by name (the configured one when empty); ``dialogue`` opens a conversation of the brain
    for a profile, its references deriving from the second argument; ``witnesses`` follow a contact, by its id;
    ``notices`` are the messages of the day of a profile that everybody is shown.
    """

    profile: Callable[[str], Profile]
    dialogue: Callable[[Profile, str], Dialogue]
    witnesses: Callable[[str], Sequence[Witness]] = lambda contact: ()
    notices: Callable[[str], tuple[str, ...]] = lambda profile: ()


@dataclass(slots=True)
class _Room:
    session: ChatSession
    address: str


@dataclass(slots=True)
class ChatCounts:
    """What happened since the start."""

    opened: int = 0
    messages: int = 0
    refused: int = 0


class ChatRooms:
    """All conversations of one process; ``close`` ends them."""

    def __init__(self, settings: ChatSettings, ports: ChatPorts, texts: ChatTexts, clock: Clock) -> None:
        self.settings = settings
        self.counts = ChatCounts()
        self._ports = ports
        self._texts = texts
        self._clock = clock
        self._rooms: dict[str, _Room] = {}
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="chat-brain")

    @property
    def live(self) -> int:
        """Conversations in progress."""
        return len(self._rooms)

    def profile(self) -> Profile:
        """Return the profile that answers the chat."""
        return self._ports.profile(self.settings.profile)

    def texts(self) -> ChatTexts:
        """Return the chat's words, with the names of the profile."""
        return self._texts.named(self.profile().knowledge.identity)

    async def open(self, address: str) -> tuple[str, ChatSession]:
        """Begin a conversation for a visitor at ``address``; return its id and itself, greeted.

        Raises:
            Full: there are too many, in all or for this address.
        """
        if self.live >= self.settings.max_sessions:
            raise Full("too many conversations")
        if sum(room.address == address for room in self._rooms.values()) >= self.settings.sessions_per_address:
            raise Full("too many conversations for one address")
        profile = self.profile()
        contact = uuid.uuid4().hex
        circle = Circle(
            self._ports.dialogue(profile, contact),
            self.texts().words,
            self._ports.witnesses(contact),
            self.settings.message_chars,
            self.settings.max_messages,
            self._ports.notices(profile.name),
        )
        record = CallRecord(contact, self._clock.now(), "", "", profile.name)
        session = ChatSession(circle, record, self._clock, self._executor)
        room = secrets.token_urlsafe(24)
        self._rooms[room] = _Room(session, address)
        self.counts.opened += 1
        try:
            await session.greet()
        except BaseException:
            del self._rooms[room]
            raise
        return room, session

    def find(self, room: str) -> ChatSession | None:
        """Return the conversation with this id, ``None`` when there is none or it was forgotten."""
        found = self._rooms.get(room)
        return None if found is None else found.session

    async def sweep(self) -> int:
        """End the conversations whose visitor has been silent for too long, forget those that ended; return how many.

        One that ended is kept for a while, so that its last words are still read after a reconnection.
        """
        before_s = self._clock.monotonic() - self.settings.idle_s
        left_s = self._clock.monotonic() - _AFTER_END_S
        old = [
            room
            for room, one in self._rooms.items()
            if not one.session.working and one.session.seen_s < (left_s if one.session.ended else before_s)
        ]
        for room in old:
            session = self._rooms.pop(room).session
            await session.end(words=False)
        return len(old)

    async def keep_swept(self) -> None:
        """Sweep for ever."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            await self.sweep()

    async def close(self) -> None:
        """End every conversation."""
        for room in list(self._rooms):
            await self._rooms.pop(room).session.end(words=False)
        self._executor.shutdown(wait=False, cancel_futures=True)
