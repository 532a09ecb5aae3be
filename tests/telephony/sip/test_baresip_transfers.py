"""Handing real calls over: the caller and the adviser are sipp, their voices sockets of the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

import pytest

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HOST,
    RtpPeer,
    SippRun,
    alaw_frames,
    free_port,
    line_settings,
    next_call,
    rtp_peer,
    running_line,
    sipp,
    sipp_answers,
    sounding_frames,
    speechlike,
)
from voicebot.audio.frames import silence
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.base import TransferMode, TransferOrder, TransferResult


@dataclass
class Scene:
    """A caller on the line, answered, who goes on ticking whatever happens."""

    leg: BaresipLeg
    voice: RtpPeer
    caller: "asyncio.Task[SippRun]"
    living: "asyncio.Task[None]"


async def live(leg: BaresipLeg) -> None:
    quiet = silence(160)
    while await leg.tick() is not None:
        leg.play(quiet)


@contextlib.asynccontextmanager
async def scene(*steps: str, extra: str = "") -> AsyncIterator[Scene]:
    settings = line_settings()
    async with running_line(settings) as line, rtp_peer() as voice:
        caller = asyncio.create_task(sipp(sc.scenario(sc.answered(voice.port, extra=extra), *steps), settings))
        leg = await next_call(line)
        assert isinstance(leg, BaresipLeg)
        await leg.answer()
        living = asyncio.create_task(live(leg))
        yield Scene(leg, voice, caller, living)
        await leg.hang_up()
        await living
        await caller


def play(story: Callable[[], "asyncio.Future[None] | object"]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]


def test_a_blind_transfer_that_succeeds_ends_our_call_and_carries_what_the_adviser_must_know() -> None:
    async def story() -> None:
        refer = sc.wait_for_header("REFER", "Refer-To", "User-to-User=6869%3Bencoding%3Dhex")
        async with scene(sc.refer_accepted("200 OK", wait=refer), sc.hung_up()) as call:
            order = TransferOrder("sip:adviser@127.0.0.1:9", headers={"User-to-User": "6869;encoding=hex"})
            assert await call.leg.transfer(order) is TransferResult.ANSWERED
            assert (await call.caller).status == 0
            assert call.leg.over

    play(story)


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        ("486 Busy Here", TransferResult.BUSY),
        ("480 Temporarily Unavailable", TransferResult.NO_ANSWER),
        ("603 Decline", TransferResult.REJECTED),
        ("500 Server Internal Error", TransferResult.FAILED),
    ],
)
def test_a_blind_transfer_that_fails_leaves_the_caller_with_us(outcome: str, result: TransferResult) -> None:
    async def story() -> None:
        async with scene(sc.refer_accepted(outcome), sc.hung_up()) as call:
            assert await call.leg.transfer(TransferOrder("sip:adviser@127.0.0.1:9")) is result
            assert not call.leg.over
            await call.leg.hang_up()
            assert (await call.caller).status == 0

    play(story)


def test_a_peer_that_refuses_to_be_transferred_leaves_the_caller_with_us() -> None:
    async def story() -> None:
        async with scene(sc.refer_refused("405 Method Not Allowed"), sc.hung_up()) as call:
            assert await call.leg.transfer(TransferOrder("sip:adviser@127.0.0.1:9")) is TransferResult.FAILED
            assert not call.leg.over

    play(story)


def test_a_blind_transfer_nobody_answers_is_given_up_after_its_ring_time() -> None:
    async def story() -> None:
        accepted = sc.wait_for("REFER") + sc.reply_200().replace("200 OK", "202 Accepted")
        steps = (accepted, sc.notify("100 Trying", 20, "active;expires=60"), sc.hung_up())
        async with scene(*steps) as call:
            order = TransferOrder("sip:adviser@127.0.0.1:9", ring_s=0.6)
            assert await call.leg.transfer(order) is TransferResult.NO_ANSWER
            assert not call.leg.over

    play(story)


def test_an_attended_transfer_calls_the_adviser_first_then_joins_both() -> None:
    async def story() -> None:
        port = free_port()
        replaces = sc.wait_for_header("REFER", "Refer-To", "Replaces=")
        held = sc.wait_for("INVITE") + sc.accept_hold() + sc.wait_for("ACK")
        steps = (held, sc.refer_accepted("200 OK", wait=replaces), sc.hung_up())
        async with rtp_peer() as desk, scene(*steps, extra="Supported: replaces\n") as call:
            told = sc.wait_for_header("INVITE", "User-to-User", "6869;encoding=hex")
            parts = (told, sc.adviser_answers(desk.port), held, sc.hung_up())
            adviser = asyncio.create_task(sipp_answers(sc.scenario(*parts), port))
            await asyncio.sleep(0.3)
            whisper = speechlike(0.5, seed=3)
            order = TransferOrder(
                f"sip:adviser@{HOST}:{port}",
                TransferMode.ATTENDED,
                headers={"User-to-User": "6869;encoding=hex"},
                whisper=whisper,
            )
            assert await call.leg.transfer(order) is TransferResult.ANSWERED
            assert call.leg.over
            assert (await call.caller).status == 0
            assert (await adviser).status == 0
            told_frames, words = sounding_frames(desk.codes), alaw_frames(whisper)
            assert SequenceMatcher(None, told_frames, words, autojunk=False).ratio() >= 0.9
            assert told_frames[-1] == words[-1]
            assert sounding_frames(call.voice.codes) == []

    play(story)


@pytest.mark.parametrize("mode", [TransferMode.ATTENDED, TransferMode.BRIDGED])
@pytest.mark.parametrize(
    ("status", "result"), [("486 Busy Here", TransferResult.BUSY), ("603 Decline", TransferResult.REJECTED)]
)
def test_an_adviser_who_cannot_take_the_call_leaves_the_caller_with_us(
    mode: TransferMode, status: str, result: TransferResult
) -> None:
    async def story() -> None:
        port = free_port()
        async with scene(sc.hung_up()) as call:
            adviser = asyncio.create_task(sipp_answers(sc.scenario(sc.adviser_refuses(status)), port))
            await asyncio.sleep(0.3)
            assert await call.leg.transfer(TransferOrder(f"sip:adviser@{HOST}:{port}", mode)) is result
            assert (await adviser).status == 0
            assert not call.leg.over

    play(story)


def test_an_adviser_who_does_not_answer_stops_ringing_after_the_ring_time() -> None:
    async def story() -> None:
        port = free_port()
        async with scene(sc.hung_up()) as call:
            adviser = asyncio.create_task(sipp_answers(sc.scenario(sc.adviser_lets_ring()), port))
            await asyncio.sleep(0.3)
            order = TransferOrder(f"sip:adviser@{HOST}:{port}", TransferMode.BRIDGED, ring_s=0.5)
            assert await call.leg.transfer(order) is TransferResult.NO_ANSWER
            assert (await adviser).status == 0
            assert not call.leg.over

    play(story)


def test_a_caller_who_leaves_while_the_adviser_rings_stops_the_ringing() -> None:
    async def story() -> None:
        port = free_port()
        async with scene(sc.pause(700), sc.bye()) as call:
            adviser = asyncio.create_task(sipp_answers(sc.scenario(sc.adviser_lets_ring()), port))
            await asyncio.sleep(0.3)
            order = TransferOrder(f"sip:adviser@{HOST}:{port}", TransferMode.BRIDGED, ring_s=20)
            assert await call.leg.transfer(order) is TransferResult.FAILED
            assert (await adviser).status == 0

    play(story)


def test_a_bridge_carries_both_voices_and_an_early_hang_up_brings_the_caller_back() -> None:
    async def story() -> None:
        port = free_port()
        async with rtp_peer() as desk, scene(sc.hung_up()) as call:
            parts = sc.adviser_picks_up_then_leaves(desk.port, 1800)
            adviser = asyncio.create_task(sipp_answers(sc.scenario(parts), port))
            await asyncio.sleep(0.3)
            order = TransferOrder(f"sip:adviser@{HOST}:{port}", TransferMode.BRIDGED)
            handing = asyncio.create_task(call.leg.transfer(order))
            await asyncio.wait_for(desk.met.wait(), 3)
            question, answer = speechlike(1.0, seed=6), speechlike(1.0, seed=7)
            await asyncio.gather(call.voice.speak(question), desk.speak(answer))
            assert await handing is TransferResult.FAILED
            assert not call.leg.over
            assert (await adviser).status == 0
            heard, answered = sounding_frames(desk.codes), sounding_frames(call.voice.codes)
            assert len(set(heard) & set(alaw_frames(question))) >= 40
            assert len(set(answered) & set(alaw_frames(answer))) >= 40

    play(story)


def test_the_other_side_cannot_make_us_dial() -> None:
    async def story() -> None:
        refused = sc.ask_to_transfer("sip:expensive@127.0.0.1:9")
        async with scene(refused, sc.pause(200), sc.bye()) as call:
            assert (await call.caller).status == 0

    play(story)
