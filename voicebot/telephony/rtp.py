"""Our own RTP session (RFC 3550, RFC 3551): 16-bit G.711, a small jitter buffer, telephone-events (RFC 4733).

``JitterBuffer`` and ``Reception`` are pure; ``RtpSession`` is the socket, on the event loop.
"""

import asyncio
import secrets
import struct
from collections.abc import Callable
from typing import cast

import numpy as np

from voicebot.audio.frames import FRAME_MS, LINE_HZ, Pcm, frame_samples, silence
from voicebot.audio.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

_SAMPLES = frame_samples(LINE_HZ)
_KEYS = "0123456789*#ABCD"
_MOST_GAP = 50
_CODECS: dict[str, tuple[Callable[[Pcm], bytes], Callable[[bytes], Pcm]]] = {
    "pcma": (alaw_encode, alaw_decode),
    "pcmu": (ulaw_encode, ulaw_decode),
}


class JitterBuffer:
    """Puts packets in order and gives 20 ms at a time, ``least_ms`` after they come.

    A packet that never comes leaves silence of its length; when nothing is left the buffer fills again before going on.
    Beyond ``most_ms`` the oldest is dropped, so the delay is bounded.
    """

    def __init__(self, least_ms: int, most_ms: int) -> None:
        self._least = max(FRAME_MS, least_ms) * LINE_HZ // 1000
        self._most = max(2 * FRAME_MS, least_ms, most_ms) * LINE_HZ // 1000
        self._packets: dict[int, Pcm] = {}
        self._ready: Pcm = silence(0)
        self._next: int | None = None
        self._last_size = _SAMPLES
        self.lost = 0

    @property
    def held_ms(self) -> int:
        """Milliseconds held."""
        return self._held() * 1000 // LINE_HZ

    def _held(self) -> int:
        return self._ready.size + sum(packet.size for packet in self._packets.values())

    def put(self, number: int, pcm: Pcm) -> None:
        """Take the packet of extended sequence ``number``; too late or twice, it is ignored."""
        if self._next is not None and number < self._next:
            return
        self._packets.setdefault(number, pcm)
        while self._held() > self._most:
            if self._ready.size:
                self._ready = silence(0)
                continue
            oldest = min(self._packets)
            del self._packets[oldest]
            self._next = oldest + 1

    def take(self) -> Pcm | None:
        """Return the next 20 ms, ``None`` while there is nothing to give."""
        if self._next is None:
            if not self._packets or self._held() < self._least:
                return None
            self._next = min(self._packets)
        while self._ready.size < _SAMPLES and self._packets:
            self._append(self._next)
        if self._ready.size < _SAMPLES:
            self._next = None if not self._packets else self._next
            return None
        frame, self._ready = self._ready[:_SAMPLES], self._ready[_SAMPLES:]
        return frame

    def _append(self, number: int) -> None:
        packet = self._packets.pop(number, None)
        self._next = number + 1
        if packet is None:
            first = min(self._packets)
            if first - number > _MOST_GAP:
                self._next = first
                return
            self.lost += 1
            packet = silence(self._last_size)
        self._last_size = packet.size
        self._ready = packet if not self._ready.size else np.concatenate((self._ready, packet))


