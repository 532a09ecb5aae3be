"""Calls in progress as they are shown: with their words, without what the caller left to be reached."""

import asyncio
from datetime import datetime

from voicebot.calls.live import LiveCalls, LiveWitness
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.clock import PARIS

NOW = datetime(2026, 11, 24, 10, tzinfo=PARIS)


def test_an_address_dictated_and_read_back_word_by_word_is_not_shown() -> None:
    calls = LiveCalls()
    turn = TurnRecord(
        t_s=3.0,
        channel="voice",
        heard="jean point martin arobase orange point fr",
        said="J’ai noté : jean point martin arobase orange point fr. C’est bien cela ?",
        entities={"email": "jean.martin@orange.fr"},
    )

    async def follow() -> None:
        LiveWitness(calls, "c1", "phone", lambda: NOW).turn(CallRecord("c1", NOW, "", "", "coeur-cote-fleurie"), turn)

    asyncio.run(follow())
    (call,) = calls.all()
    shown = f"{call.turns[0].heard} {call.turns[0].said}"
    assert "martin" not in shown
    assert "C’est bien cela ?" in shown
