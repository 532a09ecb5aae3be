"""The guard around the engine: limits, drain, and what happens when it has lost calls."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HANGS_S,
    HOST,
    NUMBER,
    Cue,
    a_normal_call_is_answered,
    answers,
    called,
    eventually,
    free_port,
    line_settings,
    next_call,
    rtp_peer,
    running_line,
    sipp,
)
from tests.telephony.sip.serve_line import WORN_OUT
from voicebot.telephony.baresip_line import BaresipLine
from voicebot.telephony.settings import AdmissionSettings, SipSettings

ROOT = Path(__file__).resolve().parents[3]

POISON = {
    "none": "",
    "malformed": "Contact: <sip:;;>;;\n",
    "route": "Contact: <sip:peer@127.0.0.1:9>\nRecord-Route: <sip:;;lr\n",
}
"""What makes the engine lose a call: no Contact, a malformed one, a Record-Route that leads nowhere."""

BAD_INVITE = """INVITE sip:{user}@{host}:{port} SIP/2.0
Via: SIP/2.0/UDP {host}:9;branch=z9hG4bK{index}
From: <sip:+33612345678@{host}>;tag={index}
To: <sip:{user}@{host}>
Call-ID: leak-{index}
CSeq: 1 INVITE
Max-Forwards: 70
{poison}Content-Type: application/sdp
Content-Length: {length}

"""
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"


def bad_invite(settings: SipSettings, index: int, poison: str = "none") -> bytes:
    """An INVITE that the engine cannot digest."""
    head = BAD_INVITE.format(
        user=NUMBER, host=HOST, port=settings.listen.port, index=index, length=len(OFFER), poison=POISON[poison]
    )
    return (head.replace("\n", "\r\n") + OFFER).encode()


def send_without_contact(settings: SipSettings, count: int, source: str = HOST, start: int = 0) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        for index in range(start, start + count):
            sock.sendto(bad_invite(settings, index), (HOST, settings.listen.port))


async def send_nine_hundred(settings: SipSettings, source: str = HOST) -> set[bytes]:
    """Send 300 INVITEs of each poison, 180 a second; return the first lines of what came back."""
    answers: set[bytes] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.setblocking(False)
        for index in range(900):
            message = bad_invite(settings, index, tuple(POISON)[index % 3])
            message = message.replace(
                f"{HOST}:9;branch".encode(), b"%s:%d;branch" % (source.encode(), sock.getsockname()[1])
            )
            sock.sendto(message, (HOST, settings.listen.port))
            if index % 9 == 8:
                await asyncio.sleep(0.05)
            with contextlib.suppress(BlockingIOError):
                while True:
                    answers.add(sock.recv(4000).split(b"\r\n")[0])
    return answers


@contextlib.asynccontextmanager
async def served(
    leak_limit: int, *more: str, settings: SipSettings | None = None
) -> AsyncIterator[tuple[SipSettings, asyncio.subprocess.Process]]:
    settings = settings or line_settings()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.telephony.sip.serve_line", str(settings.listen.port), str(leak_limit), *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), HANGS_S) == b"ready\n"
        yield settings, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def test_calls_the_engine_loses_are_counted_and_at_the_limit_the_process_asks_to_be_replaced() -> None:
    async def story() -> None:
        async with served(leak_limit=6) as (settings, process):
            send_without_contact(settings, 5)
            await a_normal_call_is_answered(settings)
            assert process.returncode is None
            send_without_contact(settings, 1, start=5)
            assert await asyncio.wait_for(process.wait(), HANGS_S) == WORN_OUT

    asyncio.run(story())


def test_after_nine_hundred_bad_invites_and_the_restarts_they_cost_a_normal_call_is_answered() -> None:
    async def story() -> None:
        restarts = 0
        settings = line_settings()

        async def keep_serving() -> None:
            """Start the line again each time it asks to be replaced, as systemd does."""
            nonlocal restarts
            while True:
                async with served(40, settings=settings) as (_, process):
                    assert await process.wait() == WORN_OUT
                restarts += 1

        supervisor = asyncio.create_task(keep_serving())
        try:
            await answers(settings)
            await send_nine_hundred(settings)
            await eventually(lambda: restarts >= 1)
            await answers(settings)
            await a_normal_call_is_answered(settings)
        finally:
            supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await supervisor

    asyncio.run(story())


def test_a_stop_lets_live_calls_finish_and_refuses_new_ones() -> None:
    async def story() -> None:
        async with served(leak_limit=6) as (settings, process), rtp_peer() as peer:
            cue = Cue()
            talk = sc.scenario(sc.answered(peer.port), sc.awaited(cue.path), sc.bye())
            live = asyncio.create_task(sipp(talk, settings, cue=cue))
            await cue.reached()
            process.send_signal(signal.SIGTERM)
            assert process.stdout is not None
            assert await asyncio.wait_for(process.stdout.readline(), HANGS_S) == b"draining\n"
            refused = sc.scenario(sc.invite(40000), sc.recv(100, optional=True), sc.refusal(486))
            assert (await sipp(refused, settings)).status == 0
            assert process.returncode is None
            await cue.give()
            assert (await live).status == 0
            assert await asyncio.wait_for(process.wait(), HANGS_S) == 0

    asyncio.run(story())


def test_the_call_beyond_capacity_is_busy_and_the_next_after_a_hang_up_is_not() -> None:
    async def story() -> None:
        settings = line_settings(admission=AdmissionSettings(capacity=1))
        cue = Cue()
        steps = (sc.awaited(cue.path), sc.cancel())
        async with called(settings, *steps, opening=sc.rings, cue=cue, answer=False) as call:
            refused = sc.scenario(sc.invite(40000), sc.recv(100, optional=True), sc.refusal(486))
            assert (await sipp(refused, settings)).status == 0
            await cue.give()
            await call.finished()
            cue = Cue()
            rings = sc.scenario(sc.rings(40000), sc.awaited(cue.path), sc.cancel())
            again = asyncio.create_task(sipp(rings, settings, cue=cue))
            await next_call(call.line)
            await cue.give()
            assert (await again).status == 0

    asyncio.run(story())


def test_a_source_that_is_not_allowed_gets_no_answer_and_costs_nothing() -> None:
    async def story() -> None:
        settings = line_settings(admission=AdmissionSettings(sources=("127.0.0.1/32",)))
        async with running_line(settings) as line:
            send_without_contact(settings, 20, source="127.0.0.9")
            assert (await sipp(sc.scenario(sc.options()), settings)).status == 0
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.9", 0))
                stranger.settimeout(0.3)
                stranger.sendto(b"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\n\r\n", (HOST, settings.listen.port))
                with pytest.raises(TimeoutError):
                    stranger.recv(2000)
            assert isinstance(line, BaresipLine)
            assert line.leaks == 0

    asyncio.run(story())


def test_a_line_that_has_lost_calls_still_stops() -> None:
    async def story() -> None:
        async with served(leak_limit=100) as (settings, process):
            send_without_contact(settings, 20)
            await asyncio.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), HANGS_S) == 0

    asyncio.run(story())


def test_ports_are_free_again_after_a_stop() -> None:
    async def story() -> None:
        settings = line_settings()
        for _ in range(3):
            async with running_line(settings):
                pass
        assert free_port()

    asyncio.run(story())
