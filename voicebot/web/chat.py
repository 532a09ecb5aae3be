"""The chat over HTTP and WebSocket: the same conversations, the same messages.

    GET  /api/chat/look                         names, colours and words of the window
    POST /api/chat/sessions                     begin a conversation
    GET  /api/chat/sessions/ID/messages         messages after a number, at once or as soon as there is one
    POST /api/chat/sessions/ID/messages         say something; the answer comes back with it
    POST /api/chat/sessions/ID/end              leave
    GET  /api/chat/sessions/ID/socket           the same over WebSocket

Who may call is decided by origin and by rate; a conversation is known by its id alone.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from voicebot.clock import Clock
from voicebot.dialog.knowledge.identity import Identity
from voicebot.web.chat_models import ChatEnd, NewMessage
from voicebot.web.chat_rooms import ChatRooms, Full
from voicebot.web.chat_session import ChatSession, Refused, Said
from voicebot.web.origins import cross_origin
from voicebot.web.problems import Refusal, parse, read_body
from voicebot.web.public_pages import ACCESSIBILITY_PATH, PRIVACY_PATH
from voicebot.web.rates import RateLimit, client_address

log = logging.getLogger(__name__)

PREFIX = "/api/chat"

_POLL_S = 25.0
_HEARTBEAT_S = 25.0
_FRAME_BYTES = 16_384
_STATUS = {
    Refused.LONG: 413,
    Refused.EMPTY: 400,
    Refused.BUSY: 429,
    Refused.ENDED: 409,
    Refused.UNKNOWN_CHOICE: 409,
}


def chat_application(rooms: ChatRooms, clock: Clock, proxies: tuple[str, ...] = ()) -> web.Application:
    """Return the chat's routes, to be mounted at ``PREFIX``; it keeps ``rooms`` swept, and closes them when stopped."""
    chat = _Chat(rooms, clock, proxies)
    app = web.Application(middlewares=[cross_origin(rooms.settings.origins)])
    app.add_routes(
        [
            web.get("/look", chat.look),
            web.post("/sessions", chat.open),
            web.get("/sessions/{session}/messages", chat.messages),
            web.post("/sessions/{session}/messages", chat.say),
            web.post("/sessions/{session}/end", chat.end),
            web.get("/sessions/{session}/socket", chat.socket),
            web.options("/{tail:.*}", chat.preflight),
        ]
    )
    app.cleanup_ctx.append(chat.lifetime)
    app.on_shutdown.append(chat.shut)
    return app


def look(identity: Identity, labels: dict[str, str], message_chars: int) -> dict[str, Any]:
    """Return what the window shows before any conversation."""
    return {
        "assistant": identity.assistant,
        "community": identity.community,
        "telephone": identity.facts["telephone"].value if "telephone" in identity.facts else "",
        "colours": {"main": identity.look.colour, "on_main": identity.look.on_colour},
        "message_chars": message_chars,
        "privacy_url": PRIVACY_PATH,
        "accessibility_url": ACCESSIBILITY_PATH,
        "labels": labels,
    }


