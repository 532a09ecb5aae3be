"""A stream speculates at a pause, uses the result when only silence followed, and drops it when the caller went on."""

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest

from voicebot.asr.base import RecognitionError, RecognizerBusy, Transcript
from voicebot.asr.batch_stream import BatchStream
from voicebot.asr.workers import InferencePool, Need
from voicebot.audio.frames import Pcm, silence

RATE = 8000
_HANGS_S = 120.0
WORDS = (6000 * np.sin(np.arange(RATE) / 6) * np.abs(np.sin(np.arange(RATE) / 900))).astype(np.int16)


class _Recorder:
    """Says how many samples it was given; waits for ``gate`` when there is one."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.lengths: list[int] = []
        self.started = threading.Event()
        self._gate = gate

    def __call__(self, pcm: Pcm, wanted: Callable[[], bool]) -> Transcript:
        self.lengths.append(len(pcm))
        self.started.set()
        if self._gate is not None:
            assert self._gate.wait(_HANGS_S)
        if not wanted():
            raise RecognitionError("dropped")
        return Transcript(f"{len(pcm)} samples", 1.0)


def _run(recorder: _Recorder, play: Callable[[BatchStream], object], workers: int = 1, queue: int = 4) -> Transcript:
    async def turn() -> Transcript:
        pool = InferencePool(workers, queue)
        stream = BatchStream(pool, RATE, recorder)
        outcome = play(stream)
        if asyncio.iscoroutine(outcome):
            await outcome
        try:
            return await stream.finish()
        finally:
            await pool.close()

    return asyncio.run(turn())


def test_without_speculation_everything_is_recognised_at_the_end() -> None:
    recorder = _Recorder()
    found = _run(recorder, lambda stream: stream.feed(WORDS))
    assert found.text == f"{len(WORDS)} samples"
    assert recorder.lengths == [len(WORDS)]
    assert found.audio_s == pytest.approx(1.0)


def test_silence_after_the_speculation_costs_nothing() -> None:
    recorder = _Recorder()

    def play(stream: BatchStream) -> None:
        stream.feed(WORDS)
        stream.speculate()
        stream.feed(silence(4000))

    found = _run(recorder, play)
    assert recorder.lengths == [len(WORDS)]
    assert found.audio_s == pytest.approx(1.5)


def test_words_after_the_speculation_are_not_lost() -> None:
    recorder = _Recorder()

    def play(stream: BatchStream) -> None:
        stream.feed(WORDS)
        stream.speculate()
        stream.feed(WORDS)

    assert _run(recorder, play).text == f"{2 * len(WORDS)} samples"


def test_a_resumed_speculation_is_forgotten_though_silence_followed() -> None:
    recorder = _Recorder()

    def play(stream: BatchStream) -> None:
        stream.feed(WORDS)
        stream.speculate()
        stream.resume()
        assert stream.partial() is None
        stream.feed(silence(4000))

    assert _run(recorder, play).text == f"{len(WORDS) + 4000} samples"


def test_a_waiting_speculation_that_is_resumed_never_runs() -> None:
    gate = threading.Event()
    recorder = _Recorder(gate)

    async def turn() -> None:
        pool = InferencePool(1, 4)
        busy = BatchStream(pool, RATE, recorder)
        busy.feed(WORDS)
        busy.speculate()
        assert await asyncio.to_thread(recorder.started.wait, _HANGS_S)
        other = BatchStream(pool, RATE, recorder)
        other.feed(silence(77))
        other.speculate()
        other.resume()
        gate.set()
        await busy.finish()
        await pool.close()

    asyncio.run(turn())
    assert recorder.lengths == [len(WORDS)]


def test_the_finished_speculation_is_the_partial() -> None:
    recorder = _Recorder()

    async def play(stream: BatchStream) -> None:
        stream.feed(WORDS)
        assert stream.partial() is None
        assert await stream.speculated() is None
        stream.speculate()
        found = await stream.speculated()
        assert found is not None
        assert found.text == f"{len(WORDS)} samples"
        assert stream.partial() == found

    _run(recorder, play)


def test_a_full_queue_is_told_at_the_end_not_when_speculating() -> None:
    gate = threading.Event()
    recorder = _Recorder(gate)

    async def turn() -> None:
        pool = InferencePool(1, 0)
        busy, late = BatchStream(pool, RATE, recorder), BatchStream(pool, RATE, recorder)
        busy.feed(WORDS)
        busy.speculate()
        await asyncio.to_thread(recorder.started.wait, 10)
        late.feed(WORDS)
        late.speculate()
        with pytest.raises(RecognizerBusy):
            await late.finish()
        gate.set()
        await busy.finish()
        assert pool.pending == 0
        await pool.close()

    asyncio.run(turn())


def test_a_guess_gives_its_place_in_a_full_queue_to_a_caller_who_has_finished_and_is_made_up_for_later() -> None:
    gate = threading.Event()
    recorder = _Recorder(gate)

    async def turn() -> tuple[str, str]:
        pool = InferencePool(1, 1)
        busy, guessed, caller = (BatchStream(pool, RATE, recorder) for _ in range(3))
        busy.feed(WORDS)
        busy.speculate()
        await asyncio.to_thread(recorder.started.wait, 10)
        guessed.feed(WORDS[:6000])
        guessed.speculate()
        caller.feed(WORDS[:4000])
        waiting = asyncio.create_task(caller.finish())
        await asyncio.sleep(0)
        gate.set()
        found = (await waiting).text
        again = (await guessed.finish()).text
        await pool.close()
        return found, again

    assert asyncio.run(turn()) == ("4000 samples", "6000 samples")


def _order_of_work(finish_the_guess: bool) -> list[int]:
    """Return the lengths recognised while one worker is held: of a first caller, then of a guess and of a caller."""
    gate = threading.Event()
    recorder = _Recorder(gate)

    async def turn() -> None:
        pool = InferencePool(1, 4)
        first, guess, certain = (BatchStream(pool, RATE, recorder) for _ in range(3))
        first.feed(WORDS)
        guess.feed(WORDS[:200])
        certain.feed(WORDS[:300])
        turns = [asyncio.create_task(first.finish())]
        assert await asyncio.to_thread(recorder.started.wait, _HANGS_S)
        guess.speculate()
        turns.append(asyncio.create_task(certain.finish()))
        if finish_the_guess:
            turns.append(asyncio.create_task(guess.finish()))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*turns)
        await guess.speculated()
        await pool.close()

    asyncio.run(turn())
    return recorder.lengths


def test_a_caller_who_has_finished_goes_before_a_guess_that_was_there_first() -> None:
    assert _order_of_work(finish_the_guess=False) == [len(WORDS), 300, 200]


def test_a_guess_that_became_certain_goes_in_the_order_of_the_pauses() -> None:
    assert _order_of_work(finish_the_guess=True) == [len(WORDS), 200, 300]


def test_one_of_several_workers_is_kept_from_guesses() -> None:
    gate = threading.Event()
    recorder = _Recorder(gate)

    async def turn() -> None:
        pool = InferencePool(2, 4)
        guesses = [BatchStream(pool, RATE, recorder) for _ in range(2)]
        certain = BatchStream(pool, RATE, lambda pcm, wanted: Transcript("certain", 1.0))
        for stream in (*guesses, certain):
            stream.feed(WORDS)
        for stream in guesses:
            stream.speculate()
        assert (await certain.finish()).text == "certain"
        assert len(recorder.lengths) <= 1
        gate.set()
        for stream in guesses:
            await stream.finish()
        await pool.close()

    asyncio.run(turn())


def test_no_worker_is_kept_from_guesses_when_more_wait_than_there_are_workers() -> None:
    together = threading.Barrier(2)

    def first_of_two(pcm: Pcm, wanted: Callable[[], bool]) -> Transcript:
        together.wait(_HANGS_S)
        return Transcript("guess", 1.0)

    async def turn() -> None:
        pool = InferencePool(2, 4)
        others = _Recorder()
        guesses = [BatchStream(pool, RATE, work) for work in (first_of_two, first_of_two, others, others)]
        for stream in guesses:
            stream.feed(WORDS)
            stream.speculate()
        assert [(await stream.finish()).text for stream in guesses[:2]] == ["guess", "guess"]
        for stream in guesses[2:]:
            await stream.finish()
        await pool.close()

    asyncio.run(turn())


def test_many_who_wait_at_once_are_seen_before_any_wait_is_long_and_one_call_never_is() -> None:
    gate = threading.Event()

    async def turn() -> None:
        pool = InferencePool(1, 8)
        crowds = []
        for _ in range(4):
            pool.submit(gate.wait, Need.GUESS)
            crowds.append(pool.crowded)
        gate.set()
        await pool.close()
        assert crowds == [False, False, False, True]

    asyncio.run(turn())


def test_closing_the_pool_fails_what_waits_and_refuses_what_comes() -> None:
    gate = threading.Event()
    recorder = _Recorder(gate)

    async def turn() -> None:
        pool = InferencePool(1, 4)
        running, waiting, late = (BatchStream(pool, RATE, recorder) for _ in range(3))
        for stream in (running, waiting, late):
            stream.feed(WORDS)
        running.speculate()
        assert await asyncio.to_thread(recorder.started.wait, _HANGS_S)
        waited = asyncio.create_task(waiting.finish())
        await asyncio.sleep(0)
        assert pool.pending == 2
        closing = asyncio.create_task(pool.close())
        with pytest.raises(RecognitionError):
            await waited
        gate.set()
        await closing
        assert (await running.finish()).text
        with pytest.raises(RecognitionError, match="closed"):
            await late.finish()

    asyncio.run(turn())


def test_a_finished_stream_refuses_sound() -> None:
    async def turn() -> None:
        pool = InferencePool(1, 4)
        stream = BatchStream(pool, RATE, _Recorder())
        stream.cancel()
        stream.cancel()
        with pytest.raises(RecognitionError):
            stream.feed(WORDS)
        with pytest.raises(RecognitionError):
            await stream.finish()
        await pool.close()

    asyncio.run(turn())


def test_nothing_fed_is_nothing_heard() -> None:
    assert _run(_Recorder(), lambda stream: None) == Transcript("", 0.0)
