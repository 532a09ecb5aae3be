"""The callers of ``bench calls``: real SIP and RTP from a process that is not the one measured.

Signalling is one UDP socket for all calls, sound one socket a call, A-law sent every 20 ms on absolute deadlines. What
comes back is handed over packet by packet with the moment it arrived, in seconds of the monotonic clock, which all
processes of a machine share.
"""

import asyncio
import secrets
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from voicebot.audio.frames import FRAME_S, LINE_HZ, frame_samples
from voicebot.audio.g711 import alaw_encode
from voicebot.bench.ports import HOST
from voicebot.telephony.base import TelephonyError
from voicebot.telephony.sip_message import Malformed, Message, read_message, request, response

_SAMPLES = frame_samples(LINE_HZ)
_T1_S = 0.5
_KEYS = "0123456789*#ABCD"
_KEY_PACKETS = 5
_ALAW, _EVENTS = 8, 101
_NOISE_FRAMES = 50


class NotTaken(TelephonyError):
    """The call was refused, with this status; 408 when nothing answered."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the call was not taken ({status})")
        self.status = status


@dataclass(frozen=True, slots=True)
class Arrived:
    """One packet of sound: when it came (seconds), its sequence number, its A-law codes."""

    at_s: float
    sequence: int
    codes: bytes


def _port_of(transport: asyncio.DatagramTransport | None) -> int:
    return cast(int, transport.get_extra_info("sockname")[1]) if transport is not None else 0


def line_noise(seed: int) -> list[bytes]:
    """Return a second of the faint noise of a quiet line, as A-law frames."""
    noise = np.random.default_rng(seed).normal(0, 12, _SAMPLES * _NOISE_FRAMES).astype(np.int16)
    codes = alaw_encode(noise)
    return [codes[at : at + _SAMPLES] for at in range(0, len(codes), _SAMPLES)]


class FarSound(asyncio.DatagramProtocol):
    """The sound of one call. ``to_say`` holds frames to send; between them the line's noise is sent."""

    def __init__(self, noise: list[bytes]) -> None:
        self._noise = noise
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._sequence = secrets.randbits(15)
        self._stamp = secrets.randbits(31)
        self._source = secrets.randbits(32)
        self._pressing: deque[tuple[bool, bytes, int]] = deque()
        self.to_say: deque[bytes] = deque()
        self.on_packet: Callable[[Arrived], None] = lambda packet: None
        self.sent_at_s = 0.0
        """When the last frame of ``to_say`` left."""

    @property
    def port(self) -> int:
        """The local port; 0 while closed."""
        return _port_of(self._transport)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        """Ignore that the other side's port was closed (ICMP)."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand over one packet of sound."""
        if len(data) > 12 and data[1] & 0x7F == _ALAW:
            self.on_packet(Arrived(self._loop.time(), struct.unpack(">H", data[2:4])[0], data[12:]))

    def start(self, peer: tuple[str, int]) -> None:
        """Send to ``peer`` from now on, every 20 ms."""
        self._peer, self._due_s = peer, self._loop.time()
        self._step()

    def press(self, key: str) -> None:
        """Press ``key``: RFC 4733 packets for 100 ms, the end told three times."""
        event = _KEYS.index(key)
        for index in range(_KEY_PACKETS):
            self._pressing.append((index == 0, struct.pack(">BBH", event, 10, _SAMPLES * (index + 1)), index))
        for index in range(3):
            end = struct.pack(">BBH", event, 0x8A, _SAMPLES * _KEY_PACKETS)
            self._pressing.append((False, end, _KEY_PACKETS + index))

    def _step(self) -> None:
        if self._pressing:
            first, body, index = self._pressing.popleft()
            # every packet of a press carries the moment it began (RFC 4733 2.5.1.2)
            self._send(_EVENTS, body, first, self._stamp - index * _SAMPLES)
        elif self.to_say:
            self._send(_ALAW, self.to_say.popleft(), False, self._stamp)
            self.sent_at_s = self._loop.time()
        else:
            self._send(_ALAW, self._noise[self._sequence % len(self._noise)], False, self._stamp)
        self._sequence = (self._sequence + 1) % 65536
        self._stamp = (self._stamp + _SAMPLES) % 2**32
        self._due_s += FRAME_S
        self._timer = self._loop.call_at(self._due_s, self._step)

    def _send(self, kind: int, payload: bytes, marker: bool, stamp: int) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        head = struct.pack(">BBHII", 0x80, kind | 0x80 * marker, self._sequence, stamp % 2**32, self._source)
        self._transport.sendto(head + payload, self._peer)

    def close(self) -> None:
        """Stop sending and close the socket."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()


@dataclass(slots=True)
class FarCall:
    """One call placed by ``FarEnd``. ``ended`` is set when the assistant has hung up."""

    call_id: str
    sound: FarSound
    number: str
    local_tag: str
    remote: str = ""
    target: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    answered_s: float = 0.0
    """How long the answer took."""


class FarEnd(asyncio.DatagramProtocol):
    """Places calls to one address. Opened by ``open_far_end``."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._calls: dict[str, FarCall] = {}
        self._answers: dict[tuple[str, int, str], asyncio.Future[Message]] = {}
        self._noise = line_noise(seed=3)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        """Ignore that the other side is not there (ICMP): requests are repeated."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take an answer to one of our requests, or the assistant's BYE."""
        try:
            message = read_message(data)
        except Malformed:
            return
        if message.status >= 200:
            waiting = self._answers.get((message.call_id, message.number, message.method))
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        elif not message.status:
            self._send(response(message, 200 if message.call_id in self._calls else 481, addr))
            call = self._calls.get(message.call_id)
            if message.method == "BYE" and call is not None:
                call.ended.set()

    async def dial(self, number: str, patience_s: float = 10.0, repeat_s: float = 4.0) -> FarCall:
        """Call ``number``; return the call once answered, its sound flowing.

        The INVITE is repeated, at least every ``repeat_s``, until anything comes back.

        Raises:
            NotTaken: refused, or nothing came in ``patience_s``.
        """
        _, sound = await self._loop.create_datagram_endpoint(lambda: FarSound(self._noise), local_addr=(HOST, 0))
        call = FarCall(f"bench-{secrets.token_hex(8)}", sound, number, secrets.token_hex(6))
        self._calls[call.call_id] = call
        start_s = self._loop.time()
        try:
            answer = await self._ask(call, "INVITE", 1, self._offer(sound.port), patience_s, repeat_s)
            # the ACK of an answer is a transaction of its own, that of a refusal is not (RFC 3261 17.1.1.3)
            self._send(self._request(call, "ACK", 1, suffix="a" if answer.status < 300 else ""))
            if answer.status >= 300:
                raise NotTaken(answer.status)
        except BaseException:
            self._forget(call)
            raise
        call.answered_s = self._loop.time() - start_s
        media = answer.sdp
        sound.start((media["c"][0]["address"], media["m"][0]["port"]))
        return call

    async def hang_up(self, call: FarCall) -> None:
        """End the call; at once when the assistant already has."""
        try:
            if not call.ended.is_set():
                await self._ask(call, "BYE", 2, "", 4.0)
        except NotTaken:
            pass  # it was over
        finally:
            self._forget(call)

    def drop(self, call: FarCall) -> None:
        """Forget a call whose other side has died."""
        self._forget(call)

    def _forget(self, call: FarCall) -> None:
        call.sound.close()
        self._calls.pop(call.call_id, None)

    async def _ask(
        self, call: FarCall, method: str, number: int, body: str, patience_s: float, repeat_s: float = 4.0
    ) -> Message:
        """Send a request, repeated until its final answer (RFC 3261 17.1)."""
        key = (call.call_id, number, method)
        future = self._answers[key] = self._loop.create_future()
        data = self._request(call, method, number, body)
        deadline_s, wait_s = self._loop.time() + patience_s, min(_T1_S, repeat_s)
        try:
            while self._loop.time() < deadline_s:
                self._send(data)
                done, _ = await asyncio.wait({future}, timeout=min(wait_s, deadline_s - self._loop.time()))
                if done:
                    found: Message = future.result()
                    call.remote = found.first("To")
                    if method == "INVITE" and found.status < 300:
                        call.target = found.first("Contact").partition("<")[2].partition(">")[0]
                    return found
                wait_s = min(2 * wait_s, repeat_s)
            raise NotTaken(408)
        finally:
            del self._answers[key]

    def _request(self, call: FarCall, method: str, number: int, body: str = "", suffix: str = "") -> bytes:
        host, port = self._address
        uri = call.target or f"sip:{call.number}@{host}:{port}"
        mine = f"{HOST}:{_port_of(self._transport)}"
        branch = f"z9hG4bK{call.local_tag}{number}{suffix}"
        fields = [
            ("Via", f"SIP/2.0/UDP {mine};branch={branch}"),
            ("From", f"<sip:anonymous@{HOST}>;tag={call.local_tag}"),
            ("To", call.remote or f"<sip:{call.number}@{host}:{port}>"),
            *(("Call-ID", call.call_id), ("CSeq", f"{number} {method}"), ("Max-Forwards", "70")),
            ("Contact", f"<sip:bench@{mine}>"),
            *((("Content-Type", "application/sdp"),) if body else ()),
        ]
        return request(method, uri, fields, body)

    @staticmethod
    def _offer(port: int) -> str:
        lines = [
            *("v=0", f"o=bench 1 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0"),
            f"m=audio {port} RTP/AVP {_ALAW} {_EVENTS}",
            *("a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20"),
        ]
        return "\r\n".join([*lines, ""])

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, self._address)

    def close(self) -> None:
        """Close the sockets."""
        for call in list(self._calls.values()):
            self._forget(call)
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def open_far_end(address: tuple[str, int]) -> AsyncIterator[FarEnd]:
    """Give a far end that calls ``address``."""
    loop = asyncio.get_running_loop()
    _, far = await loop.create_datagram_endpoint(lambda: FarEnd(address), local_addr=(HOST, 0))
    try:
        yield far
    finally:
        far.close()
