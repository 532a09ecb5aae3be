"""The chat served by its real application; the brain that answers is the demonstration’s, or by rote."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from voicebot.app import new_dialogue, open_profile
from voicebot.calls.ports import Dialogue, Witness
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.clock import PARIS, VirtualClock
from voicebot.config import load_settings
from voicebot.dialog.turns import Expect, Heard, Option, Record, Reply, Say
from voicebot.journal.settings import Retention
from voicebot.profile import Profile
from voicebot.web.chat import PREFIX, chat_application
from voicebot.web.chat_rooms import ChatPorts, ChatRooms
from voicebot.web.chat_settings import ChatSettings
from voicebot.web.chat_texts import load_chat_texts
from voicebot.web.public_pages import public_routes
from voicebot.web.widget import widget_routes

ROOT = Path(__file__).resolve().parents[2]
TEXTS = load_chat_texts(ROOT / "prompts" / "chat.toml")
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=PARIS)


def demonstration() -> Profile:
    """Return the demonstration profile, as the service loads it."""
    return open_profile(load_settings(ROOT / "config.toml"))


def reply(text: str, *choices: str, **more: Any) -> Reply:
    """Return a reply in one sentence, with buttons."""
    options = tuple(Option(label.lower(), (label.lower(),), label) for label in choices)
    return Reply((Say(text),), expect=Expect(options=options), **more)


@dataclass
class Rote:
    """A conversation that gives replies by heart, and keeps what it heard; an exception is raised."""

    replies: list[Reply | Exception] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def fork(self) -> "Rote":
        return replace(self, replies=list(self.replies), heard=list(self.heard))

    def greet(self) -> Reply:
        return reply("Bonjour", "Oui", "Non")

    def respond(self, heard: Heard) -> Reply:
        self.heard.append(heard)
        given = self.replies.pop(0) if self.replies else reply(f"Vous dites : {heard.text}", "Oui", "Non")
        if isinstance(given, Exception):
            raise given
        return given

    def on_hold(self, queued: tuple[int, int | None] | None) -> Reply:
        raise AssertionError("nobody waits for an adviser in a chat")

    def returned(self, result: str) -> Reply:
        return reply(result)

    def left(self) -> tuple[Record, ...]:
        return ()


@dataclass
class Follower:
    """A witness that keeps the record of its contact, and how many times it ended."""

    turns: list[TurnRecord] = field(default_factory=list)
    records: list[CallRecord] = field(default_factory=list)
    kept: list[Record] = field(default_factory=list)

    def frame(self, caller: Any, assistant: Any) -> None:
        raise AssertionError("a chat has no sound")

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        self.turns.append(turn)
        self.kept = call.records

    def ended(self, call: CallRecord) -> None:
        self.records.append(call)


@dataclass
class Visit:
    """A chat being served: ``client`` calls it, ``clock`` is its time."""

    client: "TestClient[web.Request, web.Application]"
    rooms: ChatRooms
    clock: VirtualClock
    follower: Follower

    async def open(self) -> str:
        """Begin a conversation; return the start of its addresses."""
        opened = await self.client.post(f"{PREFIX}/sessions")
        assert opened.status == 201, await opened.text()
        return f"{PREFIX}/sessions/{(await opened.json())['session']}"

    async def say(self, room: str, text: str = "", **more: Any) -> ClientResponse:
        return await self.client.post(f"{room}/messages", json={"text": text, **more})


@asynccontextmanager
async def visiting(
    profile: Profile,
    dialogue: Callable[[], Dialogue] | None = None,
    witnesses: Callable[[str], Sequence[Witness]] | None = None,
    notices: tuple[str, ...] = (),
    **settings: Any,
) -> AsyncIterator[Visit]:
    """Serve the chat: with the profile's brain, unless ``dialogue`` makes another."""
    clock = VirtualClock(TUESDAY)
    follower = Follower()

    def open_dialogue(asked: Profile, seed: str) -> Dialogue:
        return dialogue() if dialogue is not None else new_dialogue(asked, clock.now, seed=seed, channel="chat")

    ports = ChatPorts(
        lambda name: profile,
        open_dialogue,
        witnesses or (lambda contact: (follower,)),
        lambda name: notices,
    )
    rooms = ChatRooms(ChatSettings(**settings), ports, TEXTS, clock)
    site = web.Application()
    site.add_subapp(PREFIX, chat_application(rooms, clock))
    site.add_routes(widget_routes(rooms.settings.demo))
    site.add_routes(public_routes(lambda: profile.knowledge.identity, Retention()))
    async with TestClient(TestServer(site)) as client:
        yield Visit(client, rooms, clock, follower)


def texts(document: dict[str, Any]) -> list[str]:
    """Return the texts of the messages of a response, in order."""
    return [" ".join(part["text"] for part in message["parts"]) for message in document["messages"]]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run ``work`` on a loop of its own."""
    return asyncio.run(work)
