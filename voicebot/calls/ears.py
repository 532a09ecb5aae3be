"""The assistant's ears in one call: 20 ms frames go in, whole turns of the caller come out.

The ears decide when the caller speaks, pauses, cuts in and has finished, and drive the recogniser accordingly:
speculation at the first pause, thrown away if the caller goes on. While the assistant speaks, only what ``BargeIn`` is
sure of counts as the caller. What is decided here is decided from frames; only recognition runs in the background.
"""

import asyncio
import logging
import re
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TypeAlias

import numpy as np

from voicebot.asr.base import Choice, Enough, Hints, RecognitionError, Recognizer, Stream, Transcript
from voicebot.audio.bargein import BargeIn
from voicebot.audio.ending import Ending, hear_ending
from voicebot.audio.frames import FRAME_S, Pcm
from voicebot.audio.settings import TurnSettings
from voicebot.audio.turn import Discarded, Ended, Patience, Paused, PreRoll, Resumed, SpeechStarted, TurnDetector
from voicebot.audio.vad import Voice
from voicebot.calls.work import Work
from voicebot.dialog.turns import Dictation, Expect
from voicebot.load import Load, unpressed

log = logging.getLogger(__name__)

_LONGEST_S = 60.0
_SURE_CHOICE = 0.75
_LONG_PAUSES = 2.0
_ENDING_FRAMES = 150
_SETTLED_PAUSE_S, _DOUBTFUL_PAUSE_S = 0.16, 0.2
"""Recognition waits until a pause is this long, where the voice fell before it and where it did not: half of the pauses
inside sentences are shorter, and what is recognised in them is recognised for nothing."""
_SECOND_THOUGHT_S = 0.6
"""A caller who speaks this soon after our first sound had not finished: nobody reacts to words so fast."""
_LONGEST_SECOND_THOUGHT_S = _SECOND_THOUGHT_S + 0.3
"""By then speech that began in time has been recognised as an interruption."""

Consider: TypeAlias = Callable[[Transcript], Awaitable[bool]]
"""Told what was heard up to a pause, returns whether it is a whole turn; cancelled when the caller goes on."""
Reconsider: TypeAlias = Callable[[], None]
"""Told that the caller went on after a pause."""


@cache
def _open_ending() -> re.Pattern[str]:
    source = resources.files("voicebot.calls").joinpath("open_endings.toml").read_text(encoding="utf-8")
    endings = sorted((words for group in tomllib.loads(source).values() for words in group), key=len, reverse=True)
    return re.compile(rf"(?:^|[\s,.…'])(?:{'|'.join(map(re.escape, endings))})[\s.…,]*$", re.IGNORECASE)


