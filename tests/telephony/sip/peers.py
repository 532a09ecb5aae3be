"""The other end of the wire: sipp for signalling, a plain UDP socket for sound, and a line of ours to call."""

import asyncio
import contextlib
import itertools
import os
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from tests.telephony.sip.scenarios import answered, awaited, bye, options, scenario
from voicebot.audio.frames import LINE_HZ, Pcm, silence
from voicebot.audio.g711 import alaw_encode
from voicebot.bench.ports import HOST as HOST
from voicebot.bench.ports import free_port as free_port
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.baresip_line import BaresipLine
from voicebot.telephony.engines import load_line
from voicebot.telephony.pyvoip_leg import PyvoipLeg
from voicebot.telephony.pyvoip_line import PyvoipLine
from voicebot.telephony.settings import (
    AdmissionSettings,
    EngineName,
    ListenSettings,
    MediaSettings,
    NumberSettings,
    SipSettings,
)

NUMBER = "+33231000000"
HANGS_S = 90.0
"""After so long a test hangs: no test says by it how fast the machine is."""
ALAW_SILENCE = b"\xd5" * 160


class AnyLine(Protocol):
    """What the two engines' lines have in common for a test."""

    @property
    def live(self) -> int: ...

    def calls(self) -> "AsyncIterator[BaresipLeg] | AsyncIterator[PyvoipLeg]": ...


def line_settings(
    *,
    engine: EngineName = "baresip",
    admission: AdmissionSettings | None = None,
    lines: tuple[NumberSettings, ...] = (NumberSettings(NUMBER),),
    media: MediaSettings | None = None,
) -> SipSettings:
    """A line on a free loopback port."""
    return SipSettings(
        engine=engine,
        listen=ListenSettings(HOST, free_port(), ("udp",)),
        lines=lines,
        admission=admission or AdmissionSettings(),
        media=media or MediaSettings(),
    )


@contextlib.asynccontextmanager
async def running_line(
    settings: SipSettings, overloaded: Callable[[], bool] = lambda: False
) -> AsyncIterator[BaresipLine | PyvoipLine]:
    """A started line, stopped at the end."""
    line = load_line(settings, overloaded=overloaded)
    assert isinstance(line, BaresipLine | PyvoipLine)
    await line.start()
    try:
        yield line
    finally:
        await line.stop()


async def next_call(line: AnyLine, within_s: float = HANGS_S) -> BaresipLeg | PyvoipLeg:
    """The next call that arrives."""
    async with asyncio.timeout(within_s):
        async for leg in line.calls():
            return leg
    raise AssertionError("the line ended before a call came")


@dataclass
class RtpPeer(asyncio.DatagramProtocol):
    """A socket that keeps every RTP packet it receives and can speak A-law every 20 ms."""

    received: list[tuple[int, int, bytes]] = field(default_factory=list)
    payload_types: set[int] = field(default_factory=set)
    transport: asyncio.DatagramTransport | None = None
    peer: tuple[str, int] | None = None
    met: asyncio.Event = field(default_factory=asyncio.Event)
    sequence: int = 0

    @property
    def port(self) -> int:
        """The port to put in SDP."""
        assert self.transport is not None
        port: int = self.transport.get_extra_info("sockname")[1]
        return port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 12:
            return
        _, kind, sequence, stamp, _ = struct.unpack(">BBHII", data[:12])
        self.peer = addr
        self.met.set()
        self.payload_types.add(kind & 0x7F)
        if kind & 0x7F in (0, 8):
            self.received.append((sequence, stamp, data[12:]))

    @property
    def codes(self) -> list[bytes]:
        """The A-law frames received, in the order they were sent."""
        first = self.received[0][0] if self.received else 0
        return [codes for _, _, codes in sorted(self.received, key=lambda packet: (packet[0] - first) % 65536)]

    def send(self, payload: bytes, kind: int = 8, marker: bool = False, stamp: int | None = None) -> None:
        """Send one packet to whoever speaks to us."""
        assert self.transport is not None
        assert self.peer is not None
        self.sequence += 1
        when = self.sequence * 160 if stamp is None else stamp
        head = struct.pack(">BBHII", 0x80, kind | (0x80 if marker else 0), self.sequence & 0xFFFF, when, 0x5EED)
        self.transport.sendto(head + payload, self.peer)

    async def speak(self, pcm: Pcm) -> None:
        """Send ``pcm`` in real time, once spoken to."""
        await self.met.wait()
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        codes = alaw_encode(pcm)
        for index in range(0, len(codes), 160):
            await until(start_s + index / LINE_HZ)
            self.send(codes[index : index + 160].ljust(160, b"\xd5"))

    async def press(self, key: str, packets: int = 5) -> None:
        """Send one key as RFC 4733 events: packets every 20 ms, then the end three times."""
        await self.met.wait()
        event = "0123456789*#ABCD".index(key)
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        stamp = (self.sequence + 1) * 160
        for index in range(packets):
            await until(start_s + index * 0.02)
            body = struct.pack(">BBH", event, 10, 160 * (index + 1))
            self.send(body, kind=101, marker=index == 0, stamp=stamp)
        for _ in range(3):
            self.send(struct.pack(">BBH", event, 0x80 | 10, 160 * packets), kind=101, stamp=stamp)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until ``holds``, which says something of a process or a packet that nothing tells of."""
    async with asyncio.timeout(HANGS_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def measured(story: Callable[[], Coroutine[Any, Any, None]], times: int = 3) -> None:
    """Run ``story``, which judges delays or quality: what a busy machine spoils is measured again, twice at most."""
    for left in reversed(range(times)):
        try:
            asyncio.run(story())
        except AssertionError:
            if not left:
                raise
        else:
            return


async def until(when_s: float) -> None:
    """Wait until ``when_s`` of the loop's clock."""
    await asyncio.sleep(max(0.0, when_s - asyncio.get_running_loop().time()))


