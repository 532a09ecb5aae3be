"""When the caller's turn begins, pauses and ends.

Three layers: ``Vad`` says which frames hold voice, ``TurnMachine`` decides from that alone (no sound, no clock: time is
counted in frames), ``TurnDetector`` joins the two for a line. ``PreRoll`` keeps the last sound, so that the recogniser
hears the first phoneme although the turn is only recognised as such some frames later.

A turn ends in two stages. At the first short pause ``Paused`` is given, and recognition can start speculatively. The
turn ends when the silence has lasted as long as the caller's patience asks: the driver, who knows the question and has
perhaps the speculative text, sets that at any moment with ``set_patience``.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np

from voicebot.audio.frames import FRAME_MS, FRAME_S, Pcm
from voicebot.audio.settings import TurnSettings, VadSettings
from voicebot.audio.vad import Vad, Voice


class Patience(Enum):
    """How long a silence ends the turn, in seconds, before scaling."""

    ASSURED = 0.38
    """A complete and confident answer was already heard, and the voice fell as at the end of a sentence."""
    COMPLETE = 0.64
    """A complete and confident answer was already heard; the voice says nothing, or asks."""
    NORMAL = 0.74
    OPEN = 0.95
    """Nothing complete was heard, and the voice stayed up."""
    HESITANT = 1.3
    """The last thing heard was a hesitation ("euh...") or a sentence left open."""
    DICTATION = 1.8
    """Digits or letters are being dictated, in groups."""


class EndReason(Enum):
    """Why a turn ended."""

    SILENCE = "silence"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak at ``at_s``; the recogniser should hear the last ``preroll_s`` of sound as well.

    ``preroll_s`` counts back from the end of the frame just fed, this frame included.
    """

    at_s: float
    preroll_s: float


@dataclass(frozen=True, slots=True)
class Paused:
    """The caller fell silent a moment ago, at ``speech_end_s``, and may have finished."""

    at_s: float
    speech_end_s: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """The caller went on after a pause."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The turn is over: speech from ``speech_start_s`` to ``speech_end_s``, known at ``at_s``."""

    at_s: float
    speech_start_s: float
    speech_end_s: float
    reason: EndReason = EndReason.SILENCE


@dataclass(frozen=True, slots=True)
class Discarded:
    """What began was no speech (a click, a cough, a door): forget it."""

    at_s: float


TurnEvent: TypeAlias = SpeechStarted | Paused | Resumed | Ended | Discarded

_START_GAP_FRAMES = 3
_RESUME_GAP_FRAMES = 3
_VOICED_FRAMES = 3
_UNVOICED_START_FRAMES = 25
_LONG_UNVOICED_FRAMES = 40
_DISCARDED_AFTER_S = 0.2
"""What began and was no speech is forgotten after this much silence: the caller may be at the first syllable."""


