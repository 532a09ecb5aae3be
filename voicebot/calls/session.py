"""One call, from answer to hang-up: a loop of 20 ms frames and one door for its state.

Each tick plays a frame, hears a frame, takes the keys, and collects what was being computed. Nothing in the loop waits
for anything but the line: recognition, the brain and the voice work in the background (``Work``) and their results are
collected at a tick. So a replayed call on a virtual clock runs the very same code as a real one.
"""

import asyncio
import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from voicebot.asr.base import RecognitionError, Transcript
from voicebot.audio.frames import FRAME_S, LINE_HZ, Pcm
from voicebot.calls.desk import Desk
from voicebot.calls.ears import CutIn, Ears, FalseAlarm, Spoke
from voicebot.calls.handover import HandOver
from voicebot.calls.holding import Holding, Senses, WayOut
from voicebot.calls.keys import Keypad
from voicebot.calls.mind import Mind, Thought
from voicebot.calls.mouth import Mouth, silent_frame
from voicebot.calls.ports import Dialogue, Targets, VoiceStore, Witness
from voicebot.calls.record import CallRecord, TransferRecord, TurnRecord
from voicebot.calls.sentences import Sentences
from voicebot.calls.settings import MessageSettings
from voicebot.calls.states import MOVES, State
from voicebot.calls.transfer import briefed
from voicebot.calls.voicemail import Voicemail
from voicebot.calls.work import Work
from voicebot.clock import Clock
from voicebot.dialog.turns import (
    DropVoice,
    HangUp,
    Heard,
    KeepVoice,
    Opinion,
    PlayVoice,
    Prefer,
    Record,
    RecordVoice,
    Reply,
    Say,
    Subscribe,
    Transfer,
    Unsubscribe,
    Voiced,
)
from voicebot.load import Load, Pressure, unpressed
from voicebot.telephony.base import ON_HOLD, CallEnded, Leg, Tick, TransferOrder

log = logging.getLogger(__name__)

_MUMBLE_S = 1.0
"""Sound this long that gave no word was speech we failed to understand, not noise."""
_LAST_WORD_S = 0.4
"""The line stays open this long after the last word, so that its end is heard."""
_PARTING_S = 0.3
_TROUBLES_ALLOWED = 2
_AGAIN_S = 4.0
"""A caller who is still waiting is told so again after this much more silence, when many wait."""
_STANDS_AFTER_S = 0.95
"""An answer heard for this long stands: a caller who had not finished would have been noticed."""


@dataclass(frozen=True, slots=True)
class Company:
    """Those a call needs: the brain's conversation, the advisers, the line's sentences, and who follows the call."""

    dialogue: Dialogue
    targets: Targets
    sentences: Sentences
    witnesses: Sequence[Witness] = ()
    desk: Desk | None = None
    """The advisers as all calls see them; ``None``: this call alone."""
    voices: VoiceStore | None = None
    """Where messages are put; ``None``: none can be recorded."""
    load: Load = field(default_factory=unpressed)
    """How hard pressed the process is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``max_s`` ends the call; ``sign_of_life_s`` of silence while an answer is worked out is covered by words.

    ``message`` bounds the messages that are recorded.
    """

    max_s: float = 1800.0
    sign_of_life_s: float = 1.0
    message: MessageSettings = field(default_factory=MessageSettings)


@dataclass(slots=True)
class _Pending:
    """A turn being understood: its record, what the recogniser owes, then what the brain owes."""

    turn: TurnRecord
    transcript: "asyncio.Task[Transcript] | None" = None
    thought: Thought | None = None
    transcript_s: float = 0.0
    reply_s: float = 0.0
    ended_s: float = 0.0
    played: float = 1.0
    signs: int = 0


