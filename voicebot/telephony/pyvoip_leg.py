"""One SIP call on the pyvoip engine: our RTP session, and the dialog as the line keeps it.

Everything runs on the event loop. The sender has its own deadlines, so the wire is fed every 20 ms whatever the
conversation does; with nothing to say it sends silence.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from voicebot.audio.dtmf import DtmfDetector
from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm, Upcoming, frame_samples, silence
from voicebot.telephony.base import CallEnded, CallInfo, LegStats, Tick, TransferMode, TransferOrder, TransferResult
from voicebot.telephony.emodel import mos, rating
from voicebot.telephony.pace import Lateness, Outbound, Pace
from voicebot.telephony.presses import KeyPresses
from voicebot.telephony.rtp import RtpSession

log = logging.getLogger(__name__)

_PACKET_MS = 20.0


class Signalling(Protocol):
    """What a leg asks of the line that keeps its dialog."""

    async def accept(self) -> None:
        """Answer 200 and wait for the ACK; raises CallEnded."""

    async def end(self) -> None:
        """Send BYE, or refuse a call not answered yet."""

    async def refer(self, order: TransferOrder) -> TransferResult:
        """Ask the peer to call the adviser, and wait for the outcome."""


@dataclass(slots=True)
class _Sound:
    """What the peer wants now: ``wanted`` is false while it holds us."""

    wanted: bool = True


class PyvoipLeg:
    """One incoming call, A-law or mu-law at 8 kHz."""

    def __init__(self, info: CallInfo, rtp: RtpSession, presses: KeyPresses) -> None:
        self._info = info
        self._rtp = rtp
        self._presses = presses
        self._loop = asyncio.get_running_loop()
        self._samples = frame_samples(LINE_HZ)
        self._silence = silence(self._samples)
        self._outbound = Outbound(self._samples)
        self._queue: deque[Pcm] = deque()
        self._starved = True
        self._saying = False
        self._starved_frames = 0
        self._sound = _Sound()
        self._tones = DtmfDetector(LINE_HZ)
        self._pace: Pace | None = None
        self._send_due_s = 0.0
        self._sending: asyncio.TimerHandle | None = None
        self._closed = asyncio.Event()
        self._ending = False
        self._signalling: Signalling | None = None
        self.lateness = Lateness()

    @property
    def info(self) -> CallInfo:
        """Who calls whom."""
        return self._info

    @property
    def rate_hz(self) -> int:
        """The sample rate of both directions, in Hz."""
        return LINE_HZ

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._closed.is_set()

    @property
    def heard_s(self) -> float:
        """When the last packet came, in the loop's time."""
        return self._rtp.heard_s

    def join(self, signalling: Signalling) -> None:
        """Take the dialog's signalling; once, before anything else."""
        self._signalling = signalling

    async def answer(self) -> None:
        """Accept the call and wait until the caller's side has confirmed it.

        Raises:
            CallEnded: the caller gave up first, or never confirmed.
        """
        if self.over or self._signalling is None:
            raise CallEnded("the caller gave up before the call was answered")
        self._rtp.heard_s = self._send_due_s = self._loop.time()
        self._send()
        await self._signalling.accept()
        if self.over:
            raise CallEnded("the call ended before it was established")

    def want_sound(self, wanted: bool) -> None:
        """Learn from a new offer whether the peer listens."""
        self._sound.wanted = wanted

    def key(self, key: str) -> None:
        """Take a press told by SIP INFO: it is over at once."""
        self._presses.signalled(key)
        self._presses.released()

    async def tick(self) -> Tick | None:
        """Wait for and return the next 20 ms; ``None`` once the call has ended."""
        if self.over:
            return None
        if self._pace is None:
            self._pace = Pace(self._loop.time())
        due_s = self._pace.next()
        await asyncio.sleep(max(0.0, due_s - self._loop.time()))
        self.lateness.note(self._loop.time() - due_s)
        if self._closed.is_set():
            return None
        frame = self._rtp.buffer.take()
        if frame is None:
            self._pace.skip_missed(self._loop.time())
            return Tick(self._silence, self._presses.take())
        if self._presses.tones_matter:
            self._presses.heard(self._tones.feed(frame))
        return Tick(frame, self._presses.take())

    def play(self, pcm: Pcm, upcoming: Upcoming | None = None) -> None:
        """Queue exactly one frame for the caller; see ``Leg``. What stalls the conversation stalls this sender too."""
        if pcm.size != self._samples:
            raise ValueError(f"a frame has {self._samples} samples, not {pcm.size}")
        if self.over or not self._sound.wanted:
            return
        saying = bool(pcm.any())
        if saying and self._saying and self._starved:
            self._starved_frames += 1
        self._saying = saying
        self._queue.extend(self._outbound.push(pcm, len(self._queue) * self._samples, self._starved))
        self._starved = False

    def flush(self) -> int:
        """Drop what is queued and not yet sent; return how many samples the caller will not hear."""
        dropped = len(self._queue) * self._samples + self._outbound.flush()
        self._queue.clear()
        self._saying = False  # the silence that follows is wanted
        return dropped

    def awaiting(self, slot: str | None) -> None:
        """Do nothing: a person needs no cue."""

    async def transfer(self, order: TransferOrder) -> TransferResult:
        """Hand the call over by REFER, the only way of this engine; other modes fail at once."""
        if self.over or self._signalling is None:
            return TransferResult.FAILED
        if order.mode is not TransferMode.BLIND:
            log.warning("the pyvoip engine cannot place calls: %s transfer refused", order.mode.value)
            return TransferResult.FAILED
        return await self._signalling.refer(order)

    async def hang_up(self) -> None:
        """End the call, or refuse it when it was never answered. Idempotent."""
        if not self.over and self._signalling is not None and not self._ending:
            self._ending = True
            await self._signalling.end()
        self.close()

    async def wait_closed(self) -> None:
        """Wait until the call has ended."""
        await self._closed.wait()

    def close(self) -> None:
        """Learn that the call is over. Idempotent."""
        self._closed.set()
        if self._sending is not None:
            self._sending.cancel()
        self._rtp.close()

    def stats(self) -> LegStats:
        """Return the line quality so far."""
        reception = self._rtp.reception
        if reception.packets == 0:
            return LegStats()
        delay_ms = _PACKET_MS + self._rtp.buffer.held_ms
        loss = reception.lost / (reception.packets + reception.lost)
        return LegStats(
            packets_received=reception.packets,
            packets_lost=reception.lost,
            jitter_ms=round(reception.jitter_ms, 2),
            delay_ms=delay_ms,
            # a lost packet leaves silence here: G.711 without concealment
            mos=round(mos(rating(delay_ms, loss, bpl=4.3)), 2),
            starved_frames=self._starved_frames,
            late_ms=self.lateness.within_ms(0.99),
        )

    def _send(self) -> None:
        """Send 20 ms and come back at the next deadline; a deadline missed by far is skipped, never burst."""
        if self.over:
            return
        if not self._sound.wanted:
            self._queue.clear()
            self._rtp.skip()
        elif self._queue:
            self._rtp.send(self._queue.popleft())
        else:
            self._starved = True
            self._rtp.send(self._silence)
        self._send_due_s += FRAME_S
        behind = int((self._loop.time() - self._send_due_s) / FRAME_S)
        for _ in range(behind):
            self._rtp.skip()
            self._send_due_s += FRAME_S
        self._sending = self._loop.call_at(self._send_due_s, self._send)
