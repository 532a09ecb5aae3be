"""One conversation in the chat: the brain's answers to a visitor, numbered, kept to be replayed, told to the journal.

Messages are taken one at a time, in the order they came; the brain works in a thread. A contact begins in the journal
with the first message of the visitor: a window opened and closed is none. Whoever shows the conversation waits on
``after``; there is no queue to overflow.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from enum import Enum

from voicebot.calls.ports import Dialogue, Witness
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.clock import Clock
from voicebot.dialog.turns import HangUp, Heard, Opinion, Record, Reply, Subscribe, Unsubscribe
from voicebot.logs import on_call
from voicebot.web.chat_messages import Choice, Draft, Message, answer, said, typed
from voicebot.web.chat_texts import ChatWords

log = logging.getLogger(__name__)

_WAITING = 3
"""Messages that may wait for their turn: more is no conversation."""


class Refused(Enum):
    """Why a message was not taken."""

    LONG = "message_too_long"
    EMPTY = "message_empty"
    BUSY = "too_many_waiting"
    ENDED = "conversation_ended"
    UNKNOWN_CHOICE = "unknown_choice"


@dataclass(frozen=True, slots=True)
class Said:
    """What a visitor sends: words, or the id of a choice of the last message. ``client_id`` makes it unique."""

    text: str = ""
    choice: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """Those a conversation needs: the brain's conversation, the chat's own words, who follows it, and the bounds."""

    dialogue: Dialogue
    words: ChatWords
    witnesses: Sequence[Witness]
    message_chars: int
    max_messages: int
    notices: tuple[str, ...] = ()


class ChatSession:
    """One conversation, on one event loop. ``greet`` once, then ``take`` any number of times, then ``end``."""

    def __init__(self, circle: Circle, record: CallRecord, clock: Clock, executor: Executor) -> None:
        self.record = record
        self.messages: list[Message] = []
        self.ended = False
        self.seen_s = clock.monotonic()
        """When the visitor was last heard of, in seconds of the clock."""
        self.working = False
        """Whether an answer is being worked out."""
        self._circle = circle
        self._clock = clock
        self._executor = executor
        self._start_s = clock.monotonic()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._waiting = 0
        self._over = self._leaving = False
        self._taken: set[str] = set()

    @property
    def last(self) -> int:
        """The number of the last message."""
        return len(self.messages)

    def after(self, seq: int) -> list[Message]:
        """Return the messages that follow number ``seq``."""
        return self.messages[max(0, seq) :]

    async def changed(self, seq: int, working: bool) -> None:
        """Wait until there is a message after ``seq``, or the conversation ended, or ``working`` is no longer so."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.last > seq or self.ended or self.working is not working)

    async def greet(self) -> None:
        """Say the first words, and the messages of the day."""
        reply = await self._think(self._circle.dialogue.greet)
        self.record.greeting = reply.text
        first = answer(reply)
        notices = [said("notice", text) for text in self._circle.notices]
        await self._add(*notices, first)

    async def take(self, message: Said) -> Refused | None:
        """Take a message and answer it; return why it was refused, if it was.

        A message whose ``client_id`` was taken before is not taken twice: it was sent again after a lost answer.
        """
        self.seen()
        if message.client_id and message.client_id in self._taken:
            async with self._turn:
                return None
        refused = self._refused(message)
        if refused is not None:
            return refused
        if message.client_id:
            self._taken.add(message.client_id)
        self._waiting += 1
        try:
            async with self._turn:
                with on_call(self.record.call_id):
                    return await self._answer(message)
        finally:
            self._waiting -= 1

    def seen(self) -> None:
        """Note that the visitor is there, though silent."""
        self.seen_s = self._clock.monotonic()

    async def leave(self, now: bool = False) -> None:
        """Take leave of a visitor who closes the conversation: they are asked for their opinion, unless ``now``.

        Asked again, the conversation ends at once.
        """
        self.seen()
        if self.record.turns and not (now or self._leaving or self.ended):
            self._leaving = True
            await self.take(Said(self._circle.words.au_revoir))
            if self.messages[-1].draft.kind == "survey":
                return
        await self.end(words=not now)

    async def end(self, words: bool = True) -> None:
        """End the conversation, with or without words; once, and after the answer being worked out."""
        async with self._turn:
            await self._end(words)

    async def _end(self, words: bool) -> None:
        if self.ended:
            return
        self.ended = True
        self.record.duration_s = self._now_s()
        if words:
            await self._add(said("end", self._circle.words.fin))
        else:
            await self._notify()
        if not self.record.turns:
            return
        for witness in self._circle.witnesses:
            witness.ended(self.record)

    def _refused(self, message: Said) -> Refused | None:
        if self.ended:
            return Refused.ENDED
        if self._waiting >= _WAITING:
            return Refused.BUSY
        if len(message.text) > self._circle.message_chars:
            return Refused.LONG
        if not message.choice and not message.text.strip():
            return Refused.EMPTY
        return None

    async def _answer(self, message: Said) -> Refused | None:
        if self.ended:
            return Refused.ENDED
        choice = self._choice(message.choice)
        if message.choice and choice is None:
            self._taken.discard(message.client_id)
            return Refused.UNKNOWN_CHOICE
        shown = choice.label if choice is not None else message.text.strip()
        came_s = self._now_s()
        self.working = True
        try:
            await self._add(typed(shown, message.client_id))
            await self._add(await self._turned(shown, choice, came_s))
        finally:
            self.working = False
            await self._notify()
        if self._over:
            await self._end(words=False)
        elif len(self.record.turns) >= self._circle.max_messages:
            await self._add(said("end", self._circle.words.trop_de_messages))
            await self._end(words=False)
        return None

    async def _turned(self, shown: str, choice: Choice | None, came_s: float) -> Draft:
        """Return the answer to what the visitor said, once it is told to the journal."""
        heard = Heard(text=shown) if choice is None else Heard(text=choice.text, choices=((choice.id, 1.0),))
        turn = TurnRecord(came_s, "text", heard=shown, speech_end_s=came_s)
        try:
            reply = await self._think(lambda: self._circle.dialogue.respond(heard))
        except Exception:
            log.exception("the brain failed on a message of the chat")
            draft = said("answer", self._circle.words.incident)
        else:
            draft = answer(reply)
            turn.intent, turn.confidence, turn.entities = reply.intent, reply.confidence, reply.entities
            self.record.answered = self.record.answered or reply.answered
            self.record.public = reply.public or self.record.public
            self._note(reply)
        turn.said = draft.text
        turn.answer_s = self._now_s()
        self.record.turns.append(turn)
        for witness in self._circle.witnesses:
            witness.turn(self.record, turn)
        return draft

    def _note(self, reply: Reply) -> None:
        for action in reply.actions:
            match action:
                case Record():
                    self.record.records.append(action)
                case Opinion():
                    self.record.survey[action.question] = action.answer
                case Subscribe() | Unsubscribe():
                    self.record.news.append(action)
                case HangUp():
                    self._over = True

    def _choice(self, choice_id: str) -> Choice | None:
        """Return a choice of the last message of the assistant that offered any."""
        offers = next((one.draft for one in reversed(self.messages) if one.draft.kind in ("answer", "survey")), None)
        return next((one for one in offers.choices if one.id == choice_id), None) if offers is not None else None

    async def _think(self, work: Callable[[], Reply]) -> Reply:
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._executor, context.run, work)

    async def _add(self, *drafts: Draft) -> None:
        for draft in drafts:
            self.messages.append(Message(self.last + 1, self._clock.now(), draft))
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _now_s(self) -> float:
        return self._clock.monotonic() - self._start_s
