"""What the brain asks of the journal in the middle of a turn: earlier requests, and appointments already made.

The brain is synchronous and works in a thread; the journal lives on the event loop. ``Requests`` waits, in the brain's
thread, for what the loop finds, never longer than ``patience_s``: past it the caller is told that it cannot be said.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from voicebot.clock import PARIS
from voicebot.dialog.wording import full_date, near_date
from voicebot.journal.archive import RequestState
from voicebot.journal.errors import JournalError
from voicebot.journal.journal import Journal
from voicebot.words import NOWHERE, WordsFile

log = logging.getLogger(__name__)
T = TypeVar("T")

KINDS = ("ticket", "message", "callback", "appointment")
STATES = ("open", "assigned", "done", "cancelled")
AWAY = "indisponible"
_BEFORE_GREETING_S = 0.3
_ANY_PLACES = frozenset({"ouverture", "changement"})
_PLACES = {"appointment": _ANY_PLACES | {"jour", "moment"}}


@dataclass(frozen=True, slots=True)
class RequestWords:
    """The French sentences on the state of a request, by kind then state; ``away`` when the journal cannot tell."""

    away: str
    by_kind: Mapping[str, Mapping[str, str]]

    def tell(self, request: RequestState, today: date) -> str:
        """Return where ``request`` stands, as the end of a sentence to be spoken."""
        kind = request.type if request.type in self.by_kind else "ticket"
        if kind == "appointment" and request.day is None:
            kind = "ticket"
        values = {
            "ouverture": near_date(_local(request.opened_at), today).ear,
            "changement": near_date(_local(request.changed_at), today).ear,
            "jour": "" if request.day is None else full_date(request.day, today).ear,
            "moment": request.moment,
        }
        return self.by_kind[kind][request.state].format_map(values)


def load_request_words(path: Path) -> RequestWords:
    """Read ``path`` (TOML).

    Raises:
        WordsError: it is missing or invalid, or a sentence is missing, unknown, or has an unknown place.
    """
    file = WordsFile(path)
    away = file.texts("", {AWAY: NOWHERE})
    by_kind = {kind: file.texts(kind, dict.fromkeys(STATES, _PLACES.get(kind, _ANY_PLACES))) for kind in KINDS}
    file.settle()
    return RequestWords(away[AWAY], by_kind)


def _local(moment: datetime) -> date:
    return moment.astimezone(PARIS).date()


class Requests:
    """The journal as a conversation's ``Context`` wants it; made on the loop's thread, asked from any other."""

    def __init__(
        self, journal: Journal, words: RequestWords, now: Callable[[], datetime], patience_s: float = 2.0
    ) -> None:
        self._journal = journal
        self._words = words
        self._now = now
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()

    def find_request(self, reference: str, caller: str = "") -> str | None:
        """Return where a request stands, as the end of a sentence; ``None`` when there is none of this reference.

        The digits alone, as they are typed, are enough for a request of the ``caller``.
        """
        try:
            found = self._ask(self._journal.find_request(reference, caller))
        except (JournalError, TimeoutError) as error:
            log.warning("a request could not be looked up: %s", error)
            return self._words.away
        return None if found is None else self._words.tell(found, _local(self._now()))

    def is_used(self, reference: str) -> bool:
        """Return whether a request bears ``reference``; no, as far as is known, when the journal does not answer."""
        try:
            return self._ask(self._journal.find_request(reference)) is not None
        except (JournalError, TimeoutError) as error:
            log.warning("a reference could not be looked up: %s", error)
            return False

    async def preferences(self, caller: str) -> Mapping[str, str]:
        """Return how a caller asked to be spoken to; nothing when it is not known soon enough to answer the call."""
        try:
            async with asyncio.timeout(_BEFORE_GREETING_S):
                return await self._journal.preferences(caller)
        except (JournalError, TimeoutError) as error:
            log.warning("a caller's preferences are not known: %s", error)
            return {}

    def taken(self, form: str, day: date, moment: str) -> int:
        """Return how many appointments are made already; none as far as is known when the journal does not answer."""
        try:
            return self._ask(self._journal.taken(form, day, moment))
        except (JournalError, TimeoutError) as error:
            log.warning("appointments could not be counted: %s", error)
            return 0

    def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        if _running_loop() is self._loop:
            question.close()
            raise RuntimeError("the brain must not be asked on the event loop's thread: it would wait for itself")
        answer: Future[T] = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            return answer.result(self._patience_s)
        except TimeoutError:
            answer.cancel()
            raise


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
