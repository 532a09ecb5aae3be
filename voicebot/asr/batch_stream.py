"""A caller turn for an engine that recognises whole utterances: it keeps the sound and speculates at pauses.

The event loop calls everything here; only ``recognise`` runs elsewhere, in a worker of the pool.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from voicebot.asr.activity import only_silence_since
from voicebot.asr.base import RecognitionError, RecognizerBusy, Transcript
from voicebot.asr.workers import InferencePool, Need, wait_result
from voicebot.audio.frames import Pcm

StillWanted: TypeAlias = Callable[[], bool]
Recognise: TypeAlias = Callable[[Pcm, StillWanted], Transcript]
"""Recognises one utterance; asks between its stages whether the result is still wanted, and gives up when not."""


class _Speculation:
    """A recognition under way of the first ``samples`` of a turn."""

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.dropped = threading.Event()
        self.future: Future[Transcript] | None = None

    def wanted(self) -> bool:
        return not self.dropped.is_set()

    @property
    def given_up(self) -> bool:
        """Whether it lost its place in the queue."""
        return self.future is not None and self.future.cancelled()

    def drop(self) -> None:
        self.dropped.set()
        if self.future is not None:
            self.future.cancel()


class BatchStream:
    """See ``voicebot.asr.base.Stream``."""

    def __init__(self, pool: InferencePool, rate_hz: int, recognise: Recognise) -> None:
        self._pool = pool
        self._rate_hz = rate_hz
        self._recognise = recognise
        self._chunks: list[Pcm] = []
        self._samples = 0
        self._speculation: _Speculation | None = None
        self._closed = False

    def feed(self, pcm: Pcm) -> None:
        """Add sound. Never blocks."""
        if self._closed:
            raise RecognitionError("this stream is finished; open another for the next turn")
        self._chunks.append(pcm.copy())
        self._samples += len(pcm)

    def speculate(self) -> None:
        """Start recognising what was fed so far; does nothing when it is already being done or the queue is full."""
        if self._closed or self._samples == 0:
            return
        if self._speculation is not None:
            if self._speculation.samples == self._samples:
                return
            self._speculation.drop()
        try:
            self._speculation = self._start(Need.GUESS)
        except RecognizerBusy:
            self._speculation = None

    def hasten(self) -> None:
        """Have the speculation go before the guesses of others."""
        if self._speculation is not None and self._speculation.future is not None:
            self._pool.promote(self._speculation.future)

    def resume(self) -> None:
        """Forget the speculation: the caller went on."""
        if self._speculation is not None:
            self._speculation.drop()
            self._speculation = None

    def partial(self) -> Transcript | None:
        """Return the transcript of the speculation, once it is done."""
        future = self._speculation.future if self._speculation is not None else None
        if future is None or not future.done() or future.cancelled() or future.exception() is not None:
            return None
        return future.result()

    async def speculated(self) -> Transcript | None:
        """Wait for the speculation under way; see ``Stream.speculated``."""
        speculation = self._speculation
        if speculation is None or speculation.future is None:
            return None
        try:
            # shielded: whoever stops waiting for the speculation does not undo it
            found = await asyncio.shield(_unheeded(wait_result(speculation.future)))
        except RecognitionError:
            if speculation is not self._speculation:
                return None
            raise
        return found if speculation is self._speculation else None

    async def finish(self) -> Transcript:
        """Return the transcript of all that was fed; see ``Stream.finish``."""
        if self._closed:
            raise RecognitionError("this stream is already finished")
        self._closed = True
        audio_s = self._samples / self._rate_hz
        if self._samples == 0:
            return Transcript("", 0.0)
        speculation = self._speculation
        if speculation is not None and not only_silence_since(self._sound(), self._rate_hz, speculation.samples):
            self.resume()
            speculation = None
        if speculation is None or speculation.given_up:
            speculation = self._speculation = self._start(Need.CALLER)
        if speculation.future is None:
            raise RecognitionError("recognition was not started")
        self._pool.promote(speculation.future)
        return replace(await wait_result(speculation.future), audio_s=audio_s)

    def cancel(self) -> None:
        """Drop the stream and whatever it was computing. Idempotent."""
        self._closed = True
        self.resume()
        self._chunks.clear()

    def _sound(self) -> Pcm:
        if len(self._chunks) > 1:
            self._chunks = [np.concatenate(self._chunks)]
        return self._chunks[0]

    def _start(self, need: Need) -> _Speculation:
        sound = self._sound()
        started = _Speculation(self._samples)
        started.future = self._pool.submit(lambda: self._recognise(sound, started.wanted), need)
        return started


def _unheeded(waiting: Coroutine[Any, Any, Transcript]) -> "asyncio.Task[Transcript]":
    """Return a task whose failure is no news when nobody waits for it any more."""
    task = asyncio.ensure_future(waiting)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
