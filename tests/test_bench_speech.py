"""Benches through speech: a clip is recognised once, dictations cover every style and hold their number."""

import asyncio
from pathlib import Path

import numpy as np

from voicebot.asr.base import ChoiceScore, Hints, Transcript
from voicebot.asr.batch_stream import BatchStream
from voicebot.asr.settings import AsrSettings
from voicebot.asr.workers import InferencePool
from voicebot.bench.hearing import Hearing
from voicebot.bench.phones import dictations
from voicebot.dialog.nlu.entities.phones import find_phone


class _Counting:
    """Hears the same thing in everything, and counts."""

    name = "counting"
    streaming = False
    grammar = True

    def __init__(self) -> None:
        self.recognised = 0
        self._pool = InferencePool(1, 4)

    def open(self, rate_hz: int, hints: Hints = Hints()) -> BatchStream:
        def recognise(pcm: object, wanted: object) -> Transcript:
            self.recognised += 1
            return Transcript("oui", 0.9, alternatives=("ouï",), choices=(ChoiceScore("oui", 0.8),), compute_s=0.1)

        return BatchStream(self._pool, rate_hz, recognise)

    async def close(self) -> None:
        await self._pool.close()


def test_the_same_clip_is_recognised_once_for_the_same_question(tmp_path: Path) -> None:
    async def bench() -> tuple[list[Transcript], int]:
        engine = _Counting()
        hearing = Hearing(engine, AsrSettings(), tmp_path / "heard")
        sound = np.ones(800, dtype=np.int16)
        heard = [
            await hearing.hear(pcm, 8000, hints)
            for pcm, hints in ((sound, Hints()), (sound, Hints()), (sound, Hints(digits=True)), (2 * sound, Hints()))
        ]
        await engine.close()
        return heard, engine.recognised

    heard, recognised = asyncio.run(bench())
    assert recognised == 3
    assert heard[0] == heard[1]
    assert heard[0].choices == (ChoiceScore("oui", 0.8),)


def test_dictations_are_the_same_for_a_seed_and_are_read_when_heard_well() -> None:
    said = dictations(28, seed=3)
    assert said == dictations(28, seed=3)
    assert len({one.style for one in said}) == 7
    wrong = [one.text for one in said if find_phone(one.text) != f"+33{one.digits[1:]}"]
    assert wrong == []
