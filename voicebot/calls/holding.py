"""The caller's side of a hand-over: what they hear while they wait, and what they may say or press meanwhile.

Music plays whenever nothing is said and nothing is heard of the caller. What the caller says is put to the brain apart
from the conversation; it only counts when it leads elsewhere (a callback, a message, an emergency, goodbye): anything
else is talk beside the telephone.
"""

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from voicebot.asr.base import RecognitionError, Transcript
from voicebot.audio.frames import Pcm
from voicebot.calls.ears import CutIn, Ears, Spoke
from voicebot.calls.handover import Connected, Cue, HandOver, Queued, Ringing, StillRinging
from voicebot.calls.keys import Keypad
from voicebot.calls.mind import Mind, Thought
from voicebot.calls.mouth import Mouth
from voicebot.calls.music import HoldMusic
from voicebot.calls.record import TurnRecord
from voicebot.calls.sentences import Sentences
from voicebot.dialog.turns import Ask, HangUp, Heard, Record, Reply, Say, Transfer

log = logging.getLogger(__name__)

_SURE = 0.6


@dataclass(slots=True)
class Senses:
    """What a call speaks, listens and thinks with."""

    ears: Ears
    mouth: Mouth
    keypad: Keypad
    mind: Mind


@dataclass(slots=True)
class WayOut:
    """What the caller said or pressed on hold, and where it leads."""

    turn: TurnRecord
    thought: Thought


class Holding:
    """One caller on hold during ``handover``. ``frame``, then ``step``, once a frame each."""

    def __init__(self, handover: HandOver, senses: Senses, sentences: Sentences, rate_hz: int) -> None:
        self.handover = handover
        self._senses = senses
        self._sentences: dict[str, Iterator[str]] = {
            "ring": itertools.cycle(sentences.transferring),
            "still_ringing": itertools.cycle(sentences.still_ringing),
            "answer": itertools.cycle(sentences.connected),
        }
        self._music = HoldMusic(rate_hz)
        self._inviting = False
        self._spoken: tuple[TurnRecord, Spoke] | None = None
        self._thinking: WayOut | None = None
        self._ask(None)

    @property
    def takes_words(self) -> bool:
        """Whether the caller may still say something else: not once an adviser has picked up."""
        return not self.handover.connected

    def sound(self, out: Pcm | None) -> Pcm | None:
        """Return what the caller hears: words (``out``), else music unless they are speaking themselves."""
        if out is not None or self.handover.connected or self._senses.ears.hearing:
            return out
        return self._music.frame()

    def listen(self, pcm: Pcm, out: Pcm | None, now_s: float) -> bool:
        """Take 20 ms of the caller; return whether the assistant must fall silent at once."""
        if not self.takes_words:
            return False
        match self._senses.ears.feed(pcm, out):
            case CutIn():
                return True
            case Spoke() as spoke:
                end_s = now_s - spoke.silence_s
                self._spoken = (TurnRecord(end_s - spoke.length_s, "voice", speech_end_s=end_s), spoke)
        return False

    def press(self, keys: str, now_s: float) -> None:
        """Take keys."""
        if self.takes_words:
            turn = TurnRecord(now_s, "keys", heard=keys)
            self._thinking = WayOut(turn, self._senses.mind.answer(Heard(keys=keys)))

    def step(self) -> bool:
        """Go on; return whether the assistant now waits for the caller, having said where they are in the queue."""
        cue = self.handover.step()
        if cue is not None:
            self._tell(cue)
        if self._inviting and not self._senses.mouth.busy:
            self._inviting = False
            return True
        return False

    def way_out(self) -> WayOut | None:
        """Return where the caller wants to go instead, once it is known."""
        if self._spoken is not None and self._spoken[1].transcript.done():
            (turn, spoke), self._spoken = self._spoken, None
            heard = _transcript(spoke)
            if heard is not None and (heard.text or heard.choices):
                turn.heard = heard.text
                choices = tuple((choice.id, choice.probability) for choice in heard.choices)
                asked = Heard(heard.text, heard.alternatives, heard.confidence, choices)
                self._thinking = WayOut(turn, self._senses.mind.answer(asked))
        thinking = self._thinking
        if thinking is None or not thinking.thought.reply.done():
            return None
        self._thinking = None
        if thinking.thought.reply.exception() is not None:
            return None
        return thinking if self._leads_elsewhere(thinking.thought.reply.result()) else None

    def _leads_elsewhere(self, reply: Reply) -> bool:
        if reply.intent is not None and reply.confidence < _SURE:
            return False
        return any(
            isinstance(action, Ask | HangUp | Record)
            or (isinstance(action, Transfer) and action.target != self.handover.target.id)
            for action in reply.actions
        )

    def _tell(self, cue: Cue) -> None:
        mouth = self._senses.mouth
        match cue:
            case Queued() as queued:
                mouth.say(self._ask(queued).says, answer=False)
                self._inviting = True
            case Ringing():
                mouth.say([Say(next(self._sentences["ring"]))], answer=False)
            case StillRinging():
                mouth.say([Say(next(self._sentences["still_ringing"]))], answer=False)
            case Connected():
                self._senses.ears.drop()
                mouth.say([Say(next(self._sentences["answer"]), barge_in=False)], answer=False)

    def _ask(self, queued: Queued | None) -> Reply:
        """Have the brain know what the caller may answer to the wait, and return its words."""
        reply = self._senses.mind.dialogue.on_hold(None if queued is None else (queued.ahead, queued.minutes))
        self._senses.ears.expect(reply.expect)
        self._senses.keypad.expect(reply.expect)
        return reply


def _transcript(spoke: Spoke) -> Transcript | None:
    try:
        return spoke.transcript.result()
    except RecognitionError as error:
        log.warning("words on hold could not be recognised: %s", error)
        return None
