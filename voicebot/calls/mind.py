"""The conversation's mind in one call: answers are thought out apart and become the conversation when they are given.

Each turn is answered by a fork of the dialogue. So an answer can be prepared while it is still uncertain whether the
caller has finished, dropped when they go on, and even taken back when they go on just as it begins to be said.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from voicebot.calls.ports import Dialogue
from voicebot.calls.work import Work
from voicebot.dialog.turns import Heard, Reply


@dataclass(frozen=True, slots=True, eq=False)
class Thought:
    """The answer being thought out to ``heard``; ``dialogue`` is the conversation once that answer is given."""

    heard: Heard
    dialogue: Dialogue
    reply: "asyncio.Future[Reply]"


@dataclass(frozen=True, slots=True, eq=False)
class _Glimpse:
    """An answer already thought out, from ``before``, while recognition was still at work."""

    heard: Heard
    before: Dialogue
    dialogue: Dialogue
    reply: Reply


class Mind:
    """Thinks for one call. Used from the event loop; the dialogue itself works in threads, a fork in one at a time."""

    def __init__(self, dialogue: Dialogue, work: Work) -> None:
        self._dialogue = dialogue
        self._work = work
        self._before: Dialogue | None = None
        self._prepared: Thought | None = None
        self._glimpse: _Glimpse | None = None

    @property
    def dialogue(self) -> Dialogue:
        """The conversation as it stands."""
        return self._dialogue

    def is_whole(self, heard: Heard, instead: bool = False) -> bool:
        """Return whether a first reading of a turn is all that is needed to act on it. Called from a worker thread.

        Only a request about a subject is: a bare "non" may be what is left of "non, pas Deauville" badly read.
        """
        before = (self._before if instead else None) or self._dialogue
        dialogue = before.fork()
        reply = dialogue.respond(heard)
        self._glimpse = _Glimpse(heard, before, dialogue, reply)
        return reply.whole and "." in (reply.intent or "")

    def prepare(self, heard: Heard, instead: bool = False) -> Thought:
        """Begin to answer what was perhaps the whole of a turn; ``instead`` of the last answer given."""
        self._prepared = self._think(heard, self._before if instead else None)
        return self._prepared

    def forget(self) -> None:
        """Drop what was prepared: the caller went on."""
        self._prepared = None

    def answer(self, heard: Heard) -> Thought:
        """Return the answer to a turn: the prepared one when that is what was heard."""
        prepared, self._prepared = self._prepared, None
        return prepared if prepared is not None and prepared.heard == heard else self._think(heard)

    def after(self, thought: Thought, done: Coroutine[Any, Any, Heard]) -> Thought:
        """Return what follows ``thought`` once ``done`` tells what came of something it asked for."""

        async def go_on() -> Reply:
            return await asyncio.to_thread(thought.dialogue.respond, await done)

        return Thought(thought.heard, thought.dialogue, self._work.compute(go_on(), "understanding"))

    def give(self, thought: Thought) -> None:
        """Make the conversation the one where ``thought`` has been said."""
        self._before, self._dialogue = self._dialogue, thought.dialogue

    def take_back(self) -> None:
        """Return to the conversation before the last answer given: the turn it answered was not over."""
        if self._before is not None:
            self._dialogue, self._before = self._before, None

    def _think(self, heard: Heard, before: Dialogue | None = None) -> Thought:
        before = before or self._dialogue
        glimpse, self._glimpse = self._glimpse, None
        if glimpse is not None and glimpse.heard == heard and glimpse.before is before:
            known: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            known.set_result(glimpse.reply)
            return Thought(heard, glimpse.dialogue, known)
        dialogue = before.fork()
        reply = self._work.compute(asyncio.to_thread(dialogue.respond, heard), "understanding")
        return Thought(heard, dialogue, reply)
