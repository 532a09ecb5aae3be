"""The assistant's ears in one call: 20 ms frames go in, whole turns of the caller come out.

The ears decide when the caller speaks, pauses, cuts in and has finished, and drive the recogniser accordingly:
speculation at the first pause, thrown away if the caller goes on. While the assistant speaks, only what ``BargeIn`` is
sure of counts as the caller. What is decided here is decided from frames; only recognition runs in the background.
"""

import asyncio
import logging
import re
from dataclasses import dataclass

from voicebot.asr.base import Choice, Hints, RecognitionError, Recognizer, Stream, Transcript
from voicebot.audio.bargein import BargeIn
from voicebot.audio.frames import FRAME_S, Pcm
from voicebot.audio.settings import TurnSettings
from voicebot.audio.turn import Discarded, Ended, Patience, Paused, PreRoll, Resumed, SpeechStarted, TurnDetector
from voicebot.calls.ports import Judge
from voicebot.calls.work import Work
from voicebot.dialog.turns import Dictation, Expect

log = logging.getLogger(__name__)

_HESITATION = re.compile(
    r"(?:^|\s)(?:euh+|heu+|hum+|ben|bah|alors|donc|et|ou|mais|de|du|des|le|la|les|un|une|à|au|pour|dans|sur|que|qui"
    r"|c'est|mon|ma|mes|je|il|d|l)[\s.…,]*$",
    re.IGNORECASE,
)
_LONGEST_S = 60.0
_SURE_CHOICE = 0.75
_MOST_PATIENT = 4.0
_FREE_SPEECH = 1.4
"""A whole sentence may still be followed by another clause, unlike the answer to a closed question."""


@dataclass(frozen=True, slots=True)
class CutIn:
    """The caller has begun to speak over the assistant."""


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """What began was not speech after all."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """The caller has finished a turn; ``transcript`` is being worked out.

    ``length_s`` is the speech from its first to its last sample, ``silence_s`` the time since that last sample.
    """

    length_s: float
    silence_s: float
    transcript: "asyncio.Task[Transcript]"


EarEvent = CutIn | FalseAlarm | Spoke


class Ears:
    """Listens for one call at ``rate_hz``. ``judge`` says whether speculative words are already a whole request."""

    def __init__(
        self, recognizer: Recognizer, rate_hz: int, work: Work, settings: TurnSettings, judge: Judge | None = None
    ) -> None:
        self._recognizer = recognizer
        self._rate_hz = rate_hz
        self._work = work
        self._judge = judge
        self._scale = settings.patience_scale
        self._detector = TurnDetector(rate_hz, settings)
        self._barge_in = BargeIn(rate_hz)
        self._past = PreRoll()
        self._hints = Hints()
        self._patience = Patience.NORMAL
        self._stream: Stream | None = None
        self._sound: list[Pcm] = []
        self._unanswered: list[Pcm] = []
        self._speculation: asyncio.Task[None] | None = None
        self._alarm_from_cut_in = False
        self._playing = False

    @property
    def hearing(self) -> bool:
        """Whether the caller is in the middle of a turn."""
        return self._stream is not None

    def expect(self, expect: Expect) -> None:
        """Prepare for the answer to what was just asked."""
        self._hints = Hints(
            choices=tuple(Choice(option.id, option.texts) for option in expect.options),
            phrases=expect.phrases,
            digits=expect.dictation is Dictation.DIGITS,
        )
        dictated = expect.dictation is not Dictation.NONE and not expect.options
        self._patience = Patience.DICTATION if dictated else Patience.NORMAL
        self._unanswered = []

    def drop(self) -> None:
        """Forget the turn in progress: the caller pressed a key instead."""
        if self._stream is not None:
            self._stream.cancel()
        self._stream = None
        self._sound = []
        self._unanswered = []
        self._detector.reset()

    def feed(self, frame: Pcm, played: Pcm | None, interruptible: bool = True) -> EarEvent | None:
        """Take 20 ms from the caller and the 20 ms being played to them (``None``: silence)."""
        self._past.push(frame)
        if played is not None and not self._playing:
            self._barge_in.reset()
        self._playing = played is not None
        cut_in = self._barge_in.feed(frame, played)
        if played is not None and self._stream is None:
            self._detector.feed(frame, listening=False)
            return self._cut_in() if cut_in and interruptible else None
        return self._follow(frame)

    def _cut_in(self) -> CutIn:
        self._alarm_from_cut_in = True
        for event in self._detector.begin(self._detector.now_s - self._barge_in.speech_ago_s):
            if isinstance(event, SpeechStarted):
                self._open(event.preroll_s)
        return CutIn()

    def _follow(self, frame: Pcm) -> EarEvent | None:
        if self._stream is not None:
            self._stream.feed(frame)
            self._sound.append(frame)
        for event in self._detector.feed(frame):
            match event:
                case SpeechStarted(preroll_s=preroll_s):
                    self._open(preroll_s)
                case Paused():
                    self._pause()
                case Resumed():
                    self._go_on()
                case Ended(speech_start_s=start_s, speech_end_s=end_s, at_s=at_s):
                    return self._finish(start_s, end_s, at_s)
                case Discarded():
                    self.drop()
                    return FalseAlarm() if self._was_cut_in() else None
        return None

    def _was_cut_in(self) -> bool:
        was, self._alarm_from_cut_in = self._alarm_from_cut_in, False
        return was

    def _open(self, preroll_s: float) -> None:
        self._detector.set_patience(self._patience, self._scale)
        self._stream = self._recognizer.open(self._rate_hz, self._hints)
        self._sound = [*self._unanswered, self._past.last(preroll_s)]
        self._unanswered = []
        for sound in self._sound:
            self._stream.feed(sound)

    def _pause(self) -> None:
        if self._stream is not None:
            self._stream.speculate()
            self._speculation = self._work.compute(self._consider(self._stream), "speculation")

    def _go_on(self) -> None:
        if self._stream is not None:
            self._stream.resume()
            self._detector.set_patience(self._patience, self._scale)

    async def _consider(self, stream: Stream) -> None:
        """Set how long to wait for more from what was heard up to the pause."""
        try:
            heard = await stream.speculated()
        except RecognitionError as error:
            log.warning("speculative recognition failed: %s", error)
            return
        if heard is None or stream is not self._stream:
            return
        if self._patience is Patience.DICTATION and not heard.choices:
            return
        if _HESITATION.search(heard.text):
            self._detector.set_patience(Patience.HESITANT, self._scale)
        elif heard.choices and heard.choices[0].probability >= _SURE_CHOICE:
            self._detector.set_patience(Patience.COMPLETE, self._scale)
        elif heard.text and self._judge is not None and self._judge.complete(heard.text, heard.alternatives):
            self._detector.set_patience(Patience.COMPLETE, min(_MOST_PATIENT, self._scale * _FREE_SPEECH))

    def _finish(self, start_s: float, end_s: float, at_s: float) -> Spoke | None:
        stream, self._stream = self._stream, None
        self._was_cut_in()
        if stream is None:
            return None
        # kept until the answer is given: a caller who goes on before it is still in the same turn
        self._unanswered = self._sound[-round(_LONGEST_S / FRAME_S) :]
        return Spoke(end_s - start_s, at_s - end_s, self._work.compute(stream.finish(), "recognition"))
