"""A pause whose text is not known yet: the turn is not taken as over before, unless the silence is long in itself."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.calls.company import RoteRecognizer, RoteStream, speech
from voicebot.asr.base import Hints, Transcript
from voicebot.audio.frames import FRAME_S, Pcm, frame_samples, silence
from voicebot.audio.settings import TurnSettings
from voicebot.calls.ears import Ears, Spoke
from voicebot.calls.work import Work
from voicebot.load import Load

RATE = 8000
SIZE = frame_samples(RATE)
SPEECH = speech(1.0)


class HeldRecognizer(RoteRecognizer):
    """Knows what was said once ``release`` is set."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.release = asyncio.Event()
        self.streams: list[RoteStream] = []

    def open(self, rate_hz: int, hints: Hints = Hints()) -> RoteStream:
        self.streams.append(HeldStream(self, hints))
        return self.streams[-1]


class HeldStream(RoteStream):
    def __init__(self, recognizer: HeldRecognizer, hints: Hints) -> None:
        super().__init__(recognizer, hints)
        self._held = recognizer

    async def speculated(self) -> Transcript | None:
        await self._held.release.wait()
        return await super().speculated()

    async def finish(self) -> Transcript:
        await self._held.release.wait()
        return await super().finish()


class Listening:
    """Ears on a line whose frames come when they are given, everything decided between two of them."""

    def __init__(self, text: str) -> None:
        self.recognizer = HeldRecognizer(text)
        self.load = Load(lambda: 0.0)
        self.work = Work()
        self.ears = Ears(self.recognizer, RATE, self.work, TurnSettings(), self.load)
        # one thread: what is computed there is over when what comes after it is
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))

    async def hear(self, pcm: Pcm) -> float | None:
        """Return how far into ``pcm`` the turn was taken as over, in seconds."""
        for number, frame in enumerate(_frames(pcm)):
            event = self.ears.feed(frame, None)
            await asyncio.to_thread(lambda: None)
            for _ in range(10):
                await asyncio.sleep(0)
            if isinstance(event, Spoke):
                return number * FRAME_S
        return None


def _frames(pcm: Pcm) -> Iterator[Pcm]:
    for start in range(0, pcm.size - SIZE + 1, SIZE):
        yield pcm[start : start + SIZE]


def _quiet(seconds: float) -> Pcm:
    return silence(round(seconds * RATE))


def test_the_turn_is_over_once_the_text_is_known_when_it_comes_late() -> None:
    async def call() -> None:
        listening = Listening("les horaires")
        assert await listening.hear(SPEECH) is None
        assert await listening.hear(_quiet(1.0)) is None
        assert listening.recognizer.streams[0].log == ["speculate", "hasten"]
        assert listening.load.waiting == 1
        listening.recognizer.release.set()
        over_s = await listening.hear(_quiet(0.2))
        assert over_s is not None
        assert over_s <= 0.06
        await listening.work.settle()
        assert listening.load.waiting == 0

    asyncio.run(call())


def test_a_caller_who_goes_on_before_the_text_is_known_is_not_cut_off_and_waits_for_nothing() -> None:
    async def call() -> None:
        listening = Listening("je voudrais savoir")
        assert await listening.hear(SPEECH) is None
        assert await listening.hear(_quiet(1.0)) is None
        assert await listening.hear(SPEECH) is None
        assert listening.load.waiting == 0
        assert listening.recognizer.streams[0].log == ["speculate", "hasten", "resume"]
        await listening.work.close()

    asyncio.run(call())


def test_a_text_left_open_makes_the_wait_that_of_the_caller_again() -> None:
    async def call() -> None:
        listening = Listening("je voudrais savoir")
        assert await listening.hear(SPEECH) is None
        assert await listening.hear(_quiet(1.0)) is None
        listening.recognizer.release.set()
        assert await listening.hear(_quiet(0.1)) is None
        assert listening.load.waiting == 0
        await listening.work.close()

    asyncio.run(call())


def test_a_silence_that_is_long_in_itself_ends_the_turn_without_its_text() -> None:
    async def call() -> None:
        listening = Listening("les horaires")
        assert await listening.hear(SPEECH) is None
        over_s = await listening.hear(_quiet(1.6))
        assert over_s is not None
        assert over_s > 1.0
        assert listening.load.waiting == 1
        await listening.work.close()

    asyncio.run(call())
