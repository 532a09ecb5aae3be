"""Handing real calls over: the caller and the adviser are sipp, their voices sockets of the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np
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
from voicebot.audio.frames import Pcm, silence
from voicebot.telephony.baresip_leg import BaresipLeg
from voicebot.telephony.base import TransferMode, TransferOrder, TransferResult
from voicebot.telephony.settings import MediaSettings


@dataclass
class Scene:
    """A caller on the line, answered, who goes on ticking whatever happens; ``music`` is played from ``played`` on."""

    leg: BaresipLeg
    voice: RtpPeer
    caller: "asyncio.Task[SippRun]"
    music: Pcm = field(default_factory=lambda: silence(0))
    played: int = 0
    heard: list[bytes] = field(default_factory=list)
    keys: str = ""

    async def live(self) -> None:
        """Tick until the end."""
        quiet = silence(160)
        while (tick := await self.leg.tick()) is not None:
            frame = self.music[self.played * 160 : (self.played + 1) * 160]
            self.leg.play(frame if frame.size == 160 else quiet)
            self.played += 1
            self.heard += alaw_frames(tick.pcm)
            self.keys += tick.keys


PATIENT = MediaSettings(jitter_ms=(200, 600))
"""Deep enough for a busy machine: what comes late is not dropped."""


@contextlib.asynccontextmanager
async def scene(*steps: str, extra: str = "", media: MediaSettings | None = None) -> AsyncIterator[Scene]:
    settings = line_settings(media=media)
    async with running_line(settings) as line, rtp_peer() as voice:
        caller = asyncio.create_task(sipp(sc.scenario(sc.answered(voice.port, extra=extra), *steps), settings))
        leg = await next_call(line)
        assert isinstance(leg, BaresipLeg)
        await leg.answer()
        told = Scene(leg, voice, caller)
        living = asyncio.create_task(told.live())
        yield told
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
            assert sounding_frames(desk.codes) == alaw_frames(whisper)
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


def test_while_the_adviser_rings_the_caller_hears_music_and_is_heard() -> None:
    async def story() -> None:
        port = free_port()
        picked_up: list[bool] = []
        async with scene(sc.hung_up(), media=PATIENT) as call:
            adviser = asyncio.create_task(sipp_answers(sc.scenario(sc.adviser_lets_ring()), port))
            await asyncio.sleep(0.3)
            order = TransferOrder(
                f"sip:adviser@{HOST}:{port}",
                TransferMode.ATTENDED,
                ring_s=1.5,
                on_answer=lambda: picked_up.append(True),
            )
            call.music, call.played = speechlike(1.0, seed=11), 0
            handing = asyncio.create_task(call.leg.transfer(order))
            question = speechlike(0.8, seed=12)
            await asyncio.gather(call.voice.speak(question), call.voice.press("5"))
            assert await handing is TransferResult.NO_ANSWER
            assert (await adviser).status == 0
            assert sounding_frames(call.voice.codes) == alaw_frames(call.music)
            assert set(alaw_frames(question)) <= set(call.heard)
            assert call.keys == "5"
            assert picked_up == []

    play(story)


def test_the_first_adviser_to_answer_takes_the_call_and_the_others_stop_ringing() -> None:
    async def story() -> None:
        ports = [free_port(), free_port(), free_port()]
        async with rtp_peer() as desk, scene(sc.pause(1500), sc.bye()) as call:
            absent, busy, present = (
                asyncio.create_task(sipp_answers(sc.scenario(parts), port))
                for parts, port in zip(
                    (
                        sc.adviser_lets_ring(),
                        sc.adviser_refuses("486 Busy Here"),
                        sc.wait_for("INVITE") + sc.adviser_answers(desk.port) + sc.hung_up(),
                    ),
                    ports,
                    strict=True,
                )
            )
            await asyncio.sleep(0.3)
            first, *others = (f"sip:adviser@{HOST}:{port}" for port in ports)
            picked_up = asyncio.Event()
            order = TransferOrder(first, TransferMode.BRIDGED, also=tuple(others), on_answer=picked_up.set)
            handing = asyncio.create_task(call.leg.transfer(order))
            await asyncio.wait_for(picked_up.wait(), 3)
            assert (await absent).status == 0
            assert (await busy).status == 0
            await handing
            assert (await present).status == 0

    play(story)


def test_when_several_advisers_fail_the_most_hopeful_reason_is_told() -> None:
    async def story() -> None:
        ports = [free_port(), free_port()]
        async with scene(sc.hung_up()) as call:
            advisers = [
                asyncio.create_task(sipp_answers(sc.scenario(sc.adviser_refuses(status)), port))
                for status, port in zip(("603 Decline", "486 Busy Here"), ports, strict=True)
            ]
            await asyncio.sleep(0.3)
            first, other = (f"sip:adviser@{HOST}:{port}" for port in ports)
            order = TransferOrder(first, TransferMode.ATTENDED, also=(other,))
            assert await call.leg.transfer(order) is TransferResult.BUSY
            assert [(await adviser).status for adviser in advisers] == [0, 0]

    play(story)


def test_a_transfer_given_up_stops_the_ringing_and_keeps_the_caller() -> None:
    async def story() -> None:
        port = free_port()
        async with scene(sc.hung_up()) as call:
            adviser = asyncio.create_task(sipp_answers(sc.scenario(sc.adviser_lets_ring()), port))
            await asyncio.sleep(0.3)
            order = TransferOrder(f"sip:adviser@{HOST}:{port}", TransferMode.BRIDGED, ring_s=20)
            handing = asyncio.create_task(call.leg.transfer(order))
            await asyncio.sleep(0.3)
            handing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await handing
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
        async with rtp_peer() as desk, scene(sc.hung_up(), media=PATIENT) as call:
            parts = sc.adviser_picks_up_then_leaves(desk.port, 3000)
            adviser = asyncio.create_task(sipp_answers(sc.scenario(parts), port))
            await asyncio.sleep(0.3)
            order = TransferOrder(f"sip:adviser@{HOST}:{port}", TransferMode.BRIDGED)
            handing = asyncio.create_task(call.leg.transfer(order))
            await asyncio.wait_for(desk.met.wait(), 3)
            question, answer = speechlike(1.0, seed=6), speechlike(1.0, seed=7)
            lead = silence(2400)  # both are connected a moment after the adviser's sound begins
            await asyncio.gather(
                call.voice.speak(np.concatenate((lead, question))), desk.speak(np.concatenate((lead, answer)))
            )
            assert await handing is TransferResult.FAILED
            assert not call.leg.over
            assert (await adviser).status == 0
            assert sounding_frames(desk.codes) == alaw_frames(question)
            assert sounding_frames(call.voice.codes) == alaw_frames(answer)

    play(story)


def test_the_other_side_cannot_make_us_dial() -> None:
    async def story() -> None:
        refused = sc.ask_to_transfer("sip:expensive@127.0.0.1:9")
        async with scene(refused, sc.pause(200), sc.bye()) as call:
            assert (await call.caller).status == 0

    play(story)