class CallSession:
    """The conversation on one leg. ``run`` is called once."""

    def __init__(
        self, leg: Leg, ears: Ears, mouth: Mouth, company: Company, work: Work, clock: Clock, record: CallRecord
    ) -> None:
        self._leg = leg
        self._ears = ears
        self._mouth = mouth
        self._company = company
        self._work = work
        self._clock = clock
        self._record = record
        self._limits = Limits()
        self._keypad = Keypad()
        self._state = State.SPEAKING
        self._silent = silent_frame(leg.rate_hz)
        self._start_s = clock.monotonic()
        self._reply = Reply(says=())
        self._pending: _Pending | None = None
        self._answering: _Pending | None = None
        self._unsettled: _Pending | None = None
        self._played = 1.0
        self._quiet_s = 0.0
        self._holding: Holding | None = None
        self._troubles = 0
        self._keys_offered = False
        self._words: dict[str, Iterator[str]] = {}
        self._mind = Mind(company.dialogue, work)
        self._voicemail = Voicemail(company.voices, self._limits.message, leg.rate_hz)
        ears.consult(self._enough, self._consider, self._reconsider)

    @property
    def state(self) -> State:
        """What the call is doing now."""
        return self._state

    def limit(self, limits: Limits) -> None:
        """Replace the default limits; before ``run``."""
        self._limits = limits
        self._voicemail = Voicemail(self._company.voices, limits.message, self._leg.rate_hz)

    async def run(self) -> CallRecord:
        """Hold the conversation until either side hangs up; return what happened. Never raises for a failed part."""
        try:
            await self._leg.answer()
            self._start_s = self._clock.monotonic()
            self._open()
            while self._state is not State.ENDED and (tick := await self._leg.tick()) is not None:
                self._step(tick)
        except CallEnded:
            log.info("the caller hung up before the call was answered")
        except Exception:
            self._record.failed = True
            log.exception("the call failed")
        finally:
            await self._end()
        return self._record

    async def _end(self) -> None:
        if self._holding is not None:
            await self._holding.handover.part(_PARTING_S)
            self._record.transfer = self._holding.handover.record
        self._settle()
        self._record.duration_s = self._now_s()
        self._keep_what_was_left()
        left = await self._voicemail.close(self._record.records)
        if left is not None:
            self._record.records.append(left)
        await self._leg.hang_up()
        self._record.stats = self._leg.stats()
        self._record.hole_s = self._mouth.longest_hole_s
        self._ears.close()
        await self._work.close()
        for witness in self._company.witnesses:
            witness.ended(self._record)

    def _keep_what_was_left(self) -> None:
        try:
            self._record.records.extend(self._mind.dialogue.left())
        except Exception:
            log.exception("what the caller had begun could not be kept")

    def _now_s(self) -> float:
        return self._clock.monotonic() - self._start_s

    def _move_to(self, state: State) -> None:
        if state not in MOVES[self._state]:
            raise AssertionError(f"no way from {self._state.value} to {state.value}")
        if state is not self._state:
            log.debug("%s -> %s", self._state.value, state.value)
        self._state = state
        self._quiet_s = 0.0

    def _open(self) -> None:
        reply = self._mind.dialogue.greet()
        self._record.greeting = reply.text
        self._act_on(reply)

    def _step(self, tick: Tick) -> None:
        # a caller who goes on before the answer has begun is not talked over
        out = None if self._ears.hearing and self._mouth.about_to_speak else self._mouth.frame()
        said = out is not None
        if self._holding is not None:
            out = self._holding.sound(out)
        elif self._state is State.RECORDING:
            said, out = False, self._voicemail.tone()
        self._leg.play(self._silent if out is None else out, self._mouth.upcoming if said else None)
        for witness in self._company.witnesses:
            witness.frame(tick.pcm, self._silent if out is None else out)
        if said:
            self._note_answer_started()
        if self._state is State.RECORDING:
            self._follow_recording(tick)
            return
        keys = self._keypad.meant(tick.keys)
        entry = self._keypad.feed(keys, hold=self._pending is not None and self._pending.thought is not None)
        if keys or entry is not None:
            self._pressed()
        heard_out = not self._mouth.busy or self._mouth.interruptible
        if entry is not None and heard_out and self._state in (State.SPEAKING, State.LISTENING, State.THINKING):
            self._take_keys(entry)
        elif entry is not None and self._holding is not None:
            self._holding.press(entry, self._now_s())
        self._listen(tick.pcm, out)
        self._collect()
        self._move_on()

    def _follow_recording(self, tick: Tick) -> None:
        voice = self._voicemail.take(tick.pcm, tick.keys)
        if voice is not None:
            self._take_voice(voice, self._now_s() - voice.duration_s)
        elif self._voicemail.just_began:
            self._leg.awaiting(self._reply.expect.slot)

    def _take_voice(self, voice: Voiced | None, since_s: float) -> None:
        self._think(self._ask_brain(_Pending(TurnRecord(since_s, "recording")), Heard(voiced=voice)))

    def _listen(self, pcm: Pcm, out: Pcm | None) -> None:
        if self._holding is not None and self._holding.listen(pcm, out, self._now_s()):
            self._mouth.stop(self._leg.flush())
        if self._state in (State.TRANSFERRING, State.ENDING, State.ENDED):
            return
        match self._ears.feed(pcm, out, self._mouth.interruptible):
            case CutIn():
                self._played = self._mouth.stop(self._leg.flush())
            case FalseAlarm():
                self._take_up_again()
            case Spoke() as spoke:
                self._take_speech(spoke)

    def _take_up_again(self) -> None:
        if self._played < 1.0:
            self._mouth.resume(self._played)
        self._played = 1.0

    def _take_speech(self, spoke: Spoke) -> None:
        end_s = self._now_s() - spoke.silence_s
        turn = TurnRecord(end_s - spoke.length_s, "voice", interrupted=self._played < 1.0, speech_end_s=end_s)
        played = self._played
        before = self._pending or self._unsettled
        if spoke.joined and before is not None:
            turn.t_s, turn.interrupted, played = before.turn.t_s, before.turn.interrupted, before.played
            if before is self._unsettled:
                self._take_back()
        self._settle()
        turn.parts_s["end_of_turn"] = spoke.silence_s
        self._think(_Pending(turn, spoke.transcript, ended_s=self._now_s(), played=played))

    def _take_back(self) -> None:
        """Undo the last answer, of which hardly anything was heard: the turn it answered was not over."""
        self._mouth.stop(self._leg.flush())
        self._unsettled = None
        self._mind.take_back()

    def _going_on_from(self) -> _Pending | None:
        """The turn that the caller is going on with, if they are."""
        return (self._pending or self._unsettled) if self._ears.joined else None

    def _enough(self, text: str, confidence: float) -> bool:
        """Return whether a first reading of the turn is all that is needed; called from a worker thread."""
        before = self._going_on_from()
        played = self._played if before is None else before.played
        heard = Heard(text, confidence=confidence, played=played)
        return self._mind.is_whole(heard, before is not None and before is self._unsettled)

    async def _consider(self, heard: Transcript) -> bool:
        """Prepare the answer to what may be a whole turn; return whether it is."""
        before = self._going_on_from()
        played = self._played if before is None else before.played
        thought = self._mind.prepare(_heard(heard, played), before is not None and before is self._unsettled)
        reply = await asyncio.shield(thought.reply)
        # what is not understood will probably be answered otherwise: no sound is made for it yet
        if reply.whole:
            self._mouth.prepare(reply)
        return reply.whole

    def _reconsider(self) -> None:
        self._mind.forget()
        self._mouth.forget()

    def _pressed(self) -> None:
        """Keys silence the assistant and what the caller was saying, at once."""
        if self._state in (State.TRANSFERRING, State.ENDING):
            return
        if self._mouth.busy and self._mouth.interruptible:
            self._played = self._mouth.stop(self._leg.flush())
        self._ears.drop()
        self._quiet_s = 0.0

    def _take_keys(self, entry: str) -> None:
        turn = TurnRecord(self._now_s(), "keys", heard=entry, interrupted=self._played < 1.0)
        self._settle()
        self._think(self._ask_brain(_Pending(turn), Heard(keys=entry, played=self._played)))

    def _take_silence(self) -> None:
        turn = TurnRecord(self._now_s(), "silence")
        self._settle()
        self._think(self._ask_brain(_Pending(turn), Heard(silent=True, confidence=0.0)))

    def _think(self, pending: _Pending) -> None:
        self._played = 1.0
        self._pending = pending
        self._answering = None
        self._move_to(State.THINKING)

    def _ask_brain(self, pending: _Pending, heard: Heard) -> _Pending:
        pending.transcript_s = self._now_s()
        pending.thought = self._mind.answer(heard)
        return pending

    def _collect(self) -> None:
        """Take what was being computed, if it is ready, unless the caller goes on: then their turn is not over."""
        pending = self._pending
        if pending is None or self._ears.hearing:
            return
        if pending.thought is None and pending.transcript is not None and pending.transcript.done():
            self._take_transcript(pending, pending.transcript)
        if pending.thought is not None and pending.thought.reply.done():
            self._take_reply(pending, pending.thought)
        elif not self._mouth.busy:
            self._perhaps_reassure(pending)

    def _perhaps_reassure(self, pending: _Pending) -> None:
        """Cover a silence with a sign of life; where many wait, with the keys, then a word from time to time."""
        if self._quiet_s < self._limits.sign_of_life_s:
            return
        pressure = self._company.load.pressure
        if pressure >= Pressure.KEYS and not self._keys_offered:
            self._keys_offered, kind = True, "crowded"
        elif not pending.signs:
            kind = "sign_of_life"
        elif pressure >= Pressure.QUEUE and self._quiet_s >= _AGAIN_S:
            kind = "queued"
        else:
            return
        pending.signs += 1
        self._mouth.say([Say(self._word(kind))], answer=False)

    def _take_transcript(self, pending: _Pending, task: "asyncio.Task[Transcript]") -> None:
        turn = pending.turn
        turn.parts_s["recognition"] = self._now_s() - pending.ended_s
        try:
            heard = task.result()
        except RecognitionError as error:
            log.error("recognition failed: %s", error)
            self._pending = None
            self._say_trouble("not_heard", turn)
            return
        turn.heard = heard.text
        if not heard.text and not heard.choices and (turn.speech_end_s or 0.0) - turn.t_s < _MUMBLE_S:
            self._pending = None
            self._ears.expect(self._reply.expect)
            self._ears.settle()
            if turn.interrupted:
                self._move_to(State.SPEAKING)
                self._mouth.resume(pending.played)
            else:
                self._move_to(State.LISTENING)
            return
        self._ask_brain(pending, _heard(heard, pending.played))

    def _take_reply(self, pending: _Pending, thought: Thought) -> None:
        self._pending = None
        turn = pending.turn
        pending.reply_s = self._now_s()
        turn.parts_s["understanding"] = pending.reply_s - pending.transcript_s
        error = thought.reply.exception()
        if error is not None:
            log.error("the brain failed on a turn", exc_info=error)
            self._say_trouble("trouble", turn)
            return
        reply = thought.reply.result()
        if any(isinstance(action, KeepVoice) for action in reply.actions):
            pending.thought = self._mind.after(thought, self._keep_voice())
            self._pending = pending
            return
        turn.intent, turn.confidence, turn.entities = reply.intent, reply.confidence, reply.entities
        turn.said = reply.text
        self._mind.give(thought)
        self._answering = self._unsettled = pending
        self._act_on(reply)

    async def _keep_voice(self) -> Heard:
        return Heard(voiced=await self._voicemail.keep())

    def _settle(self) -> None:
        """Let the last answer stand: what it promised is kept, and who follows the call is told."""
        pending, self._unsettled = self._unsettled, None
        if pending is None or pending.thought is None:
            return
        reply = pending.thought.reply.result()
        self._keep(reply)
        self._note_turn(pending.turn)

    def _keep(self, reply: Reply) -> None:
        self._record.answered = self._record.answered or reply.answered
        self._record.public = reply.public or self._record.public
        self._record.records.extend(action for action in reply.actions if isinstance(action, Record))
        self._record.survey.update({one.question: one.answer for one in reply.actions if isinstance(one, Opinion)})
        self._record.preferences.update({one.name: one.value for one in reply.actions if isinstance(one, Prefer)})
        self._record.news.extend(one for one in reply.actions if isinstance(one, Subscribe | Unsubscribe))
        if any(isinstance(action, DropVoice) for action in reply.actions):
            self._voicemail.drop()

    def _note_turn(self, turn: TurnRecord) -> None:
        self._record.turns.append(turn)
        for witness in self._company.witnesses:
            witness.turn(self._record, turn)

    def _act_on(self, reply: Reply) -> None:
        self._reply = reply
        self._ears.be_patient(reply.patient)
        self._ears.expect(reply.expect)
        self._keypad.expect(reply.expect)
        self._move_to(State.SPEAKING)
        handing_over = any(isinstance(action, Transfer) for action in reply.actions)
        self._mouth.answer(reply, interruptible=not handing_over)

    def _note_answer_started(self) -> None:
        answering = self._answering
        if answering is None or not self._mouth.answering:
            return
        self._answering = None
        answering.turn.answer_s = self._now_s()
        answering.turn.parts_s["voice"] = answering.turn.answer_s - answering.reply_s

    def _say_trouble(self, kind: str, turn: TurnRecord) -> None:
        self._troubles += 1
        self._ears.settle()
        words = self._word(kind)
        turn.said = words
        self._note_turn(turn)
        if self._troubles > _TROUBLES_ALLOWED:
            self._record.failed = True
            self._reply = Reply(says=(), actions=(HangUp(),), expect=self._reply.expect)
        self._ears.expect(self._reply.expect)
        self._keypad.expect(self._reply.expect)
        self._move_to(State.SPEAKING)
        self._mouth.say([Say(words)], answer=False)

    def _move_on(self) -> None:
        """Do what the silence of both sides calls for."""
        begun_s = self._unsettled.turn.answer_s if self._unsettled is not None else None
        if begun_s is not None and self._now_s() - begun_s >= _STANDS_AFTER_S and not self._ears.hearing:
            self._ears.settle()
            self._settle()
        self._quiet_s = (
            0.0 if self._mouth.busy or self._ears.hearing or self._keypad.typing else self._quiet_s + FRAME_S
        )
        match self._state:
            case State.SPEAKING if not self._mouth.busy and not self._ears.hearing:
                self._after_speaking()
            case State.LISTENING if self._quiet_s >= self._reply.expect.no_input_s:
                self._take_silence()
            case State.TRANSFERRING:
                self._follow_transfer()
            case State.ENDING if self._quiet_s >= _LAST_WORD_S:
                self._move_to(State.ENDED)
        if self._now_s() >= self._limits.max_s and self._state not in (State.ENDING, State.ENDED, State.TRANSFERRING):
            self._give_up()

    def _after_speaking(self) -> None:
        self._ears.settle()
        self._settle()
        if not self._record.turns:
            self._keep(self._reply)  # the greeting, heard out: it may give the opening hours
        for action in self._reply.actions:
            if isinstance(action, Transfer):
                self._hand_over(action)
                return
            if isinstance(action, RecordVoice):
                self._ears.drop()
                self._voicemail.begin(action.record)
                self._move_to(State.RECORDING)
                return
            if isinstance(action, PlayVoice):
                self._play_voice(action.done)
                return
            if isinstance(action, HangUp):
                self._move_to(State.ENDING)
                return
        self._move_to(State.LISTENING)
        self._leg.awaiting(self._reply.expect.slot)

    def _play_voice(self, done: bool) -> None:
        """Play what was recorded, then have the brain ask again what to do with it."""
        if done:
            self._take_voice(self._voicemail.voice, self._now_s())
        else:
            self._reply = replace(self._reply, says=(), actions=(PlayVoice(done=True),))
            self._mouth.play(self._voicemail.clip)

    def _hand_over(self, transfer: Transfer) -> None:
        """Put the caller on hold and have advisers rung, those of the profile only."""
        target = self._company.targets.target(transfer.target)
        if target is None:
            log.error("transfer to %r: the profile has no such target", transfer.target)
            self._come_back(TransferRecord(transfer.target, "failed"))
            return

        async def brief() -> Sequence[TransferOrder]:
            whisper = await self._mouth.render(transfer.context.get("phrase", ""), LINE_HZ)
            return briefed(self._company.targets.orders(target.id), self._record, transfer.context, whisper)

        desk = self._company.desk or Desk(self._clock.monotonic)
        senses = Senses(self._ears, self._mouth, self._keypad, self._mind)
        handover = HandOver(self._leg, self._work, desk, target, brief)
        self._holding = Holding(handover, senses, self._company.sentences, self._leg.rate_hz)
        self._record.on_hold = True
        self._move_to(State.TRANSFERRING)

    def _follow_transfer(self) -> None:
        holding = self._holding
        if holding is None:
            return
        if holding.step():
            self._leg.awaiting(ON_HOLD)
        way_out = holding.way_out()
        record = holding.handover.record
        if record is not None and record.result == "answered":
            self._move_to(State.ENDED)
        elif record is not None:
            self._leave_hold()
            self._come_back(record)
        elif way_out is not None:
            self._take_way_out(way_out)

    def _take_way_out(self, way_out: WayOut) -> None:
        assert self._holding is not None  # noqa: S101 - only a caller on hold has one
        self._holding.handover.leave()
        self._record.transfer = self._holding.handover.record
        self._leave_hold()
        now_s = self._now_s()
        pending = _Pending(way_out.turn, None, way_out.thought, transcript_s=now_s, ended_s=now_s)
        self._take_reply(pending, way_out.thought)

    def _leave_hold(self) -> None:
        self._holding, self._record.on_hold = None, False
        self._mouth.stop(self._leg.flush())
        self._ears.drop()
        self._leg.awaiting(None)

    def _come_back(self, record: TransferRecord) -> None:
        self._record.transfer = record
        self._act_on(self._mind.dialogue.returned(record.result))

    def _give_up(self) -> None:
        self._mouth.stop(self._leg.flush())
        self._ears.drop()
        self._reconsider()
        self._pending = None
        self._reply = Reply(says=(), actions=(HangUp(),))
        self._move_to(State.SPEAKING)
        self._mouth.say([Say(self._word("too_long"), barge_in=False)], answer=False)
        self._limits = Limits(max_s=float("inf"), sign_of_life_s=self._limits.sign_of_life_s)

    def _word(self, kind: str) -> str:
        """The next sentence of a kind, in turn."""
        words = self._words.setdefault(kind, itertools.cycle(getattr(self._company.sentences, kind)))
        return next(words)


def _heard(transcript: Transcript, played: float) -> Heard:
    return Heard(
        text=transcript.text,
        alternatives=transcript.alternatives,
        confidence=transcript.confidence,
        choices=tuple((choice.id, choice.probability) for choice in transcript.choices),
        played=played,
    )