class _Chat:
    def __init__(self, rooms: ChatRooms, clock: Clock, proxies: tuple[str, ...]) -> None:
        settings = rooms.settings
        self._rooms = rooms
        self._proxies = proxies
        self._opening = RateLimit(settings.sessions_per_hour / 60, settings.sessions_per_address, clock.monotonic)
        self._saying = RateLimit(settings.messages_per_minute, settings.messages_per_minute / 2, clock.monotonic)
        self._sockets: set[web.WebSocketResponse] = set()

    async def lifetime(self, app: web.Application) -> AsyncIterator[None]:
        """Sweep while the application runs."""
        sweeping = asyncio.get_running_loop().create_task(self._rooms.keep_swept(), name="chat-sweep")
        yield
        sweeping.cancel()

    async def shut(self, app: web.Application) -> None:
        """End every conversation, so that no request waits for one while the service stops."""
        await self._rooms.close()
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def preflight(self, request: web.Request) -> web.Response:
        """Answer a preflight; the middleware does."""
        return web.Response(status=204)

    async def look(self, request: web.Request) -> web.Response:
        """Return what the window shows before any conversation."""
        identity = self._rooms.profile().knowledge.identity
        document = look(identity, dict(self._rooms.texts().labels), self._rooms.settings.message_chars)
        return _json(document, headers={"Cache-Control": "public, max-age=300"})

    async def open(self, request: web.Request) -> web.Response:
        """Begin a conversation."""
        address = client_address(request, self._proxies)
        self._allow(self._opening, address)
        try:
            room, session = await self._rooms.open(address)
        except Full as error:
            self._rooms.counts.refused += 1
            raise Refusal(503, "full", self._rooms.texts().words.complet, retry_s=60) from error
        document = {"session": room, "idle_s": self._rooms.settings.idle_s, **_since(session, 0)}
        return _json(document, status=201, headers={"Location": f"{PREFIX}/sessions/{room}/messages"})

    async def messages(self, request: web.Request) -> web.Response:
        """Return the messages after a number; with ``wait_s``, wait for one when there is none."""
        session = self._session(request)
        after, wait_s = _number(request, "after"), min(_POLL_S, _number(request, "wait_s"))
        session.seen()
        if wait_s and session.last <= after and not session.ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(session.changed(int(after), session.working), wait_s)
        return _json(_since(session, int(after)))

    async def say(self, request: web.Request) -> web.Response:
        """Take a message of the visitor; return it with its answer."""
        session = self._session(request)
        said = await read_body(request, NewMessage)
        await self._take(session, said, client_address(request, self._proxies))
        return _json(_since(session, said.after))

    async def end(self, request: web.Request) -> web.Response:
        """Leave the conversation."""
        session = self._session(request)
        asked = await read_body(request, ChatEnd)
        await session.leave(now=asked.now)
        return _json(_since(session, asked.after))

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Hold the conversation over a WebSocket until either side closes it; messages after ``after`` come first."""
        session = self._session(request)
        after = int(_number(request, "after"))
        session.seen()
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_FRAME_BYTES)
        await socket.prepare(request)
        self._sockets.add(socket)
        telling = asyncio.get_running_loop().create_task(self._tell(socket, session, after), name="chat-socket")
        try:
            await self._listen(socket, session, client_address(request, self._proxies))
        finally:
            self._sockets.discard(socket)
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling
        return socket

    async def _tell(self, socket: web.WebSocketResponse, session: ChatSession, after: int) -> None:
        """Send every message once, in order, and whether an answer is being worked out."""
        working = False
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                for message in session.after(after):
                    after = message.seq
                    await socket.send_str(_dumps({"type": "message", "message": message.to_json()}))
                if session.working is not working:
                    working = session.working
                    await socket.send_str(_dumps({"type": "working", "working": working}))
                if session.ended and session.last <= after:
                    await socket.send_str(_dumps({"type": "ended"}))
                    await socket.close()
                    return
                await session.changed(after, working)

    async def _listen(self, socket: web.WebSocketResponse, session: ChatSession, address: str) -> None:
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            client_id = ""
            try:
                document = _object(frame.data)
                kind = document.pop("type", "")
                if kind == "message":
                    said = parse(json.dumps(document), NewMessage)
                    client_id = said.client_id
                    await self._take(session, said, address)
                elif kind == "end":
                    await session.leave(now=parse(json.dumps(document), ChatEnd).now)
                else:
                    raise Refusal(400, "invalid", "type must be message or end.")
            except Refusal as refusal:
                error = {"type": "error", "code": refusal.code, "detail": refusal.detail, "client_id": client_id}
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(_dumps({**error, "retry_s": round(refusal.retry_s, 1)}))

    async def _take(self, session: ChatSession, said: NewMessage, address: str) -> None:
        self._allow(self._saying, address)
        self._rooms.counts.messages += 1
        refused = await session.take(Said(said.text, said.choice, said.client_id))
        if refused is not None:
            self._rooms.counts.refused += 1
            raise Refusal(_STATUS[refused], refused.value, self._sentence(refused))

    def _sentence(self, refused: Refused) -> str:
        words = self._rooms.texts().words
        return {
            Refused.LONG: words.message_trop_long,
            Refused.BUSY: words.trop_vite,
            Refused.ENDED: words.fin,
        }.get(refused, refused.value)

    def _allow(self, limit: RateLimit, address: str) -> None:
        wait_s = limit.wait_s(address)
        if wait_s:
            self._rooms.counts.refused += 1
            raise Refusal(429, "too_fast", self._rooms.texts().words.trop_vite, retry_s=wait_s)

    def _session(self, request: web.Request) -> ChatSession:
        session = self._rooms.find(request.match_info["session"])
        if session is None:
            raise Refusal(404, "unknown_session", "There is no such conversation, or it was forgotten: begin another.")
        return session


def _since(session: ChatSession, after: int) -> dict[str, Any]:
    return {"ended": session.ended, "messages": [message.to_json() for message in session.after(after)]}


def _number(request: web.Request, name: str) -> float:
    text = request.query.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refusal(400, "invalid", f"{name} must be a whole number, 0 or more.")
    return float(text)


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "invalid", "Send a JSON object.") from error
    if not isinstance(document, dict):
        raise Refusal(400, "invalid", "Send a JSON object.")
    return document


def _dumps(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(
        document, status=status, headers={"Cache-Control": "no-store"} | (headers or {}), dumps=_dumps
    )
