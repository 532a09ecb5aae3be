"""What every engine must do, on real calls: sipp signals, a socket of the test speaks and listens.

Each test names a capability. What ``pyvoip`` cannot do is refused by its settings, and said in docs/telephony.md.
"""

import asyncio
import socket
from difflib import SequenceMatcher
from functools import partial
from typing import cast

import numpy as np
import pytest

from tests.telephony.sip import scenarios as sc
from tests.telephony.sip.peers import (
    HOST,
    NUMBER,
    PATIENT,
    Cue,
    alaw_frames,
    called,
    eventually,
    line_settings,
    next_call,
    running_line,
    sipp,
    sounding_frames,
    speechlike,
)
from voicebot.audio.dtmf import tone
from voicebot.audio.frames import silence
from voicebot.telephony.base import CallEnded, TelephonyError
from voicebot.telephony.settings import EngineName


@pytest.fixture(params=["baresip", "pyvoip"])
def engine(request: pytest.FixtureRequest) -> EngineName:
    return cast(EngineName, request.param)


def test_the_peer_hears_what_is_played_and_is_heard_frame_for_frame(engine: EngineName) -> None:
    async def story() -> None:
        async with called(line_settings(engine=engine, media=PATIENT), sc.hung_up()) as call:
            assert call.leg.info.caller == "+33612345678"
            assert call.leg.info.called == NUMBER
            said, question = speechlike(3.0, seed=1), speechlike(2.0, seed=2)
            await asyncio.gather(call.say(said), call.peer.speak(np.concatenate((question, silence(40 * 160)))))
            # bit for bit, no frame missing nor doubled
            assert sounding_frames(call.peer.codes) == alaw_frames(said)
            asked, got = alaw_frames(question), sounding_frames(call.heard)
            assert SequenceMatcher(None, asked, got, autojunk=False).ratio() >= 0.97
        assert await call.leg.tick() is None

    asyncio.run(story())


def test_keys_by_rfc_4733_and_by_info_are_each_told_once(engine: EngineName) -> None:
    async def story() -> None:
        cue = Cue()
        steps = (sc.awaited(cue.path), sc.info_key("7", 2), sc.info_key("#", 3), sc.hung_up())
        async with called(line_settings(engine=engine), *steps, cue=cue) as call:
            for key in "11*":
                await call.peer.press(key)
                await call.peer.speak(silence(800))
            await eventually(lambda: len(call.keys) == 3)
            await cue.give()
            await eventually(lambda: len(call.keys) == 5)
            await call.ticked(25)
            assert call.keys == "11*7#"

    asyncio.run(story())


def test_keys_come_from_the_sound_when_the_peer_has_no_events(engine: EngineName) -> None:
    async def story() -> None:
        settings = line_settings(engine=engine, media=PATIENT)
        async with called(settings, sc.hung_up(), opening=partial(sc.answered, events=False)) as call:
            sounds = [part for key in "42" for part in (tone(key, 100, 8000), silence(800))]
            await call.peer.speak(np.concatenate((silence(800), *sounds)))
            await eventually(lambda: len(call.keys) == 2)
            await call.ticked(25)
            assert call.keys == "42"

    asyncio.run(story())


def test_a_call_given_up_before_the_answer_ends_without_being_answered(engine: EngineName) -> None:
    async def story() -> None:
        cue, settings = Cue(), line_settings(engine=engine)
        steps = (sc.awaited(cue.path), sc.cancel())
        async with called(settings, *steps, opening=sc.rings, cue=cue, answer=False) as call:
            await cue.give()
            await call.leg.wait_closed()
            with pytest.raises(CallEnded):
                await call.leg.answer()
            assert await call.leg.tick() is None
            await call.finished()

    asyncio.run(story())


def test_an_invite_that_comes_again_is_the_same_call(engine: EngineName) -> None:
    async def story() -> None:
        both, end = Cue(), Cue()
        opening = partial(sc.asked_again, both.path)
        steps = (sc.awaited(end.path), sc.bye())
        async with called(line_settings(engine=engine), *steps, opening=opening, cue=end, answer=False) as call:
            await both.reached()
            await asyncio.sleep(0.1)
            assert call.line.live == 1
            await call.leg.answer()
            await end.give()
            await call.finished()
            with pytest.raises(TimeoutError):
                await next_call(call.line, within_s=0.1)

    asyncio.run(story())


def test_hanging_up_sends_bye_once_however_often_it_is_asked(engine: EngineName) -> None:
    async def story() -> None:
        async with called(line_settings(engine=engine), sc.hung_up(), sc.pause(300)) as call:
            await call.ticked(10)
            await asyncio.gather(call.leg.hang_up(), call.leg.hang_up())
            await call.leg.hang_up()
            assert call.leg.over
            assert await call.leg.tick() is None
            call.leg.play(silence(160))
            assert (await call.caller).status == 0
            assert call.leg.stats().packets_received >= 0

    asyncio.run(story())


def test_a_call_survives_being_put_on_hold_and_resumed(engine: EngineName) -> None:
    async def story() -> None:
        held = Cue()
        resumed = Cue(held.port)

        def opening(port: int) -> str:
            hold = sc.reinvite(port, "sendonly", 2) + sc.awaited(held.path)
            return sc.answered(port) + hold + sc.reinvite(port, "sendrecv", 3) + sc.told(resumed.path)

        async with called(line_settings(engine=engine), sc.hung_up(), opening=opening, cue=held) as call:
            await held.reached()
            start_s, before = asyncio.get_running_loop().time(), call.played
            await call.ticked(20)
            lived_s = asyncio.get_running_loop().time() - start_s
            assert call.played - before <= lived_s / 0.02 + 3
            await held.give()
            await resumed.reached()
            call.peer.received.clear()
            said = speechlike(0.6, seed=5)
            await call.say(said)
            assert sounding_frames(call.peer.codes) == alaw_frames(said)

    asyncio.run(story())


def test_the_line_says_that_it_is_alive(engine: EngineName) -> None:
    async def story() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings):
            assert (await sipp(sc.scenario(sc.options()), settings)).status == 0

    asyncio.run(story())


def test_a_number_that_is_not_ours_does_not_exist(engine: EngineName) -> None:
    async def story() -> None:
        settings = line_settings(engine=engine)
        async with running_line(settings) as line:
            steps = (sc.invite(40000), sc.recv(404))
            assert (await sipp(sc.scenario(*steps), settings, user="0999999999")).status == 0
            assert line.live == 0

    asyncio.run(story())


@pytest.mark.parametrize("written", [NUMBER, "0231000000", "33231000000", "0033231000000"])
def test_a_french_number_is_ours_however_the_trunk_writes_it(engine: EngineName, written: str) -> None:
    async def story() -> None:
        cue, settings = Cue(), line_settings(engine=engine)
        steps = (sc.awaited(cue.path), sc.cancel())
        async with called(settings, *steps, opening=sc.rings, cue=cue, user=written, answer=False) as call:
            assert call.leg.info.called == NUMBER
            await cue.give()
            await call.finished()

    asyncio.run(story())


def test_a_taken_port_is_told_with_what_to_do(engine: EngineName) -> None:
    async def start() -> None:
        settings = line_settings(engine=engine)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((HOST, settings.listen.port))
            with pytest.raises(TelephonyError, match="free the port"):
                async with running_line(settings):
                    pass

    asyncio.run(start())
