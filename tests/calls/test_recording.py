"""A call sounds right: every word of the assistant whole, no click, both at once only at an interruption."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from voicebot.app import open_caller_voice, open_service
from voicebot.audio.frames import LINE_HZ, level_dbfs
from voicebot.audio.level import active_level_dbfs
from voicebot.calls.record import CallRecord
from voicebot.config import Settings
from voicebot.rehearsal import play, rehearse
from voicebot.tts.base import Manner, Voice

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
FRAME = 160
LOUD_DBFS = -40.0  # above the noise of the caller's line

Sound = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Recorded:
    record: CallRecord
    caller: Sound
    assistant: Sound
    said: list[tuple[str, Sound]]


class Overheard:
    """The assistant's voice, with what it gave for each sentence."""

    def __init__(self, inner: Voice) -> None:
        self._inner = inner
        self.name = inner.name
        self.said: list[tuple[str, Sound]] = []

    async def speak(self, text: str, rate_hz: int, manner: Manner = Manner()) -> AsyncIterator[Sound]:
        parts = []
        async for part in self._inner.speak(text, rate_hz, manner):
            parts.append(part)
            yield part
        self.said.append((text, np.concatenate(parts)))

    async def close(self) -> None:
        await self._inner.close()


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory, quick_settings: Settings) -> Recorded:
    out = tmp_path_factory.mktemp("recording") / "call.wav"

    async def hold() -> Recorded:
        async with AsyncExitStack() as stack:
            service = await open_service(quick_settings, stack)
            service.voice = overheard = Overheard(service.voice)
            caller = open_caller_voice("pico", quick_settings, stack)
            script = await rehearse(FOLDER / "02-tri-interruption.toml", caller)
            record, _ = await play(service, script, record_to=out)
        both, _ = soundfile.read(out, dtype="int16")
        return Recorded(record, both[:, 0], both[:, 1], overheard.said)

    return asyncio.run(hold())


def _loud(sound: Sound) -> list[bool]:
    frames = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    return [level_dbfs(frame) > LOUD_DBFS for frame in frames]


def _cut_in_s(call: Recorded) -> float:
    return next(turn.t_s for turn in call.record.turns if turn.interrupted)


def test_what_the_assistant_says_is_at_the_level_of_a_telephone(call: Recorded) -> None:
    assert active_level_dbfs(call.assistant, LINE_HZ) == pytest.approx(-20.0, abs=2.0)


def test_both_sides_speak_at_once_only_around_the_interruption(call: Recorded) -> None:
    together = [
        index for index, both in enumerate(zip(_loud(call.caller), _loud(call.assistant), strict=True)) if all(both)
    ]
    cut_in_s = next(turn.t_s for turn in call.record.turns if turn.interrupted)
    assert all(abs(index * FRAME / LINE_HZ - cut_in_s) < 0.5 for index in together)
    assert len(together) * FRAME / LINE_HZ < 0.3


def test_the_assistant_falls_silent_within_300_ms_of_being_cut(call: Recorded) -> None:
    start = round((_cut_in_s(call) + 0.3) * LINE_HZ)
    assert level_dbfs(call.assistant[start : start + LINE_HZ // 2]) < -60.0


def test_no_sample_jumps_as_a_click_would(call: Recorded) -> None:
    steps = np.abs(np.diff(call.assistant.astype(np.int32)))
    quiet = np.convolve(np.abs(call.assistant.astype(np.int64)), np.ones(80), "same")[1:] / 80 < 60
    assert int(steps[quiet].max()) < 600
    assert int(np.abs(call.assistant).max()) < 32767


def test_every_sentence_is_played_whole_but_those_that_were_cut(call: Recorded) -> None:
    matches = {text: _best_match(call.assistant, _trimmed(sound)) for text, sound in call.said}
    whole = [text for text, match in matches.items() if match > 0.98]
    interrupted = next(index for index, turn in enumerate(call.record.turns) if turn.interrupted)
    cut_reply = call.record.turns[interrupted - 1].said
    assert all(text in cut_reply for text in matches if text not in whole), matches
    assert len(matches) - len(whole) >= 1


def _trimmed(sound: Sound) -> Sound:
    heard = np.flatnonzero(np.abs(sound) > 50)
    return sound[heard[0] : heard[-1] + 1]


def _best_match(long: Sound, short: Sound) -> float:
    """Return the highest normalised correlation of ``short`` anywhere in ``long``."""
    size = 1 << (long.size + short.size).bit_length()
    spectrum = np.fft.rfft(long.astype(np.float64), size) * np.conj(np.fft.rfft(short.astype(np.float64), size))
    correlation = np.fft.irfft(spectrum, size)[: long.size - short.size + 1]
    energy = np.concatenate([[0.0], np.cumsum(long.astype(np.float64) ** 2)])
    windows = energy[short.size :] - energy[: -short.size]
    norm = np.sqrt(np.maximum(windows[: correlation.size], 1.0) * float(np.sum(short.astype(np.float64) ** 2)))
    return float(np.max(correlation / norm))