def is_open(text: str) -> bool:
    """Tell whether ``text`` ends on words after which a sentence goes on ("euh", "à", "je voudrais")."""
    return _open_ending().search(text.replace("’", "'")) is not None


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
    ``joined``: it takes in the turn before, which was not over: the caller went on before our answer, or so soon after
    its first sound that they were not reacting to it.
    """

    length_s: float
    silence_s: float
    transcript: "asyncio.Task[Transcript]"
    joined: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """What the caller is answering: what the recogniser should know of it, and how patient to be."""

    hints: Hints = field(default_factory=Hints)
    patience: Patience = Patience.NORMAL


class _SecondThought:
    """For a moment after a turn was taken as over: its question and its sound, in case the caller goes on."""

    def __init__(self, question: _Question, sound: list[Pcm]) -> None:
        self.question = question
        self.sound = sound
        self._heard_frames = 0

    def follow(self, played: bool) -> bool:
        """Take the next frame; return whether going on is still possible."""
        if played or self._heard_frames:
            self._heard_frames += 1
        return self._heard_frames * FRAME_S <= _LONGEST_SECOND_THOUGHT_S

    def covers(self, speech_ago_s: float) -> bool:
        """Return whether speech that began ``speech_ago_s`` ago began too soon to be a reaction."""
        return self._heard_frames * FRAME_S - speech_ago_s <= _SECOND_THOUGHT_S


@dataclass(slots=True)
class _Unread:
    """A pause whose text is not known yet: the ``patience`` it has otherwise, and whether the caller waits for it."""

    patience: Patience | None = None
    hastened: bool = False


def _seconds(patience: Patience) -> float:
    return patience.value


EarEvent = CutIn | FalseAlarm | Spoke


class Ears:
    """Listens for one call at ``rate_hz``; ``load`` is told how long the caller waits to be recognised."""

    def __init__(
        self, recognizer: Recognizer, rate_hz: int, work: Work, settings: TurnSettings, load: Load | None = None
    ) -> None:
        self._recognizer = recognizer
        self._rate_hz = rate_hz
        self._work = work
        self._load = load or unpressed()
        self._enough: Enough | None = None
        self._consider: Consider | None = None
        self._reconsider: Reconsider = lambda: None
        self._usual_scale = self._scale = settings.patience_scale
        self._detector = TurnDetector(rate_hz, settings)
        self._barge_in = BargeIn(rate_hz)
        self._past = PreRoll()
        self._asked = _Question()
        self._question = self._asked
        self._stream: Stream | None = None
        self._sound: list[Pcm] = []
        self._finished: _SecondThought | None = None
        self._ending: asyncio.Task[Ending] | None = None
        self._speculation: asyncio.Task[None] | None = None
        self._alarm_from_cut_in = False
        self._joined = False
        self._playing = False
        self._unread = _Unread()

    def be_patient(self, patient: bool) -> None:
        """Allow pauses twice as long, for a caller who asked for time."""
        self._scale = self._usual_scale * (_LONG_PAUSES if patient else 1.0)

    @property
    def hearing(self) -> bool:
        """Whether the caller is in the middle of a turn."""
        return self._stream is not None

    @property
    def joined(self) -> bool:
        """Whether the turn in progress takes in the one before, which was not over."""
        return self._joined

    def consult(self, enough: Enough, consider: Consider, reconsider: Reconsider) -> None:
        """Ask ``consider`` about what is heard up to each pause, and tell ``reconsider`` when the caller goes on.

        ``enough`` is the recogniser's: whether a first reading needs no better one.
        """
        self._enough, self._consider, self._reconsider = enough, consider, reconsider

    def expect(self, expect: Expect) -> None:
        """Prepare for the answer to what is being asked."""
        hints = Hints(
            choices=tuple(Choice(option.id, option.texts) for option in expect.options),
            phrases=expect.phrases,
            digits=expect.dictation is Dictation.DIGITS,
            words=False,
            enough=self._enough,
        )
        dictated = expect.dictation is not Dictation.NONE and not expect.options
        self._asked = _Question(hints, Patience.DICTATION if dictated else Patience.NORMAL)

    def settle(self) -> None:
        """Know that the last turn is over for good: what comes next is another."""
        self._finished = None

    def drop(self) -> None:
        """Forget the turn in progress: the caller pressed a key instead."""
        if self._stream is not None:
            self._stream.cancel()
            self._load.forget(self._stream)
        self._stream = None
        self._sound = []
        self._finished = None
        self._stop_considering()
        self._detector.reset()

    def close(self) -> None:
        """End with the call: consult nobody any more, so that all the call held is free at once.

        What is asked points at whoever is consulted, and back: such a ring, with the sound of the call, would wait for
        the garbage collector, which counts objects and knows nothing of their size.
        """
        self.drop()
        self._enough, self._consider, self._reconsider = None, None, lambda: None
        self._asked = self._question = _Question()

    def feed(self, frame: Pcm, played: Pcm | None, interruptible: bool = True) -> EarEvent | None:
        """Take 20 ms from the caller and the 20 ms being played to them (``None``: silence)."""
        self._past.push(frame)
        if played is not None and not self._playing:
            self._barge_in.reset()
        self._playing = played is not None
        cut_in = self._barge_in.feed(frame, played)
        voice = self._barge_in.voice
        if self._stream is None and self._finished is not None and not self._finished.follow(self._playing):
            self._finished = None
        if played is not None and self._stream is None:
            self._detector.feed(frame, listening=False, voice=voice)
            return self._cut_in() if cut_in and interruptible else None
        if self._stream is None and self._barge_in.echoing:
            # we have fallen silent, but the line still returns our last words
            self._detector.feed(frame, listening=False, voice=voice)
            return None
        return self._follow(frame, voice)

    def _cut_in(self) -> CutIn:
        self._alarm_from_cut_in = True
        ago_s = self._barge_in.speech_ago_s
        if self._finished is not None and not self._finished.covers(ago_s):
            self._finished = None
        for event in self._detector.begin(self._detector.now_s - ago_s):
            if isinstance(event, SpeechStarted):
                self._open(event.preroll_s)
        return CutIn()

    def _follow(self, frame: Pcm, voice: Voice) -> EarEvent | None:
        if self._stream is not None:
            self._stream.feed(frame)
            self._sound.append(frame)
        for event in self._detector.feed(frame, voice=voice):
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
        self._perhaps_speculate()
        self._perhaps_hasten()
        return None

    def _was_cut_in(self) -> bool:
        was, self._alarm_from_cut_in = self._alarm_from_cut_in, False
        return was

    def _open(self, preroll_s: float) -> None:
        finished, self._finished = self._finished, None
        self._joined = finished is not None
        self._question = self._asked if finished is None else finished.question
        before = [] if finished is None else finished.sound
        self._detector.set_patience(self._question.patience, self._scale)
        self._stream = self._recognizer.open(self._rate_hz, self._question.hints)
        self._sound = [*before, self._past.last(preroll_s)]
        for sound in self._sound:
            self._stream.feed(sound)

    def _pause(self) -> None:
        recent = np.concatenate(self._sound[-_ENDING_FRAMES:])
        self._ending = self._work.compute(asyncio.to_thread(hear_ending, recent, self._rate_hz), "ending")

    def _perhaps_speculate(self) -> None:
        """Start recognising in a pause that lasts, sooner where the voice fell."""
        if self._stream is None or self._ending is None or self._speculation is not None or not self._ending.done():
            return
        ending = self._ending.result()
        wait_s = _SETTLED_PAUSE_S if ending is Ending.FALLEN else _DOUBTFUL_PAUSE_S
        if self._detector.silence_s >= wait_s - 1e-9:
            patience = self._question.patience
            if ending is Ending.RAISED and patience is Patience.NORMAL:
                patience = Patience.OPEN
            self._unread = _Unread(patience)
            # no answer is possible before the text is known, and the text may say that there is more to come
            self._detector.set_patience(max(patience, Patience.HESITANT, key=_seconds), self._scale)
            self._stream.speculate()
            self._speculation = self._work.compute(self._weigh(self._stream, ending, patience), "speculation")

    def _perhaps_hasten(self) -> None:
        """Count the caller as waiting once only the text is missing to know that they have finished."""
        stream, unread = self._stream, self._unread
        if stream is None or unread.patience is None or unread.hastened:
            return
        if self._detector.silence_s >= unread.patience.value * self._scale - 1e-9:
            unread.hastened = True
            self._load.begin(stream)
            stream.hasten()

    def _go_on(self) -> None:
        if self._stream is not None:
            self._stream.resume()
            self._load.forget(self._stream)
            self._stop_considering()
            self._reconsider()
            self._detector.set_patience(self._question.patience, self._scale)

    def _stop_considering(self) -> None:
        if self._speculation is not None:
            self._speculation.cancel()
        self._speculation = self._ending = None
        self._unread = _Unread()

    async def _weigh(self, stream: Stream, ending: Ending, patience: Patience) -> None:
        """Set how long to wait for more, from what was heard up to the pause and from how the voice ended."""
        heard = None
        try:
            heard = await stream.speculated()
        except RecognitionError as error:
            log.warning("speculative recognition failed: %s", error)
        if stream is not self._stream:
            return
        is_left_open = heard is not None and patience is not Patience.DICTATION and is_open(heard.text)
        self._read(stream, Patience.HESITANT if is_left_open else patience)
        if heard is None:
            return
        whole = heard.text != "" and self._consider is not None and await self._consider(heard)
        if stream is not self._stream or (self._question.patience is Patience.DICTATION and not heard.choices):
            return
        if is_left_open:
            return
        if heard.choices and heard.choices[0].probability >= _SURE_CHOICE:
            self._detector.set_patience(Patience.ASSURED, self._scale)
        elif whole:
            fallen = ending is Ending.FALLEN
            self._detector.set_patience(Patience.ASSURED if fallen else Patience.COMPLETE, self._scale)

    def _read(self, stream: Stream, patience: Patience) -> None:
        """Wait as ``patience`` says now that the text up to the pause is known, or will not be."""
        self._detector.set_patience(patience, self._scale)
        self._unread.patience = None
        if self._unread.hastened and patience is Patience.HESITANT:
            # it is the caller who is waited for now
            self._load.end(stream)
            self._unread = _Unread()

    def _finish(self, start_s: float, end_s: float, at_s: float) -> Spoke | None:
        stream, self._stream = self._stream, None
        self._speculation = self._ending = None
        self._was_cut_in()
        if stream is None:
            return None
        # kept for a moment: a caller who goes on now is still in the same turn
        self._finished = _SecondThought(self._question, self._sound[-round(_LONGEST_S / FRAME_S) :])
        joined, self._joined = self._joined, False
        if not self._unread.hastened:
            self._load.begin(stream)
        self._unread = _Unread()
        transcript = self._work.compute(stream.finish(), "recognition")
        transcript.add_done_callback(lambda _: self._load.end(stream))
        return Spoke(end_s - start_s, at_s - end_s, transcript, joined)