@contextlib.asynccontextmanager
async def rtp_peer() -> AsyncIterator[RtpPeer]:
    """An open sound socket."""
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(RtpPeer, local_addr=(HOST, 0))
    try:
        yield peer
    finally:
        transport.close()


@dataclass
class SippRun:
    """How a sipp process ended."""

    status: int
    output: str


class Cue:
    """Where a scenario tells how far it has come (``scenarios.told``) and waits (``scenarios.awaited``)."""

    def __init__(self, port: int | None = None) -> None:
        self.port = free_port() if port is None else port
        self.path = Path(tempfile.gettempdir()) / f"voicebot-{os.getpid()}-{self.port}-{next(_cues)}"

    async def reached(self) -> None:
        """Wait until the scenario has come to where it tells so."""
        await eventually(self.path.exists)

    async def give(self) -> None:
        """Let the scenario go on, once it waits for that."""
        await self.reached()
        message = _CUE.format(host=HOST, port=self.port, call_id=self.path.read_text(encoding="utf-8"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(message.replace("\n", "\r\n").encode(), (HOST, self.port))


_cues = itertools.count()
_CUE = """MESSAGE sip:peer@{host}:{port} SIP/2.0
Via: SIP/2.0/UDP {host}:9;branch=z9hG4bK-cue
From: <sip:test@{host}>;tag=cue
To: <sip:peer@{host}>
Call-ID: {call_id}
CSeq: 900 MESSAGE
Content-Length: 0

"""


async def sipp(
    scenario: str,
    settings: SipSettings,
    *arguments: str,
    user: str = NUMBER,
    cue: Cue | None = None,
    timeout_s: float = HANGS_S,
) -> SippRun:
    """Play ``scenario`` once against the line; the status is 0 when everything it expected came.

    ``cue`` is that of the scenario, if it has one.
    """
    port = free_port() if cue is None else cue.port
    where = f"{HOST}:{settings.listen.port}"
    return await _run_sipp(scenario, where, "-s", user, "-p", str(port), *arguments, timeout_s=timeout_s)


async def sipp_answers(port: int, *steps: str) -> "asyncio.Task[SippRun]":
    """Have the scenario of ``steps`` played once for the first call that comes to ``port``; return when it may come."""
    answering = asyncio.create_task(_run_sipp(scenario(*steps), "-p", str(port)))
    await eventually(lambda: answering.done() or _listened_to(port))
    return answering


def _listened_to(port: int) -> bool:
    return f":{port:04X} " in Path("/proc/net/udp").read_text(encoding="ascii")


async def answers(settings: SipSettings) -> None:
    """Wait until OPTIONS is answered."""
    async with asyncio.timeout(HANGS_S):
        while (await sipp(scenario(options()), settings, timeout_s=2.0)).status != 0:
            pass


async def a_normal_call_is_answered(
    settings: SipSettings, opening: Callable[[int], str] = answered, ending: str = bye()
) -> None:
    """Call, hang up once the other side's sound is there; all must go as the scenario expects."""
    cue = Cue()
    async with rtp_peer() as peer:
        steps = scenario(opening(peer.port), awaited(cue.path), ending)
        caller = asyncio.create_task(sipp(steps, settings, cue=cue))
        await asyncio.wait((caller, asyncio.ensure_future(peer.met.wait())), return_when=asyncio.FIRST_COMPLETED)
        if not caller.done():
            await cue.give()
        run = await caller
        assert run.status == 0, run.output
        assert peer.received


async def _run_sipp(scenario: str, *arguments: str, timeout_s: float = HANGS_S) -> SippRun:
    limits = ("-timeout", f"{timeout_s:.0f}s", "-timeout_error", "-recv_timeout", f"{timeout_s * 1000:.0f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.xml"
        path.write_text(scenario, encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *("sipp", *arguments, "-sf", str(path), "-m", "1", "-i", HOST),
            *("-nostdin", *limits, "-trace_err", "-error_file", str(Path(folder) / "errors")),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, errors = await asyncio.wait_for(process.communicate(), timeout_s + 30)
        except BaseException:
            process.kill()
            await process.wait()
            raise
        noted = Path(folder) / "errors"
        text = errors.decode() + (noted.read_text(errors="replace") if noted.exists() else "")
        assert process.returncode is not None
        return SippRun(process.returncode, text)


async def ticks(leg: BaresipLeg | PyvoipLeg, count: int, play: Callable[[int], Pcm] | None = None) -> tuple[Pcm, str]:
    """Live ``count`` frames of a call; return what was heard and the keys pressed. Ends early with the call."""
    heard, keys = [silence(0)], ""
    quiet = silence(160)
    for index in range(count):
        tick = await leg.tick()
        if tick is None:
            break
        leg.play(play(index) if play is not None else quiet)
        heard.append(tick.pcm)
        keys += tick.keys
    return np.concatenate(heard), keys


@dataclass
class Called:
    """A call of sipp to a line of ours: our leg, the sound of the caller, and what becomes of their scenario.

    Once answered it goes on ticking whatever happens, and plays ``music`` from frame ``played`` on.
    """

    line: BaresipLine | PyvoipLine
    leg: BaresipLeg | PyvoipLeg
    peer: RtpPeer
    caller: "asyncio.Task[SippRun]"
    music: Pcm = field(default_factory=lambda: silence(0))
    played: int = 0
    heard: list[bytes] = field(default_factory=list)
    keys: str = ""

    async def live(self) -> None:
        """Tick until the end."""
        while (tick := await self.leg.tick()) is not None:
            self.leg.play(frame_of(self.music, self.played))
            self.played += 1
            self.heard += alaw_frames(tick.pcm)
            self.keys += tick.keys

    async def say(self, pcm: Pcm) -> None:
        """Play ``pcm``, and wait until as many sounding frames have reached the caller, or the call has ended."""
        self.music, self.played = pcm, 0
        before, more = len(sounding_frames(self.peer.codes)), len(sounding_frames(alaw_frames(pcm)))
        await eventually(lambda: self.leg.over or len(sounding_frames(self.peer.codes)) >= before + more)

    async def ticked(self, frames: int) -> None:
        """Wait until ``frames`` more have been lived, or the call has ended."""
        last = self.played + frames
        await eventually(lambda: self.leg.over or self.played >= last)

    async def finished(self) -> None:
        """Wait until the caller has hung up and the line has seen it."""
        await self.leg.wait_closed()
        await eventually(lambda: self.line.live == 0)


PATIENT = MediaSettings(jitter_ms=(200, 600))
"""Deep enough for a busy machine: what comes late is not dropped."""


@contextlib.asynccontextmanager
async def called(
    settings: SipSettings,
    *steps: str,
    opening: Callable[[int], str] = answered,
    cue: Cue | None = None,
    user: str = NUMBER,
    answer: bool = True,
) -> AsyncIterator[Called]:
    """Be called on a line of our own, answer, and live the call.

    At the end we hang up if nobody has, and the scenario must have had all it expects. ``opening`` gives its beginning,
    for the port of the caller's sound; ``steps`` are what follows.
    """
    async with running_line(settings) as line, rtp_peer() as peer:
        caller = asyncio.create_task(sipp(scenario(opening(peer.port), *steps), settings, user=user, cue=cue))
        leg = await next_call(line)
        call = Called(line, leg, peer, caller)
        living: list[asyncio.Task[None]] = []
        try:
            if answer:
                await leg.answer()
                living.append(asyncio.create_task(call.live()))
            yield call
            await leg.hang_up()
            run = await caller
            assert run.status == 0, run.output
        finally:
            caller.cancel()
            await leg.hang_up()
            await asyncio.gather(caller, *living, return_exceptions=True)


def frame_of(pcm: Pcm, index: int) -> Pcm:
    """Frame ``index`` of ``pcm``, silence beyond its end."""
    part = pcm[index * 160 : (index + 1) * 160]
    return part if part.size == 160 else silence(160)


def sounding_frames(codes: Sequence[bytes]) -> list[bytes]:
    """A-law frames without those of silence, which a stall of the machine may put in between."""
    return [frame for frame in codes if frame.strip(b"\xd5\x55")]


def alaw_frames(pcm: Pcm) -> list[bytes]:
    """The A-law frames that ``pcm`` becomes on the wire."""
    codes = alaw_encode(pcm)
    return [codes[at : at + 160] for at in range(0, len(codes), 160)]


def speechlike(seconds: float, seed: int = 1) -> Pcm:
    """Sound with the bandwidth and the ups and downs of speech, never twice the same."""
    dice = np.random.default_rng(seed)
    noise = dice.standard_normal(int(seconds * LINE_HZ))
    smooth = np.convolve(noise, np.hanning(9), mode="same")
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * np.arange(noise.size) / LINE_HZ)
    return np.clip(smooth * swell * 2500, -32000, 32000).astype(np.int16)