class TurnMachine:
    """The decisions, from one ``(speech, voiced)`` pair a frame. Times are seconds from the first frame.

    Outside a turn, speech must last ``start_ms`` (short gaps allowed) and hold a vowel, or half a second without, to
    begin one. Inside a turn, after a gap, two
    speech frames out of three are needed to go on, so that a click in a silence does not prolong it.
    """

    def __init__(self, settings: TurnSettings = TurnSettings()) -> None:
        self._settings = settings
        self._patience = Patience.NORMAL
        self._scale = settings.patience_scale
        self._frame = 0
        self._start_frames = max(1, settings.start_ms // FRAME_MS)
        self._forget()

    def _forget(self) -> None:
        self._open = False
        self._paused = False
        self._first = -1
        self._last = -1
        self._speech_frames = 0
        self._voiced_frames = 0
        self._unconfirmed = -1

    @property
    def now_s(self) -> float:
        """Seconds of sound fed so far."""
        return self._frame * FRAME_S

    @property
    def in_turn(self) -> bool:
        """Whether the caller is speaking or in a pause that has not ended the turn."""
        return self._open

    @property
    def silence_s(self) -> float:
        """Seconds since the last sample of speech, inside a turn; 0 outside."""
        return (self._frame - self._last - 1) * FRAME_S if self._open else 0.0

    def set_patience(self, patience: Patience, scale: float | None = None) -> None:
        """Change how long a silence ends the turn, this one included; ``scale`` replaces the settings' if given."""
        self._patience = patience
        if scale is not None:
            self._scale = self._settings.scaled(scale).patience_scale

    def required_silence_s(self) -> float:
        """Return the silence that ends the turn now."""
        return max(self._patience.value * self._scale, self._settings.pause_ms / 1000 + FRAME_S)

    def begin(self, speech_start_s: float) -> tuple[TurnEvent, ...]:
        """Open a turn at a past moment, when something else has recognised speech (a barge-in).

        One more vowel must follow, or the turn is discarded at the first pause: it was a false alarm.
        """
        if self._open:
            return ()
        self._forget()
        first = min(max(0, round(speech_start_s / FRAME_S)), max(0, self._frame - 1))
        return self._start(first, max(first, self._frame - 1), speech=self._frame - first, voiced=_VOICED_FRAMES - 1)

    def reset(self) -> None:
        """Forget the turn in progress, without an event; patience stays."""
        self._forget()

    def feed(self, speech: bool, voiced: bool = True) -> tuple[TurnEvent, ...]:
        """Take the next frame and return what happened, in order."""
        frame = self._frame
        self._frame += 1
        if not self._open:
            return self._wait(frame, speech, voiced)
        events: list[TurnEvent] = []
        if speech and self._goes_on(frame):
            self._last = frame
            self._speech_frames += 1
            if self._paused:
                self._paused = False
                events.append(Resumed(self.now_s))
        self._voiced_frames += speech and voiced
        events += self._settle(speech)
        return tuple(events)

    def _wait(self, frame: int, speech: bool, voiced: bool) -> tuple[TurnEvent, ...]:
        if self._first >= 0 and frame - self._last > _START_GAP_FRAMES:
            self._forget()
        if not speech:
            return ()
        if self._first < 0:
            self._first = frame
        self._last = frame
        self._speech_frames += 1
        self._voiced_frames += voiced
        # a fricative may come first: the preroll covers it; a whisper has no vowel at all, but lasts
        known = self._voiced_frames > 0 or self._speech_frames >= _UNVOICED_START_FRAMES
        if self._speech_frames < self._start_frames or not known:
            return ()
        return self._start(self._first, frame, self._speech_frames, self._voiced_frames)

    def _start(self, first: int, last: int, speech: int, voiced: int) -> tuple[TurnEvent, ...]:
        self._open = True
        self._first, self._last = first, last
        self._speech_frames, self._voiced_frames = speech, voiced
        preroll = (self._frame - first) * FRAME_S + self._settings.preroll_ms / 1000
        return (SpeechStarted(first * FRAME_S, min(preroll, self.now_s)),)

    def _goes_on(self, frame: int) -> bool:
        """Whether this speech frame belongs to the speech before it."""
        if frame - self._last <= _RESUME_GAP_FRAMES:
            self._unconfirmed = -1
            return True
        confirmed = self._unconfirmed >= 0 and frame - self._unconfirmed <= 2
        self._unconfirmed = -1 if confirmed else frame
        return confirmed

    def _settle(self, speech: bool) -> list[TurnEvent]:
        now_s, end_s = self.now_s, (self._last + 1) * FRAME_S
        silence_s = self.silence_s
        if (self._frame - self._first) * FRAME_S >= self._settings.max_turn_s:
            return self._finish(now_s, end_s, EndReason.TOO_LONG)
        events: list[TurnEvent] = []
        if not self._is_speech():
            if silence_s < max(_DISCARDED_AFTER_S, self._settings.pause_ms / 1000) - 1e-9:
                return []
            self._forget()
            return [Discarded(now_s)]
        if not self._paused and silence_s >= self._settings.pause_ms / 1000 - 1e-9:
            self._paused = True
            events.append(Paused(now_s, end_s))
        # a frame of speech awaiting confirmation suspends the decision: the caller may be going on
        if self._paused and not speech and silence_s >= self.required_silence_s() - 1e-9:
            events += self._finish(now_s, end_s, EndReason.SILENCE)
        return events

    def _finish(self, now_s: float, end_s: float, reason: EndReason) -> list[TurnEvent]:
        start_s, spoken = self._first * FRAME_S, self._is_speech()
        self._forget()
        return [Ended(now_s, start_s, end_s, reason)] if spoken else [Discarded(now_s)]

    def _is_speech(self) -> bool:
        if self._speech_frames * FRAME_MS < self._settings.min_speech_ms:
            return False
        # a whisper has no voiced frame but goes on; a cough or a breath does not
        return self._voiced_frames >= _VOICED_FRAMES or self._speech_frames >= _LONG_UNVOICED_FRAMES


class TurnDetector:
    """``TurnMachine`` on a line's sound at ``rate_hz``.

    Feed it every frame of the call. While the caller is not listened to (an announcement that cannot be interrupted),
    pass ``listening=False``: the line's noise is learnt, nothing begins, what had begun is forgotten.
    """

    def __init__(self, rate_hz: int, settings: TurnSettings = TurnSettings(), vad: VadSettings = VadSettings()) -> None:
        self._machine = TurnMachine(settings)
        self._vad = Vad(rate_hz, vad)
        self.voice = Voice(False, False, 0.0, 0.0)
        """What the last frame held."""

    @property
    def now_s(self) -> float:
        """Seconds of sound fed so far."""
        return self._machine.now_s

    @property
    def in_turn(self) -> bool:
        """Whether the caller is speaking or in a pause that has not ended the turn."""
        return self._machine.in_turn

    @property
    def silence_s(self) -> float:
        """Seconds since the last sample of speech, inside a turn; 0 outside."""
        return self._machine.silence_s

    def feed(self, frame: Pcm, listening: bool = True, voice: Voice | None = None) -> tuple[TurnEvent, ...]:
        """Take the next 20 ms and return what happened, in order; ``voice`` is what they hold, if already known."""
        self.voice = self._vad.feed(frame) if voice is None else voice
        if not listening:
            self._machine.reset()
            self._machine.feed(False, False)
            return ()
        return self._machine.feed(self.voice.speech, self.voice.voiced)

    def set_patience(self, patience: Patience, scale: float | None = None) -> None:
        """Change how long a silence ends the turn, this one included; ``scale`` replaces the settings' if given.

        Raises:
            ValueError: ``scale`` is outside 0.5 to 4.
        """
        self._machine.set_patience(patience, scale)

    def begin(self, speech_start_s: float) -> tuple[TurnEvent, ...]:
        """Open a turn that began at ``speech_start_s``, as known from elsewhere (a barge-in); nothing if one is open.

        The event's ``preroll_s`` reaches back to that moment and ``preroll_ms`` before.
        """
        return self._machine.begin(speech_start_s)

    def reset(self) -> None:
        """Forget the turn in progress, without an event; the line's noise and patience stay known."""
        self._machine.reset()


class PreRoll:
    """The last ``capacity_s`` of sound, frame by frame."""

    def __init__(self, capacity_s: float = 1.5) -> None:
        self._frames: deque[Pcm] = deque(maxlen=max(1, round(capacity_s / FRAME_S)))

    def push(self, frame: Pcm) -> None:
        """Remember one frame, forgetting the oldest when full."""
        self._frames.append(frame)

    def last(self, seconds: float) -> Pcm:
        """Return the last ``seconds`` of sound in one piece: all there is, if that is less."""
        count = min(len(self._frames), max(0, round(seconds / FRAME_S)))
        if count == 0:
            return np.zeros(0, dtype=np.int16)
        return np.concatenate(list(self._frames)[-count:])

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()