class Reception:
    """What RFC 3550 A.1, A.3 and A.8 count of one source: extended numbers, packets lost, jitter."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._highest = 0
        self._transit: float | None = None
        self.packets = 0
        self.jitter_ms = 0.0

    def note(self, sequence: int, stamp: int, arrived_s: float) -> int:
        """Count a packet; return its extended sequence number."""
        if self._first is None:
            self._first = self._highest = sequence + 65536
        number = self._highest + ((sequence - self._highest + 32768) % 65536 - 32768)
        self._highest = max(self._highest, number)
        self.packets += 1
        transit = arrived_s * 1000 - stamp * 1000 / LINE_HZ
        if self._transit is not None and abs(transit - self._transit) < 10_000:
            self.jitter_ms += (abs(transit - self._transit) - self.jitter_ms) / 16
        self._transit = transit
        return number

    @property
    def lost(self) -> int:
        """Packets that should have come and have not."""
        if self._first is None:
            return 0
        return max(0, self._highest - self._first + 1 - self.packets)


class RtpSession(asyncio.DatagramProtocol):
    """The sound of one call. ``on_key`` is told each key once, at its start."""

    def __init__(self, jitter_ms: tuple[int, int], on_key: Callable[[str], None]) -> None:
        self.reception = Reception()
        self._jitter_ms = jitter_ms
        self.buffer = JitterBuffer(*jitter_ms)
        self._on_key = on_key
        self._transport: asyncio.DatagramTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._codec = "pcma"
        self._codec_number = 8
        self._events_number: int | None = None
        self._peer: tuple[str, int] | None = None
        self._latched = False
        self._source_id: int | None = None
        self._event: tuple[int, int] | None = None
        self._own_id = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._stamp = secrets.randbits(32)
        self._marker = True
        self.heard_s = self._loop.time()

    @property
    def port(self) -> int:
        """The local port, 0 while closed."""
        return cast(int, self._transport.get_extra_info("sockname")[1]) if self._transport is not None else 0

    def agree(self, peer: tuple[str, int], codec: str, codec_number: int, events_number: int | None) -> None:
        """Take what was negotiated: where to send, and the payload numbers."""
        if peer != self._peer:
            self._peer, self._latched = peer, False
        self._codec, self._codec_number, self._events_number = codec, codec_number, events_number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        """Ignore that the peer's port was closed for a while (ICMP)."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one packet; what is not RTP of this call is ignored."""
        if len(data) < 12 or data[0] >> 6 != 2:
            return
        flags, kind, sequence, stamp, source = struct.unpack(">BBHII", data[:12])
        start = 12 + 4 * (flags & 0x0F)
        if flags & 0x10 and len(data) >= start + 4:
            start += 4 + 4 * int(struct.unpack(">H", data[start + 2 : start + 4])[0])
        payload = data[start:]
        if flags & 0x20 and payload:
            payload = payload[: -payload[-1] or None] if payload[-1] < len(payload) else b""
        number = kind & 0x7F
        if number not in (self._codec_number, self._events_number) or not payload:
            return
        if not self._latched:
            # behind a translated address the sound comes from elsewhere than announced: follow the first packet, then
            # nobody else
            self._peer, self._latched = addr, True
        elif addr != self._peer:
            return
        self.heard_s = self._loop.time()
        if source != self._source_id:
            self._source_id, self.reception = source, Reception()
            self.buffer = JitterBuffer(*self._jitter_ms)
        extended = self.reception.note(sequence, stamp, self.heard_s)
        if number == self._events_number:
            self._take_event(stamp, payload)
            self.buffer.put(extended, silence(0))
        elif len(payload) <= 1600:
            self.buffer.put(extended, _CODECS[self._codec][1](payload))

    def _take_event(self, stamp: int, payload: bytes) -> None:
        """One press is the packets of one time stamp, the end being sent three times (RFC 4733 2.5)."""
        if len(payload) < 4 or payload[0] >= len(_KEYS):
            return
        event = (stamp, payload[0])
        if event != self._event:
            self._event = event
            self._on_key(_KEYS[payload[0]])

    def send(self, pcm: Pcm) -> None:
        """Send 20 ms now."""
        if self._transport is None or self._peer is None or self._transport.is_closing():
            return
        head = struct.pack(
            ">BBHII",
            0x80,
            self._codec_number | (0x80 if self._marker else 0),
            self._sequence,
            self._stamp,
            self._own_id,
        )
        self._marker = False
        self._transport.sendto(head + _CODECS[self._codec][0](pcm), self._peer)
        self._advance()

    def skip(self) -> None:
        """Let 20 ms pass without sending: the peer holds us."""
        self._stamp = (self._stamp + _SAMPLES) % 2**32
        self._marker = True

    def _advance(self) -> None:
        self._sequence = (self._sequence + 1) % 65536
        self._stamp = (self._stamp + _SAMPLES) % 2**32

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
