"""What every engine must do, on real calls: sipp signals, a socket of the test speaks and listens.

Each test names a capability. What ``pyvoip`` cannot do is refused by its settings, and said in docs/telephony.md.
"""

import asyncio
from difflib import SequenceMatcher
from typing import cast

import numpy as np
import pytest

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HOST,
    NUMBER,
    alaw_frames,
    line_settings,
    next_call,
    rtp_peer,
    running_line,
    sipp,
    sounding_frames,
    speechlike,
    ticks,
)
from voicebot.audio.frames import Pcm, silence
from voicebot.telephony.base import CallEnded
from voicebot.telephony.settings import EngineName


@pytest.fixture(params=["baresip", "pyvoip"])
def engine(request: pytest.FixtureRequest) -> EngineName:
    return cast(EngineName, request.param)


def frame_of(pcm: Pcm, index: int) -> Pcm:
    part = pcm[index * 160 : (index + 1) * 160]
    return part if part.size == 160 else silence(160)


def test_the_peer_hears_what_is_played_and_is_heard_frame_for_frame(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line, rtp_peer() as peer:
            caller = asyncio.create_task(sipp(sc.scenario(sc.answered(peer.port), sc.pause(3600), sc.bye()), settings))
            leg = await next_call(line)
            assert leg.info.caller == "+33612345678"
            assert leg.info.called == NUMBER
            await leg.answer()
            said, question = speechlike(3.0, seed=1), speechlike(2.0, seed=2)

            async def speak() -> None:
                await peer.speak(question)

            speaking = asyncio.create_task(speak())
            heard, _keys = await ticks(leg, 200, lambda index: frame_of(said, index))
            await speaking
            assert (await caller).status == 0
            # bit for bit, no frame missing nor doubled
            assert sounding_frames(peer.codes) == alaw_frames(said)
            asked, got = alaw_frames(question), sounding_frames(alaw_frames(heard))
            assert SequenceMatcher(None, asked, got, autojunk=False).ratio() >= 0.97
            assert await leg.tick() is None

    asyncio.run(call())


def test_keys_by_rfc_4733_and_by_info_are_each_told_once(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line, rtp_peer() as peer:
            steps = (sc.answered(peer.port), sc.pause(1300), sc.info_key("7", 2), sc.info_key("#", 3), sc.pause(400))
            caller = asyncio.create_task(sipp(sc.scenario(*steps, sc.bye()), settings))
            leg = await next_call(line)
            await leg.answer()

            async def press() -> None:
                for key in "11*":
                    await peer.press(key)
                    await peer.speak(silence(800))

            pressing = asyncio.create_task(press())
            _heard, keys = await ticks(leg, 250)
            await pressing
            assert (await caller).status == 0
            assert keys == "11*7#"

    asyncio.run(call())


def test_keys_come_from_the_sound_when_the_peer_has_no_events(engine: EngineName) -> None:
    from voicebot.audio.dtmf import tone

    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line, rtp_peer() as peer:
            steps = (sc.answered(peer.port, events=False), sc.pause(1500), sc.bye())
            caller = asyncio.create_task(sipp(sc.scenario(*steps), settings))
            leg = await next_call(line)
            await leg.answer()

            async def press() -> None:
                sounds = [part for key in "42" for part in (tone(key, 100, 8000), silence(800))]
                await peer.speak(np.concatenate((silence(800), *sounds)))

            pressing = asyncio.create_task(press())
            _heard, keys = await ticks(leg, 200)
            await pressing
            assert (await caller).status == 0
            assert keys == "42"

    asyncio.run(call())


def test_a_call_given_up_before_the_answer_ends_without_being_answered(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line:
            steps = (sc.invite(40000), sc.recv(100, optional=True), sc.recv(180), sc.pause(100), sc.cancel())
            caller = asyncio.create_task(sipp(sc.scenario(*steps), settings))
            leg = await next_call(line)
            assert (await caller).status == 0
            await asyncio.wait_for(leg.wait_closed(), 2)
            with pytest.raises(CallEnded):
                await leg.answer()
            assert await leg.tick() is None
            assert line.live == 0

    asyncio.run(call())


def test_an_invite_that_comes_again_is_the_same_call(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line, rtp_peer() as peer:
            steps = (sc.answered_though_asked_again(peer.port), sc.pause(300), sc.bye())
            caller = asyncio.create_task(sipp(sc.scenario(*steps), settings))
            leg = await next_call(line)
            await asyncio.sleep(0.1)  # both have come
            assert line.live == 1
            await leg.answer()
            await ticks(leg, 100)
            assert (await caller).status == 0
            assert leg.over
            assert line.live == 0
            with pytest.raises(TimeoutError):
                await next_call(line, within_s=0.1)

    asyncio.run(call())


def test_hanging_up_sends_bye_once_however_often_it_is_asked(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line, rtp_peer() as peer:
            steps = (sc.answered(peer.port), sc.wait_for("BYE"), sc.reply_200(), sc.pause(300))
            caller = asyncio.create_task(sipp(sc.scenario(*steps), settings))
            leg = await next_call(line)
            await leg.answer()
            await ticks(leg, 10)
            await asyncio.gather(leg.hang_up(), leg.hang_up())
            await leg.hang_up()
            assert leg.over
            assert await leg.tick() is None
            leg.play(silence(160))
            assert (await caller).status == 0
            assert leg.stats().packets_received >= 0

    asyncio.run(call())


def test_a_call_survives_being_put_on_hold_and_resumed(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line, rtp_peer() as peer:
            port = peer.port
            steps = (
                *(sc.answered(port), sc.pause(300), sc.reinvite(port, "sendonly", 2), sc.pause(400)),
                *(sc.reinvite(port, "sendrecv", 3), sc.pause(1500), sc.bye()),
            )
            caller = asyncio.create_task(sipp(sc.scenario(*steps), settings))
            leg = await next_call(line)
            await leg.answer()
            said = speechlike(0.6, seed=5)
            start_s = asyncio.get_running_loop().time()
            await ticks(leg, 60)
            lived_s = asyncio.get_running_loop().time() - start_s
            assert lived_s >= 1.15
            peer.received.clear()
            await ticks(leg, 50, lambda index: frame_of(said, index))
            assert sounding_frames(peer.codes) == alaw_frames(said)
            await ticks(leg, 200)
            assert (await caller).status == 0

    asyncio.run(call())


def test_the_line_says_that_it_is_alive(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings):
            assert (await sipp(sc.scenario(sc.options()), settings)).status == 0

    asyncio.run(call())


def test_a_number_that_is_not_ours_does_not_exist(engine: EngineName) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line:
            steps = (sc.invite(40000), sc.recv(404))
            assert (await sipp(sc.scenario(*steps), settings, user="0999999999")).status == 0
            assert line.live == 0

    asyncio.run(call())


@pytest.mark.parametrize("written", [NUMBER, "0231000000", "33231000000", "0033231000000"])
def test_a_french_number_is_ours_however_the_trunk_writes_it(engine: EngineName, written: str) -> None:
    async def call() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line:
            steps = (sc.invite(40000), sc.recv(100, optional=True), sc.recv(180), sc.pause(50), sc.cancel())
            caller = asyncio.create_task(sipp(sc.scenario(*steps), settings, user=written))
            leg = await next_call(line)
            assert leg.info.called == NUMBER
            assert (await caller).status == 0

    asyncio.run(call())


def test_a_taken_port_is_told_with_what_to_do(engine: EngineName) -> None:
    import socket

    from voicebot.telephony.base import TelephonyError

    async def start() -> None:
        settings = line_settings(engine=engine)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((HOST, settings.listen.port))
            with pytest.raises(TelephonyError, match="free the port"):
                async with running_line(settings):
                    pass

    asyncio.run(start())
