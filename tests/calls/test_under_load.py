"""A caller who waits because too many speak at once: what they are told meanwhile, and that they are answered."""

import asyncio
from collections.abc import Callable

from tests.calls.company import SENTENCES, START, Advisers, RoteDialogue, RoteRecognizer, RoteStream, ToneVoice, says
from voicebot.asr.base import Hints, Transcript
from voicebot.audio.frames import FRAME_S, Pcm
from voicebot.audio.settings import TurnSettings
from voicebot.calls.ears import Ears
from voicebot.calls.mouth import Mouth
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.calls.session import CallSession, Company
from voicebot.calls.work import Work
from voicebot.clock import VirtualClock
from voicebot.dialog.turns import HangUp, Reply, Say
from voicebot.load import Load, Pressure
from voicebot.telephony.base import CallInfo
from voicebot.telephony.replay import CallerScript, ReplayLeg, SpokenTurn


class LateRecognizer(RoteRecognizer):
    """Gives its text when ``release`` is set, as when others are served before."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.release = asyncio.Event()
        self.asked: Callable[[], None] = lambda: None

    def open(self, rate_hz: int, hints: Hints = Hints()) -> RoteStream:
        return LateStream(self, hints)


class LateStream(RoteStream):
    def __init__(self, recognizer: LateRecognizer, hints: Hints) -> None:
        super().__init__(recognizer, hints)
        self._late = recognizer

    async def finish(self) -> Transcript:
        self._late.asked()
        await self._late.release.wait()
        return await super().finish()


class Releases:
    """A witness that sets ``release`` so many seconds after recognition was asked for."""

    def __init__(self, recognizer: LateRecognizer, after_s: float) -> None:
        self._recognizer = recognizer
        self._left = round(after_s / FRAME_S)
        self.waiting = False

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        self._left -= self.waiting
        if self._left <= 0:
            self._recognizer.release.set()

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        return

    def ended(self, call: CallRecord) -> None:
        return


def hold(turn: SpokenTurn, wait_s: float, others: int) -> tuple[CallRecord, list[str], Load]:
    """Hold a call whose words take ``wait_s`` to be recognised while ``others`` wait as long; time is virtual."""

    async def call() -> tuple[CallRecord, list[str], Load]:
        work, clock, voice, recognizer = Work(), VirtualClock(START), ToneVoice(), LateRecognizer("les horaires")
        load, witness = Load(clock.monotonic), Releases(recognizer, wait_s)

        def asked() -> None:
            witness.waiting = True
            for other in range(others):
                load.begin(other)

        async def settle() -> None:
            # time goes on while recognition is awaited, as it does on a telephone line
            for _ in range(20):
                await asyncio.sleep(0)

        recognizer.asked = asked
        leg = ReplayLeg(CallInfo("c1", "", ""), CallerScript((turn,), ()), clock, settle)
        ears = Ears(recognizer, 8000, work, TurnSettings(), load)
        dialogue = RoteDialogue(Reply(says=(Say("Le mardi"),), actions=(HangUp(),)))
        company = Company(dialogue, Advisers("sip:a@example.org"), SENTENCES, (witness,), load=load)
        record = CallRecord("c1", clock.now(), "", "", "test", realtime=False)
        session = CallSession(leg, ears, Mouth(voice, 8000, work), company, work, clock, record)
        return await session.run(), [text for text, _ in voice.said], load

    return asyncio.run(call())


def test_a_short_wait_is_covered_once_when_nobody_else_waits() -> None:
    record, said, _ = hold(says(1.0), wait_s=3.5, others=0)
    assert [text for text in said if text in SENTENCES.all()] == [SENTENCES.sign_of_life[0]]
    assert record.turns[0].said == "Le mardi"


def test_a_long_wait_among_others_is_covered_by_a_sign_then_the_keys_then_words_until_the_answer() -> None:
    record, said, load = hold(says(1.0), wait_s=30.0, others=2)
    told = [text for text in said if text in SENTENCES.all()]
    assert told[:4] == [SENTENCES.sign_of_life[0], SENTENCES.crowded[0], *SENTENCES.queued[:2]]
    assert load.pressure is Pressure.REFUSING
    assert record.turns[0].said == "Le mardi"


def test_the_wait_of_a_caller_is_counted_from_the_end_of_their_turn() -> None:
    _, _, load = hold(says(1.0), wait_s=2.0, others=0)
    assert 0.7 < load.wait_s < 0.9  # 2 s weigh two fifths in the moving average
    assert load.waiting == 0
