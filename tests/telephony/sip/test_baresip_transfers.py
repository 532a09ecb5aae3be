"""Handing real calls over: the caller and the adviser are sipp, their voices sockets of the test."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HOST,
    PATIENT,
    Cue,
    RtpPeer,
    alaw_frames,
    called,
    eventually,
    free_port,
    line_settings,
    rtp_peer,
    sipp_answers,
    sounding_frames,
    speechlike,
)
from voicebot.audio.frames import silence
from voicebot.telephony.base import TransferMode, TransferOrder, TransferResult


def replacing(port: int) -> str:
    """A caller whose telephone can be spliced to another."""
    return sc.answered(port, extra="Supported: replaces\n")


def play(story: Callable[[], "asyncio.Future[None] | object"]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]


def test_a_blind_transfer_that_succeeds_ends_our_call_and_carries_what_the_adviser_must_know() -> None:
    async def story() -> None:
        refer = sc.wait_for_header("REFER", "Refer-To", "User-to-User=6869%3Bencoding%3Dhex")
        async with called(line_settings(), sc.refer_accepted("200 OK", wait=refer), sc.hung_up()) as call:
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
        async with called(line_settings(), sc.refer_accepted(outcome), sc.hung_up()) as call:
            assert await call.leg.transfer(TransferOrder("sip:adviser@127.0.0.1:9")) is result
            assert not call.leg.over
            await call.leg.hang_up()
            assert (await call.caller).status == 0

    play(story)


def test_a_peer_that_refuses_to_be_transferred_leaves_the_caller_with_us() -> None:
    async def story() -> None:
        async with called(line_settings(), sc.refer_refused("405 Method Not Allowed"), sc.hung_up()) as call:
            assert await call.leg.transfer(TransferOrder("sip:adviser@127.0.0.1:9")) is TransferResult.FAILED
            assert not call.leg.over

    play(story)


def test_a_blind_transfer_nobody_answers_is_given_up_after_its_ring_time() -> None:
    async def story() -> None:
        accepted = sc.wait_for("REFER") + sc.reply_200().replace("200 OK", "202 Accepted")
        steps = (accepted, sc.notify("100 Trying", 20, "active;expires=60"), sc.hung_up())
        async with called(line_settings(), *steps) as call:
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
        async with rtp_peer() as desk, called(line_settings(), *steps, opening=replacing) as call:
            told = sc.wait_for_header("INVITE", "User-to-User", "6869;encoding=hex")
            parts = (told, sc.adviser_answers(desk.port), held, sc.hung_up())
            adviser = await sipp_answers(port, *parts)
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
            assert sounding_frames(desk.codes) == alaw_frames(whisper)
            assert sounding_frames(call.peer.codes) == []

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
        async with called(line_settings(), sc.hung_up()) as call:
            adviser = await sipp_answers(port, sc.adviser_refuses(status))
            assert await call.leg.transfer(TransferOrder(f"sip:adviser@{HOST}:{port}", mode)) is result
            assert (await adviser).status == 0
            assert not call.leg.over

    play(story)


def test_while_the_adviser_rings_the_caller_hears_music_and_is_heard() -> None:
    async def story() -> None:
        port = free_port()
        picked_up: list[bool] = []
        async with called(line_settings(media=PATIENT), sc.hung_up()) as call:
            adviser = await sipp_answers(port, sc.adviser_lets_ring())
            order = TransferOrder(
                f"sip:adviser@{HOST}:{port}",
                TransferMode.ATTENDED,
                ring_s=1.5,
                on_answer=lambda: picked_up.append(True),
            )
            handing = asyncio.create_task(call.leg.transfer(order))
            music, question = speechlike(1.0, seed=11), speechlike(0.8, seed=12)
            spoken = np.concatenate((question, silence(40 * 160)))
            await asyncio.gather(call.say(music), call.peer.speak(spoken), call.peer.press("5"))
            assert await handing is TransferResult.NO_ANSWER
            assert (await adviser).status == 0
            assert sounding_frames(call.peer.codes) == alaw_frames(music)
            assert set(alaw_frames(question)) <= set(call.heard)
            assert call.keys == "5"
            assert picked_up == []

    play(story)


def test_the_first_adviser_to_answer_takes_the_call_and_the_others_stop_ringing() -> None:
    async def story() -> None:
        cue, ports = Cue(), [free_port(), free_port(), free_port()]
        async with rtp_peer() as desk, called(line_settings(), sc.awaited(cue.path), sc.bye(), cue=cue) as call:
            absent = await sipp_answers(ports[0], sc.adviser_lets_ring())
            busy = await sipp_answers(ports[1], sc.adviser_refuses("486 Busy Here"))
            answers = sc.wait_for("INVITE") + sc.adviser_answers(desk.port)
            present = await sipp_answers(ports[2], answers, sc.hung_up())
            first, *others = (f"sip:adviser@{HOST}:{port}" for port in ports)
            picked_up = asyncio.Event()
            order = TransferOrder(first, TransferMode.BRIDGED, also=tuple(others), on_answer=picked_up.set)
            handing = asyncio.create_task(call.leg.transfer(order))
            await picked_up.wait()
            assert (await absent).status == 0
            assert (await busy).status == 0
            await cue.give()
            await handing
            assert (await present).status == 0

    play(story)


def test_when_several_advisers_fail_the_most_hopeful_reason_is_told() -> None:
    async def story() -> None:
        ports = [free_port(), free_port()]
        async with called(line_settings(), sc.hung_up()) as call:
            advisers = [
                await sipp_answers(port, sc.adviser_refuses(status))
                for status, port in zip(("603 Decline", "486 Busy Here"), ports, strict=True)
            ]
            first, other = (f"sip:adviser@{HOST}:{port}" for port in ports)
            order = TransferOrder(first, TransferMode.ATTENDED, also=(other,))
            assert await call.leg.transfer(order) is TransferResult.BUSY
            assert [(await adviser).status for adviser in advisers] == [0, 0]

    play(story)


def test_a_transfer_given_up_stops_the_ringing_and_keeps_the_caller() -> None:
    async def story() -> None:
        rung = Cue()
        async with called(line_settings(), sc.hung_up()) as call:
            adviser = await sipp_answers(rung.port, sc.adviser_lets_ring(rung.path))
            order = TransferOrder(f"sip:adviser@{HOST}:{rung.port}", TransferMode.BRIDGED, ring_s=60)
            handing = asyncio.create_task(call.leg.transfer(order))
            await rung.reached()
            handing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await handing
            assert (await adviser).status == 0
            assert not call.leg.over

    play(story)


def test_an_adviser_who_does_not_answer_stops_ringing_after_the_ring_time() -> None:
    async def story() -> None:
        port = free_port()
        async with called(line_settings(), sc.hung_up()) as call:
            adviser = await sipp_answers(port, sc.adviser_lets_ring())
            order = TransferOrder(f"sip:adviser@{HOST}:{port}", TransferMode.BRIDGED, ring_s=0.5)
            assert await call.leg.transfer(order) is TransferResult.NO_ANSWER
            assert (await adviser).status == 0
            assert not call.leg.over

    play(story)


def test_a_caller_who_leaves_while_the_adviser_rings_stops_the_ringing() -> None:
    async def story() -> None:
        rung, leaves = Cue(), Cue()
        async with called(line_settings(), sc.awaited(leaves.path), sc.bye(), cue=leaves) as call:
            adviser = await sipp_answers(rung.port, sc.adviser_lets_ring(rung.path))
            order = TransferOrder(f"sip:adviser@{HOST}:{rung.port}", TransferMode.BRIDGED, ring_s=60)
            handing = asyncio.create_task(call.leg.transfer(order))
            await rung.reached()
            await leaves.give()
            assert await handing is TransferResult.FAILED
            assert (await adviser).status == 0

    play(story)


HELLO = b"\x2a" * 160


async def hello(one: RtpPeer, other: RtpPeer) -> None:
    """Have ``one`` say hello until the ``other`` hears it: they are connected a moment after the adviser picks up."""
    await one.met.wait()
    while HELLO not in other.codes:
        one.send(HELLO)
        await asyncio.sleep(0.02)


def words(peer: RtpPeer) -> list[bytes]:
    """Return what was heard after the hellos."""
    return [frame for frame in sounding_frames(peer.codes) if frame != HELLO]


def test_a_bridge_carries_both_voices_and_an_early_hang_up_brings_the_caller_back() -> None:
    async def story() -> None:
        cue, end = Cue(), silence(40 * 160)
        async with rtp_peer() as desk, called(line_settings(media=PATIENT), sc.hung_up()) as call:
            adviser = await sipp_answers(cue.port, sc.adviser_picks_up_then_leaves(desk.port, cue.path))
            order = TransferOrder(f"sip:adviser@{HOST}:{cue.port}", TransferMode.BRIDGED)
            handing = asyncio.create_task(call.leg.transfer(order))
            await asyncio.gather(hello(call.peer, desk), hello(desk, call.peer))
            question, answer = speechlike(1.0, seed=6), speechlike(1.0, seed=7)
            await asyncio.gather(
                call.peer.speak(np.concatenate((question, end))), desk.speak(np.concatenate((answer, end)))
            )
            await eventually(lambda: len(words(desk)) >= 50 and len(words(call.peer)) >= 50)
            await cue.give()
            assert await handing is TransferResult.FAILED
            assert not call.leg.over
            assert (await adviser).status == 0
            assert words(desk) == alaw_frames(question)
            assert words(call.peer) == alaw_frames(answer)

    play(story)


def test_the_other_side_cannot_make_us_dial() -> None:
    async def story() -> None:
        refused = sc.ask_to_transfer("sip:expensive@127.0.0.1:9")
        async with called(line_settings(), refused, sc.pause(200), sc.bye()) as call:
            await call.finished()

    play(story)
