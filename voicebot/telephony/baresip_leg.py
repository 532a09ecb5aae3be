"""One SIP call on the baresip engine. State moves only when the engine reports it; ``hang_up`` is idempotent.

The engine's own threads keep RTP at 20 ms; this side reads what they have decoded and writes what they will send, on
absolute deadlines of the event loop's clock that follow the engine's by the least that works. Everything here runs on
the event loop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from baresip import AudioNotActive, AudioRestarted, BaresipError, Call, CallState, StaleHandleError
from baresip.events import Event, StackEvent
from baresip.stats import CallStats

from voicebot.audio.dtmf import DtmfDetector
from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm, Upcoming, frame_samples, silence
from voicebot.audio.resample import Resampler
from voicebot.telephony.base import CallEnded, CallInfo, LegStats, TelephonyError, Tick, TransferOrder, TransferResult
from voicebot.telephony.emodel import mos, rating
from voicebot.telephony.pace import Inbound, Lateness, Outbound, Pace
from voicebot.telephony.presses import KeyPresses

log = logging.getLogger(__name__)

ESTABLISH_S = 35.0
"""An answer that no ACK confirms is given up by the engine after 32 s (timer H, RFC 3261 17.2.1)."""
_CLOSE_S = 1.5
_GRACE_S = 0.004
_GRACES = 2
_READ_BYTES = 16384
_PACKET_MS = 20.0
_DRAIN_S = 2 * FRAME_S


@dataclass(frozen=True, slots=True)
class _Format:
    """The sound as the engine has it now: rates in Hz, channels, and whether it takes ours."""

    rx_hz: int
    rx_channels: int
    tx_hz: int
    tx_channels: int
    sends: bool


@dataclass(frozen=True, slots=True)
class _Drain:
    """A flush that the engine does at its next packet; what is written before would go with it."""

    flushed_bytes: int
    until_s: float


class BaresipLeg:
    """One call, incoming or placed by us. ``rate_hz`` is 8 kHz whatever codec is spoken."""

    def __init__(
        self,
        call: Call,
        info: CallInfo,
        hand_over: Callable[["BaresipLeg", TransferOrder], Awaitable[TransferResult]] | None = None,
    ) -> None:
        self._call = call
        self._info = info
        self._hand_over = hand_over
        self._loop = asyncio.get_running_loop()
        self._samples = frame_samples(LINE_HZ)
        self._silence = silence(self._samples)
        self._pace: Pace | None = None
        self._inbound = Inbound(self._samples)
        self._outbound = Outbound(self._samples)
        self._presses = KeyPresses()
        self._tones = DtmfDetector(LINE_HZ)
        self._format: _Format | None = None
        self._from_wire = Resampler(LINE_HZ, LINE_HZ)
        self._to_wire = Resampler(LINE_HZ, LINE_HZ)
        self.lateness = Lateness()
        self._flowing = False
        self._received = 0
        self._idle_sent: int | None = None
        self._saying = False
        self._starved = 0
        self._restarted = False
        self._draining: _Drain | None = None
        self._aside: Callable[[Pcm], None] | None = None
        self._last_stats: CallStats | None = None
        self._established = asyncio.Event()
        self._closed = asyncio.Event()
        call.on(self._learn)
        if call.state is CallState.CLOSED:
            self._closed.set()

    @property
    def info(self) -> CallInfo:
        """Who calls whom."""
        return self._info

    @property
    def rate_hz(self) -> int:
        """The sample rate of both directions, in Hz."""
        return LINE_HZ

    @property
    def call(self) -> Call:
        """The engine's call."""
        return self._call

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._closed.is_set()

    async def answer(self) -> None:
        """Accept the call and wait until the caller's side has confirmed it.

        Raises:
            CallEnded: the caller gave up first, or never confirmed.
        """
        if self.over:
            raise CallEnded("the caller gave up before the call was answered")
        try:
            await self._call.answer()
        except StaleHandleError as error:
            raise CallEnded("the caller gave up before the call was answered") from error
        except BaresipError as error:
            raise TelephonyError(f"the call cannot be answered: {error}") from error
        await self.wait_established(ESTABLISH_S)

    async def wait_established(self, timeout_s: float) -> None:
        """Wait until both sides agree that the call is up.

        Raises:
            CallEnded: it ended, or nothing came in ``timeout_s``.
        """
        if self._call.state is CallState.ESTABLISHED:
            self._established.set()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._established, self._closed)]
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self.over or not self._established.is_set():
            raise CallEnded("the call ended before it was established")

    async def tick(self) -> Tick | None:
        """Wait for and return the next 20 ms; ``None`` once the call has ended.

        When the engine's frame is a few milliseconds late the deadlines follow it; when nothing comes (hold, silence
        suppression, a network gone) silence is returned, still every 20 ms.
        """
        if self.over:
            return None
        frame = await self._next_frame()
        if self._closed.is_set():
            return None
        if self._aside is not None:
            self._aside(self._silence if frame is None else frame)
            self._presses.take()
            return Tick(self._silence)
        if frame is None:
            return Tick(self._silence, self._presses.take())
        if self._presses.tones_matter:
            self._presses.heard(self._tones.feed(frame))
        return Tick(frame, self._presses.take())

    async def _next_frame(self) -> Pcm | None:
        """Sleep until the frame is due, then take it; ``None`` when none has come."""
        if self._pace is None:
            self._pace = Pace(self._loop.time())
        due_s = self._pace.next()
        await self._sleep_until(due_s)
        self._pull()
        frame = self._inbound.take()
        if frame is not None:
            self._pace.draw_near(self._loop.time() - due_s)
        for _ in range(_GRACES if frame is None and self._flowing else 0):
            await self._sleep_until(self._loop.time() + _GRACE_S)
            self._pull()
            frame = self._inbound.take()
            if frame is not None:
                self._pace.follow(self._loop.time())
                break
        self.lateness.note(self._loop.time() - due_s)
        self._flowing = frame is not None
        if frame is None:
            self._pace.skip_missed(self._loop.time())
        return frame

    async def _sleep_until(self, when_s: float) -> None:
        await asyncio.sleep(max(0.0, when_s - self._loop.time()))

    def _pull(self) -> None:
        """Read all that the engine has decoded."""
        try:
            form = self._format or self._bind()
            if form is None:
                return
            data = self._call.audio.read(_READ_BYTES)
        except (AudioRestarted, AudioNotActive):
            self._streams_gone()
            return
        if data:
            pcm = np.frombuffer(data, dtype=np.int16)
            if form.rx_channels > 1:
                pcm = pcm.reshape(-1, form.rx_channels)[:, 0]
            self._received += pcm.size
            self._inbound.put(self._from_wire.feed(pcm))

    def _bind(self) -> _Format | None:
        """Learn and return the format of the streams there are now; ``None`` when there are none yet."""
        found = self._call.audio.info()
        if not found.rx_ready:
            return None
        form = _Format(found.rx_sample_rate, found.rx_channels, found.tx_sample_rate, found.tx_channels, found.tx_ready)
        if form != self._format:
            self._format = form
            self._from_wire = Resampler(form.rx_hz, LINE_HZ)
            self._to_wire = Resampler(LINE_HZ, form.tx_hz if form.sends else LINE_HZ)
        return form

    def _streams_gone(self) -> None:
        """Know that a re-INVITE replaced the streams, or that the call is ending: the engine will say which."""
        self._format = None
        self._restarted = True
        self._draining = None

    def play(self, pcm: Pcm, upcoming: Upcoming | None = None) -> None:
        """Queue exactly one frame for the caller; see ``Leg``. Dropped silently while the call is bridged."""
        if self._aside is None:
            self._queue(pcm, upcoming)

    def relay(self, pcm: Pcm) -> None:
        """Queue one frame whoever it comes from."""
        self._queue(pcm, None)

    def _queue(self, pcm: Pcm, upcoming: Upcoming | None) -> None:
        if pcm.size != self._samples:
            raise ValueError(f"a frame has {self._samples} samples, not {pcm.size}")
        if self.over:
            return
        if not self._outbound.expects(pcm):
            self.flush()
        form = self._format
        try:
            if form is None or not form.sends:  # not up yet, or taken off hold: the engine may take our sound now
                form = self._bind()
            if form is None:
                # the engine's sound is up a moment after the call is: the first word must not be lost
                self._outbound.wait(pcm)
            elif not form.sends:
                self._outbound.pass_over()
            elif self._outbound.idle(pcm):
                self._saying = False
            elif self._drained():
                self._give(pcm, form, upcoming)
            else:
                self._outbound.wait(pcm)
        except (AudioRestarted, AudioNotActive):
            self._streams_gone()

    def _give(self, pcm: Pcm, form: _Format, upcoming: Upcoming | None) -> None:
        """Give the engine what is due now, and what is known of what follows."""
        if self._restarted:
            self._restarted = False
            for frame in self._outbound.again():
                self._write(frame, form)
        # the engine counts bytes of 16-bit samples, at its own rate
        ahead = self._call.audio.info().tx_buffered * LINE_HZ // (2 * form.tx_channels * form.tx_hz)
        waited = self._wire_waited() if ahead == 0 else 0
        saying = bool(pcm.any())
        if saying and self._saying:
            self._starved += waited
        self._saying = saying
        for frame in self._outbound.push(pcm, ahead, waited > 0, upcoming):
            self._write(frame, form)

    def _drained(self) -> bool:
        """Return whether the engine can be written to: what it was to drop is gone."""
        if self._draining is None:
            return True
        flushed = self._call.audio.stats().tx_flushed_bytes != self._draining.flushed_bytes
        if flushed or self._loop.time() >= self._draining.until_s:
            self._draining = None
        return self._draining is None

    def _write(self, frame: Pcm, form: _Format) -> None:
        """Give the engine one frame; once more when a re-INVITE has just replaced its streams."""
        try:
            self._call.audio.write(self._encoded(frame, form))
        except AudioRestarted:
            fresh = self._bind()
            if fresh is not None and fresh.sends:
                self._call.audio.write(self._encoded(frame, fresh))

    def _wire_waited(self) -> int:
        """How many frames of silence the engine has had to make up since this was last asked."""
        counts = self._call.audio.stats()
        idle: int = counts.tx_silence_frames + counts.tx_starved_frames
        before, self._idle_sent = self._idle_sent, idle
        return 1 if before is None else max(0, idle - before)

    def _encoded(self, frame: Pcm, form: _Format) -> bytes:
        samples = self._to_wire.feed(frame)
        return (samples if form.tx_channels == 1 else np.repeat(samples, form.tx_channels)).tobytes()

    @property
    def unsent(self) -> int:
        """Samples played and not yet on the wire, at the leg's rate."""
        return self._outbound.waiting_samples + max(0, self._held() - self._outbound.early_samples)

    def _held(self) -> int:
        """Samples that the engine holds, at the leg's rate."""
        form = self._format
        if self.over or form is None or not form.sends:
            return 0
        try:
            buffered: int = self._call.audio.info().tx_buffered
        except (AudioRestarted, AudioNotActive):
            self._streams_gone()
            return 0
        return buffered * LINE_HZ // (2 * form.tx_channels * form.tx_hz)

    def flush(self) -> int:
        """Drop what is queued and not yet sent; return how many samples the caller will not hear."""
        held = self._held()
        dropped = self._outbound.waiting_samples + max(0, held - self._outbound.early_samples)
        self._outbound.flush()
        self._saying = False  # the silence that follows is wanted
        if held == 0:
            return dropped
        try:
            before = self._call.audio.stats().tx_flushed_bytes
            self._call.audio.flush_tx()
            self._draining = _Drain(before, self._loop.time() + _DRAIN_S)
        except (AudioRestarted, AudioNotActive):
            self._streams_gone()
        return dropped

    def awaiting(self, slot: str | None) -> None:
        """Do nothing: a person needs no cue."""

    async def send_keys(self, keys: str) -> None:
        """Press ``keys``; returns once they have been sent (about 0.2 s each)."""
        if not self.over:
            try:
                await self._call.send_dtmf(keys)
            except BaresipError as error:
                log.info("keys not sent: %s", error)

    async def hold(self) -> None:
        """Put the other side on hold.

        Raises:
            TelephonyError: the engine cannot now.
        """
        await self._engine(self._call.hold)

    async def resume(self) -> None:
        """Take the other side off hold.

        Raises:
            TelephonyError: the engine cannot now.
        """
        await self._engine(self._call.resume)

    async def _engine(self, act: Callable[[], Awaitable[None]]) -> None:
        if self.over:
            return
        try:
            await act()
        except StaleHandleError:
            return
        except BaresipError as error:
            raise TelephonyError(str(error)) from error

    def step_aside(self, sink: Callable[[Pcm], None] | None) -> None:
        """Give this call's sound to ``sink``, frame by frame, instead of to the conversation; ``None`` gives it back.

        The conversation goes on ticking, which paces the bridge, but neither hears nor is heard.
        """
        self._aside = sink
        self.flush()

    async def transfer(self, order: TransferOrder) -> TransferResult:
        """Hand the call over as ``order`` says; the outcome is known when this returns."""
        if self.over or self._hand_over is None:
            return TransferResult.FAILED
        return await self._hand_over(self, order)

    async def hang_up(self) -> None:
        """End the call, or refuse it when it was never answered. Idempotent; waits for the engine's last report."""
        if not self.over:
            try:
                await self._call.hangup()
            except StaleHandleError:
                pass
            except BaresipError as error:
                log.warning("the engine could not hang up: %s", error)
            try:
                await asyncio.wait_for(self._closed.wait(), _CLOSE_S)
            except TimeoutError:
                log.warning("the engine did not report the end of call %s", self._info.call_id)
                self._closed.set()

    async def wait_closed(self) -> None:
        """Wait until the call has ended."""
        await self._closed.wait()

    def stats(self) -> LegStats:
        """Return the line quality so far; final once the call has ended."""
        report = self._call.final_stats or self._last_stats
        late_ms = self.lateness.within_ms(0.99)
        heard = self._received // max(1, frame_samples(self._format.rx_hz if self._format else LINE_HZ))
        if report is None:
            return LegStats(packets_received=heard, starved_frames=self._starved, late_ms=late_ms)
        received = max(report.rx_packets, heard)
        delay_ms = report.rtt_ms / 2 + _PACKET_MS + (report.jbuf_delay_ms or 0)
        if received == 0:
            return LegStats()
        loss = report.rx_lost / (received + report.rx_lost) if report.rx_lost > 0 else 0.0
        return LegStats(
            packets_received=received,
            packets_lost=max(0, report.rx_lost),
            jitter_ms=report.rx_jitter_ms,
            delay_ms=delay_ms,
            mos=round(mos(rating(delay_ms, loss)), 2),
            starved_frames=self._starved,
            late_ms=late_ms,
        )

    def _learn(self, event: StackEvent) -> None:
        """Take what the engine reports about this call."""
        match event.event:
            case Event.CALL_ESTABLISHED:
                self._established.set()
            case Event.CALL_CLOSED:
                log.debug("call %s closed: %s", self._info.call_id, event.text)
                self._closed.set()
            case Event.CALL_DTMF_START if event.text:
                self._presses.signalled(event.text[0].upper())
            case Event.CALL_DTMF_END:
                self._presses.released()
            case Event.CALL_RTCP if event.stats:
                self._last_stats = CallStats._from_payload(event.stats)
            case _:
                pass
