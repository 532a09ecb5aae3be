"""From a text to sound: normalised, cut into clauses, synthesised one clause ahead of what is played.

``SpokenVoice`` is the ``Voice`` every engine becomes. ``stream`` is shared with the prompt cache, which looks a clause
up before asking for it.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voicebot.audio.frames import Pcm, silence
from voicebot.effort import Tally
from voicebot.tts.base import Manner, SynthesisError
from voicebot.tts.clauses import NO_BREAK, Clause, cut
from voicebot.tts.engine import Engine
from voicebot.tts.normalise import Normaliser
from voicebot.tts.shaping import shape
from voicebot.tts.worker import Stop, SynthesisQueue, Urgency

SHAPING_VERSION = "2"
"""Raised when trimming, fades or levels change: rendered prompts are then made again."""
_SLOWEST, _FASTEST = 0.5, 2.0
_PLANS_KEPT = 500
_TAKES_S = 0.05
"""What a character takes the slowest engine (Kokoro) on a machine that is pressed: twice what it takes alone."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the profile asks of every sentence: its normal speed and its active level."""

    speed: float = 1.0
    level_dbfs: float = -20.0


class ClauseVoice(Protocol):
    """A voice that can be asked for one clause at a time, as the prompt cache does."""

    name: str
    version: str
    """Changes with whatever changes the sound of a same clause."""

    def plan(self, text: str, language: str) -> tuple[Clause, ...]:
        """Return the clauses of a text as it is written. Takes some milliseconds: not for the event loop."""

    def planned(self, text: str, language: str) -> tuple[Clause, ...] | None:
        """Return what ``plan`` gave for a text lately, at once; ``None`` when that is forgotten or was never asked."""

    async def sound(self, clause: Clause, rate_hz: int, manner: Manner, urgency: Urgency, within_s: float = 0.0) -> Pcm:
        """Return the sound of a clause, without its pause; ``within_s`` is when it is needed, if it follows another.

        Raises:
            SynthesisError: the engine failed.
        """

    async def close(self) -> None:
        """Stop the workers."""


class SpokenVoice:
    """An engine, a normaliser and the thread they work in. Shared by all calls; used from the event loop.

    ``gain_db`` brings the engine to -20 dBFS of active level: one gain for the voice, so that a sentence keeps its
    own dynamics and clauses match each other. ``tally`` counts what is synthesised. While ``pressed``, clauses that can
    wait do.
    """

    def __init__(
        self,
        engine: Engine,
        normaliser: Normaliser,
        gain_db: float,
        pace: Pace = Pace(),
        tally: Tally | None = None,
        pressed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = engine.name
        sound = f"shaping-{SHAPING_VERSION}+gain{gain_db:+.1f}+speed{pace.speed:.2f}+level{pace.level_dbfs:+.1f}"
        self.version = f"{engine.version}+{sound}"
        self._engine = engine
        self._normaliser = normaliser
        self._gain_db = gain_db + pace.level_dbfs + 20.0
        self._pace = pace
        self._queue = SynthesisQueue(engine.name, tally=tally, pressed=pressed)
        # the same sentences come again and again
        self._plans: OrderedDict[tuple[str, str], tuple[Clause, ...]] = OrderedDict()
        self._planning = threading.Lock()

    def plan(self, text: str, language: str) -> tuple[Clause, ...]:
        """Return the clauses of ``text`` as it is written; see ``ClauseVoice``."""
        words = self._normaliser.pronounced(self._normaliser.bound(text, language), self._engine.spelling, language)
        clauses = cut(words, language, self._engine.strides)
        with self._planning:
            self._plans[text, language] = clauses
            while len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)
        return clauses

    def planned(self, text: str, language: str) -> tuple[Clause, ...] | None:
        """Return what ``plan`` gave lately; see ``ClauseVoice``."""
        with self._planning:
            return self._plans.get((text, language))

    async def sound(self, clause: Clause, rate_hz: int, manner: Manner, urgency: Urgency, within_s: float = 0.0) -> Pcm:
        """Return the sound of a clause, without its pause; see ``ClauseVoice``."""
        speed = min(_FASTEST, max(_SLOWEST, self._pace.speed * manner.speed))
        text = clause.text.replace(NO_BREAK, " ")

        def work(stop: Stop) -> Pcm:
            samples = self._engine.synthesise(text, speed, manner.language, stop)
            aim_dbfs = self._pace.level_dbfs + manner.gain_db
            return shape(samples, self._engine.rate_hz, rate_hz, self._gain_db + manner.gain_db, aim_dbfs)

        return await self._queue.submit(urgency, work, within_s - _TAKES_S * len(text))

    def speak(self, text: str, rate_hz: int, manner: Manner = Manner()) -> AsyncIterator[Pcm]:
        """Yield the sound of ``text`` clause by clause; see ``Voice``."""

        async def fetch(clause: Clause, urgency: Urgency, within_s: float) -> Pcm:
            return await self.sound(clause, rate_hz, manner, urgency, within_s)

        return stream(lambda: clauses_of(self, text, manner.language), fetch, rate_hz, manner)

    async def close(self) -> None:
        """Stop the worker, in mid-clause where the engine can."""
        await asyncio.to_thread(self._queue.close)


async def clauses_of(voice: ClauseVoice, text: str, language: str) -> tuple[Clause, ...]:
    """Return the clauses of ``text`` without holding the event loop."""
    known = voice.planned(text, language)
    return await asyncio.to_thread(voice.plan, text, language) if known is None else known


async def stream(
    plan: Callable[[], Awaitable[tuple[Clause, ...]]],
    fetch: Callable[[Clause, Urgency, float], Awaitable[Pcm]],
    rate_hz: int,
    manner: Manner,
) -> AsyncIterator[Pcm]:
    """Yield each clause of ``plan`` with its pause, the next one being fetched meanwhile.

    Leaving early drops what was begun. ``fetch`` is told when a clause is needed at the earliest, in seconds: when
    those before it have been played.
    """
    loop = asyncio.get_running_loop()
    clauses = await plan()

    async def fetched(index: int, within_s: float) -> Pcm:
        return await fetch(clauses[index], Urgency.NOW if index == 0 else Urgency.SOON, within_s)

    ahead: asyncio.Task[Pcm] | None = None
    played_s = 0.0
    try:
        for index, clause in enumerate(clauses):
            task = ahead or asyncio.create_task(fetched(index, 0.0), name="tts clause")
            ahead = task
            sound = await task
            ahead = None
            pause = silence(int(clause.pause_s / max(_SLOWEST, manner.speed) * rate_hz))
            played_s = max(played_s, loop.time()) + (sound.size + pause.size) / rate_hz
            if index + 1 < len(clauses):
                ahead = asyncio.create_task(fetched(index + 1, played_s - loop.time()), name="tts clause ahead")
            if sound.size:
                yield np.concatenate((sound, pause))
    finally:
        if ahead is not None:
            ahead.cancel()
            # its failure, if any, concerns a sound that is not wanted any more
            await asyncio.gather(ahead, return_exceptions=True)


async def whole(sounds: AsyncIterator[Pcm]) -> Pcm:
    """Return all that a voice yields as one sound.

    Raises:
        SynthesisError: the engine failed, or there was nothing to say.
    """
    parts = [part async for part in sounds]
    if not parts:
        raise SynthesisError("there is nothing to say in this text")
    return np.concatenate(parts)
