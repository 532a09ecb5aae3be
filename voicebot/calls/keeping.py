"""What a call tells the journal: each turn when its answer is known, each promise when it is made, the end.

``JournalWitness`` follows one call and waits for nothing. The delay of an answer is not known when the turn is noted
(the answer has not been heard yet), so it follows as soon as the first sound leaves us.
"""

import uuid
from datetime import timedelta

from voicebot.audio.frames import Pcm
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.dialog.turns import Subscribe, Voiced
from voicebot.journal.classify import classify
from voicebot.journal.events import (
    Agreed,
    ContactChannel,
    ContactEnded,
    ContactStarted,
    Kept,
    KeptVoice,
    Preferred,
    Quality,
    Surveyed,
    TurnAnswered,
    TurnHeard,
    Withdrew,
)
from voicebot.journal.journal import Journal

_NOT_UNDERSTOOD = "hors_sujet"


class JournalWitness:
    """Follows one call or chat for the journal. ``contact`` is its id there; the line's own id may come twice."""

    def __init__(self, journal: Journal, contact: str = "", channel: ContactChannel = "phone") -> None:
        self.contact = contact or uuid.uuid4().hex
        self._journal = journal
        self._channel = channel
        self._started = False
        self._seq = 0
        self._kept = self._told = 0
        self._unanswered: tuple[int, TurnRecord] | None = None

    def started(self, call: CallRecord) -> None:
        """Note that the call began; done with its first turn or its end when nobody does."""
        if self._started:
            return
        self._started = True
        self._journal.contact_started(
            ContactStarted(
                self.contact, call.at, self._channel, call.called, call.caller, call.profile, call=call.call_id
            )
        )

    def frame(self, caller: Pcm, assistant: Pcm) -> None:
        """Watch for the answer to be heard."""
        if self._unanswered is not None and self._unanswered[1].answer_s is not None:
            self._note_answered()

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Note the turn and what it promised."""
        self.started(call)
        self._note_answered()
        seq = self._next()
        known = call.realtime and turn.answer_s is not None
        self._journal.turn(
            TurnHeard(
                self.contact,
                seq,
                call.at + timedelta(seconds=turn.t_s),
                turn.t_s,
                turn.channel,
                turn.heard,
                turn.confidence,
                turn.intent,
                dict(turn.entities),
                turn.said,
                _understood(turn),
                turn.interrupted,
                turn.delay_ms() if known else None,
            )
        )
        self._unanswered = (seq, turn) if call.realtime else None
        if known and turn.parts_s:
            self._note_answered()
        self._keep_records(call, turn.t_s)
        self._keep_news(call, turn.t_s)

    def ended(self, call: CallRecord) -> None:
        """Note the end, with what the survey and the line say of the call."""
        self.started(call)
        self._note_answered()
        self._keep_records(call, call.duration_s)
        self._keep_news(call, call.duration_s)
        at = call.at + timedelta(seconds=call.duration_s)
        for question, answer in call.survey.items():
            score, comment = _survey_answer(answer)
            self._journal.survey(Surveyed(self.contact, self._next(), at, question, score, comment))
        for name, value in call.preferences.items():
            self._journal.prefer(Preferred(self.contact, self._next(), at, call.caller, name, value))
        turns = ((turn.intent, turn.entities) for turn in call.turns)
        typing = classify(turns, (kept.type for kept in call.records), call.public)
        transfer = None if call.transfer is None else (call.transfer.target, call.transfer.result)
        self._journal.contact_ended(
            ContactEnded(self.contact, at, call.duration_s, call.outcome, typing, transfer, _quality(call))
        )

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _note_answered(self) -> None:
        if self._unanswered is None:
            return
        (seq, turn), self._unanswered = self._unanswered, None
        delay_ms = turn.delay_ms()
        if delay_ms is not None and turn.parts_s:
            self._journal.turn_answered(TurnAnswered(self.contact, seq, delay_ms, dict(turn.parts_s)))

    def _keep_records(self, call: CallRecord, t_s: float) -> None:
        at = call.at + timedelta(seconds=t_s)
        for record in call.records[self._kept :]:
            self._journal.record(
                Kept(
                    self.contact,
                    self._next(),
                    at,
                    record.type,
                    record.reference,
                    record.form,
                    call.profile,
                    call.caller,
                    dict(record.slots),
                    None if record.voice is None else _voice(record.voice),
                )
            )
        self._kept = len(call.records)

    def _keep_news(self, call: CallRecord, t_s: float) -> None:
        """Note what the caller said of being told of news: whoever calls from the number that is told can stop it."""
        at = call.at + timedelta(seconds=t_s)
        for said in call.news[self._told :]:
            if isinstance(said, Subscribe):
                person = said.address if said.channel == "sms" else call.caller or said.address
                words = (said.commune, self._channel, said.wording)
                self._journal.agree(Agreed(self.contact, self._next(), at, person, said.channel, said.address, *words))
            else:
                self._journal.withdraw(Withdrew(self.contact, self._next(), at, call.caller))
        self._told = len(call.news)


def _understood(turn: TurnRecord) -> bool | None:
    """Return whether a request in words was understood; ``None`` for keys, silence, and a slot being filled."""
    if turn.channel not in ("voice", "text"):
        return None
    if not turn.heard or turn.intent == _NOT_UNDERSTOOD:
        return False
    return None if turn.intent is None else True


def _voice(voice: Voiced) -> KeptVoice:
    return KeptVoice(voice.id, voice.duration_s, voice.ended)


def _survey_answer(answer: int | str) -> tuple[int | None, str]:
    return (None, answer) if isinstance(answer, str) else (answer, "")


def _quality(call: CallRecord) -> Quality | None:
    stats = call.stats
    if stats is None or not stats.packets_received:
        return None
    return Quality(stats.packets_received, stats.packets_lost, stats.jitter_ms, stats.delay_ms, stats.mos)
