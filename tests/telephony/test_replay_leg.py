"""A scripted caller on a replayed line: when they speak, press, keep quiet and hang up."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import numpy as np

from voicebot.audio.frames import FRAME_S, Pcm
from voicebot.clock import PARIS, VirtualClock
from voicebot.telephony.base import CallInfo, Tick, TransferMode, TransferOrder, TransferResult
from voicebot.telephony.replay import LINGER_S, REACTION_S, CallerScript, ReplayLeg, SpokenTurn

START = datetime(2026, 11, 24, 10, tzinfo=PARIS)
VOICE: Pcm = np.full(1600, 1000, dtype=np.int16)


async def _nothing_to_wait_for() -> None:
    await asyncio.sleep(0)


def _leg(*turns: SpokenTurn, advisers: TransferResult = TransferResult.ANSWERED) -> ReplayLeg:
    script = CallerScript(turns, advisers)
    return ReplayLeg(CallInfo("call", "+336", "+332"), script, VirtualClock(START), _nothing_to_wait_for)


def _frames(seconds: float) -> int:
    return round(seconds / FRAME_S)


async def _ticks(leg: ReplayLeg, seconds: float, speak: Callable[[int], bool] = lambda _: False) -> list[Tick]:
    found = []
    for index in range(_frames(seconds)):
        tick = await leg.tick()
        if tick is None:
            break
        found.append(tick)
        leg.play(VOICE[:160] if speak(index) else np.zeros(160, dtype=np.int16))
    return found


def test_a_turn_starts_a_moment_after_the_assistant_has_finished() -> None:
    async def call() -> None:
        leg = _leg(SpokenTurn(pcm=VOICE))
        assert not any(tick.pcm.any() for tick in await _ticks(leg, 1.0, speak=lambda _: True))
        leg.awaiting(None)
        ticks = await _ticks(leg, 1.0)
        first = next(index for index, tick in enumerate(ticks) if tick.pcm.any())
        assert abs(first * FRAME_S - REACTION_S) < 2 * FRAME_S

    asyncio.run(call())


def test_an_interrupting_turn_starts_while_the_assistant_speaks() -> None:
    async def call() -> None:
        leg = _leg(SpokenTurn(pcm=VOICE, barge_in_s=0.5))
        ticks = await _ticks(leg, 2.0, speak=lambda _: True)
        first = next(index for index, tick in enumerate(ticks) if tick.pcm.any())
        assert abs(first * FRAME_S - 0.5) < 2 * FRAME_S

    asyncio.run(call())


def test_a_turn_bound_to_a_slot_is_played_when_that_slot_is_asked() -> None:
    async def call() -> None:
        leg = _leg(SpokenTurn(keys="1"), SpokenTurn(keys="2", slot="telephone"))
        leg.awaiting("telephone")
        assert "".join(tick.keys for tick in await _ticks(leg, 1.0)) == "2"
        leg.awaiting(None)
        assert "".join(tick.keys for tick in await _ticks(leg, 1.0)) == "1"

    asyncio.run(call())


def test_after_the_last_turn_the_caller_stays_three_seconds_then_hangs_up() -> None:
    async def call() -> None:
        leg = _leg()
        leg.awaiting(None)
        assert abs(len(await _ticks(leg, 10.0)) * FRAME_S - LINGER_S) < 2 * FRAME_S
        assert await leg.tick() is None

    asyncio.run(call())


def test_the_next_turn_waits_for_the_answer_to_an_interruption() -> None:
    async def call() -> None:
        leg = _leg(SpokenTurn(pcm=VOICE, barge_in_s=0.1), SpokenTurn(keys="5"))
        await _ticks(leg, 0.2, speak=lambda _: True)
        leg.awaiting(None)  # the assistant fell silent while the caller was speaking
        assert not any(tick.keys for tick in await _ticks(leg, 2.0))
        await _ticks(leg, 0.2, speak=lambda _: True)
        leg.awaiting(None)
        assert any(tick.keys for tick in await _ticks(leg, 1.0))

    asyncio.run(call())


def test_the_true_end_of_speech_is_known_to_the_sample() -> None:
    async def call() -> None:
        padded = np.concatenate((VOICE, np.zeros(1600, dtype=np.int16)))
        leg = _leg(SpokenTurn(pcm=padded, speech_samples=VOICE.size))
        leg.awaiting(None)
        ticks = await _ticks(leg, 1.5)
        first = next(index for index, tick in enumerate(ticks) if tick.pcm.any())
        assert leg.spoken_ends_s == [(first + 1) * FRAME_S + VOICE.size / 8000]

    asyncio.run(call())


def test_silent_advisers_ring_for_as_long_as_ordered_and_the_caller_stays() -> None:
    async def call() -> None:
        leg = _leg(SpokenTurn(keys="1"), advisers=TransferResult.NO_ANSWER)
        order = TransferOrder("sip:advisers@example.org", TransferMode.BLIND, ring_s=5.0)
        transfer = asyncio.create_task(leg.transfer(order))
        await _ticks(leg, 4.9)
        assert not transfer.done()
        await _ticks(leg, 0.3)
        assert await transfer is TransferResult.NO_ANSWER
        assert await leg.tick() is not None

    asyncio.run(call())


def test_an_adviser_who_answers_takes_the_call_away() -> None:
    async def call() -> None:
        leg = _leg()
        transfer = asyncio.create_task(leg.transfer(TransferOrder("sip:advisers@example.org")))
        await _ticks(leg, 6.0)
        assert await transfer is TransferResult.ANSWERED
        assert await leg.tick() is None

    asyncio.run(call())
