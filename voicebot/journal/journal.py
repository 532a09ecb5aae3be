"""The journal of a running service: told as calls go, it never makes one wait and never raises into one.

What it is told goes, in order, through a bounded queue to the spool (on disk within milliseconds, synchronised batch by
batch) and from there to the database, whose absence is only noticed here. The rule when something gives way: without
database, lines wait in the spool; without disk, they go to the database from memory; without both, the newest are
refused past ``QUEUE_LIMIT``, counted in ``JournalState.lost`` and logged. All of it runs on one event loop, and its
methods are called from that loop's thread.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, TypeVar

from voicebot.journal.archive import Archive, RequestState
from voicebot.journal.database import Database, is_data_fault
from voicebot.journal.errors import JournalAway, JournalError
from voicebot.journal.events import (
    Agreed,
    ContactEnded,
    ContactStarted,
    Event,
    Kept,
    Posted,
    Preferred,
    Surveyed,
    TurnAnswered,
    TurnHeard,
    Withdrew,
)
from voicebot.journal.lines import BadLine, Line, decode, encode, reference_key
from voicebot.journal.seal import Keys, Seal
from voicebot.journal.spool import Run, abandoned, set_aside
from voicebot.journal.store import check_keys, close_abandoned, store

log = logging.getLogger(__name__)
T = TypeVar("T")

QUEUE_LIMIT = 10_000
_SPOOL_LINES = 1_000
_STORE_LINES = 100
"""Few enough for a batch to hold the loop for less than a frame of audio (4 to 6 ms were measured, 13 for 500)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before trying a database again: ``first_s``, doubled each time up to ``longest_s``.

    Whoever waits for what was noted to be safe or stored is told after ``follows_s`` that it is not.
    """

    first_s: float = 0.5
    longest_s: float = 5.0
    follows_s: float = 10.0


@dataclass(slots=True)
class JournalState:
    """How the journal fares: lines noted and stored by this process, those lost or set aside, and what ails it."""

    noted: int = 0
    spooled: int = 0
    stored: int = 0
    lost: int = 0
    refused: int = 0
    trouble: str = ""

    @property
    def waiting(self) -> int:
        """Lines that are not in the database yet."""
        return self.noted - self.stored


@dataclass(slots=True)
class _Flow:
    """What moves between the calls and the database: the queue, the lines without a disk, and the wake-up calls."""

    queue: deque[bytes] = field(default_factory=deque)
    beside: deque[bytes] = field(default_factory=deque)
    noted: asyncio.Event = field(default_factory=asyncio.Event)
    safe: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)


class Journal:
    """The journal of one process; ``open_journal`` makes it, ``close`` ends it."""

    def __init__(self, database: Database, keys: Keys, run: Run, archive: Archive, patience: Patience) -> None:
        self.archive = archive
        self.state = JournalState()
        self._database = database
        self._keys = keys
        self._seal = Seal(keys)
        self._run = run
        self._patience = patience
        self._flow = _Flow()
        self._pending: dict[str, Line] = {}
        self._closed = False
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="journal-spool")
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start writing in the background; called once, by ``open_journal``."""
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._spool_on(), name="journal-spool"),
            loop.create_task(self._store_on(), name="journal-store"),
        ]

    # --- told by calls: at once, and nothing is ever raised ---

    def contact_started(self, event: ContactStarted) -> None:
        """Note that a contact began; before anything else is noted of it."""
        self._note(event)

    def turn(self, event: TurnHeard) -> None:
        """Note a turn and its answer."""
        self._note(event)

    def turn_answered(self, event: TurnAnswered) -> None:
        """Note how long the answer to a turn took, once it is known."""
        self._note(event)

    def record(self, event: Kept) -> None:
        """Note a ticket, an appointment, a callback or a message."""
        self._note(event)

    def survey(self, event: Surveyed) -> None:
        """Note an answer to the satisfaction survey."""
        self._note(event)

    def prefer(self, event: Preferred) -> None:
        """Note a preference that the caller agreed to; nothing is kept of a caller who withholds their number."""
        if self._seal.pseudonym(event.caller) is not None:
            self._note(event)

    def agree(self, event: Agreed) -> None:
        """Note that someone agreed to be told of news; nothing is kept of whoever cannot be known again."""
        if self._seal.person(event.person) is not None:
            self._note(event)

    def withdraw(self, event: Withdrew) -> None:
        """Note that someone wants to be told of news no longer."""
        if self._seal.person(event.person) is not None:
            self._note(event)

    def contact_ended(self, event: ContactEnded) -> None:
        """Note that a contact is over."""
        self._note(event)

    def post(self, event: Posted) -> None:
        """Note a message to the outside; see ``delivery``."""
        self._note(event)

    @property
    def seal(self) -> Seal:
        """What encrypts the messages to the outside."""
        return self._seal

    @property
    def database(self) -> Database:
        """Where it is stored, for those who deliver what it holds."""
        return self._database

    def pseudonym(self, number: str) -> str | None:
        """Return what stands for an E.164 number in the journal; ``None`` for a withheld one."""
        return self._seal.pseudonym(number)

    def _note(self, event: Event) -> None:
        try:
            line = encode(event, self._seal)
            if self._closed or len(self._flow.queue) >= QUEUE_LIMIT:
                raise OverflowError("the journal is closed" if self._closed else "the journal's queue is full")
            if isinstance(event, Kept):
                kept = decode(line)
                self._pending[kept.row["id"]] = kept
            self._flow.queue.append(line)
            self.state.noted += 1
            self._flow.noted.set()
        except Exception as error:
            self.state.lost += 1
            log.error("an event of contact %s was lost: %s", event.contact, error)

    # --- asked in calls ---

    async def find_request(self, reference: str, number: str = "") -> RequestState | None:
        """Return the latest request with this reference, ``None`` when there is none.

        Its digits alone are enough for a request of the caller's own ``number``.

        Raises:
            JournalAway: the database does not answer, so it cannot be said.
        """
        key = reference_key(reference)
        person = self.pseudonym(number) if number and reference.isdigit() else None
        for line in reversed(self._pending.values()):
            own = person is not None and line.row["person"] == person and line.row["reference_key"].endswith(reference)
            if line.row["reference_key"] == key or own:
                return RequestState.of_line(line.row)
        return await self.archive.find_request(reference, person)

    async def taken(self, form: str, day: date, moment: str) -> int:
        """Return how many appointments were made with ``form`` for that day and moment, by all nodes.

        While the database is away, those of this node that are not stored yet are all that is known.
        """
        waiting = {
            record
            for record, line in self._pending.items()
            if (line.row["form"], line.row["booked_day"], line.row["booked_moment"]) == (form, day.isoformat(), moment)
        }
        try:
            return len(waiting | await self.archive.booked(form, day, moment))
        except JournalAway as error:
            log.warning("appointments are counted without the database: %s", error)
            return len(waiting)

    async def preferences(self, number: str) -> dict[str, str]:
        """Return the preferences of a caller; none when they are unknown or the database is away."""
        person = self.pseudonym(number)
        if person is None:
            return {}
        try:
            return await self.archive.preferences(person)
        except JournalAway as error:
            log.warning("a caller's preferences are not known: %s", error)
            return {}

    # --- privacy ---

    async def export_person(self, person: str) -> dict[str, Any]:
        """Return all that is kept of one pseudonym, what was just noted included; see ``Archive.export_person``."""
        await self.settled()
        return await self.archive.export_person(person)

    async def erase_person(self, person: str) -> dict[str, int]:
        """Erase all that is kept of one pseudonym, what was just noted included; see ``Archive.erase_person``."""
        await self.settled()
        return await self.archive.erase_person(person)

    # --- life ---

    async def spooled(self, timeout_s: float | None = None) -> None:
        """Wait until everything noted so far survives a crash.

        Raises:
            JournalError: it does not within ``timeout_s``, that of its patience by default.
        """
        noted = self.state.noted
        await self._wait(lambda: self.state.spooled >= noted, timeout_s, JournalError("the spool does not follow"))

    async def settled(self, timeout_s: float | None = None) -> None:
        """Wait until everything noted so far is in the database.

        Raises:
            JournalAway: it is not within ``timeout_s``, that of its patience by default.
        """
        noted = self.state.noted
        away = JournalAway(self.state.trouble or f"{self._database.place} does not follow")
        await self._wait(lambda: self.state.stored >= noted, timeout_s, away)

    async def close(self, timeout_s: float = 5.0) -> None:
        """Stop; what the database does not take within ``timeout_s`` waits in the spool for the next process."""
        self._closed = True
        try:
            await self.spooled(timeout_s)
            if not self.state.trouble:
                await self.settled(timeout_s)
        except JournalError as error:
            log.warning("%d lines wait in the spool: %s", self.state.waiting, error)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._on_disk(self._run.close)
        self._disk.shutdown()
        await self._database.close()

    async def _wait(self, reached: Callable[[], bool], timeout_s: float | None, failure: JournalError) -> None:
        within_s = self._patience.follows_s if timeout_s is None else timeout_s
        async with self._flow.moved:
            try:
                await asyncio.wait_for(self._flow.moved.wait_for(reached), within_s)
            except TimeoutError:
                raise failure from None

    async def _moved(self) -> None:
        async with self._flow.moved:
            self._flow.moved.notify_all()

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    # --- from the queue to the disk ---

    async def _spool_on(self) -> None:
        flow = self._flow
        while True:
            await flow.noted.wait()
            flow.noted.clear()
            while flow.queue:
                lines = [flow.queue.popleft() for _ in range(min(len(flow.queue), _SPOOL_LINES))]
                await self._make_safe(lines)
                self.state.spooled += len(lines)
                flow.safe.set()
                await self._moved()

    async def _make_safe(self, lines: list[bytes]) -> None:
        if not self._flow.beside:
            try:
                await self._on_disk(partial(self._run.append, b"".join(lines)))
            except OSError as error:
                log.error("the spool cannot be written (%s); lines wait in memory", error.strerror or error)
            else:
                return
        room = max(0, QUEUE_LIMIT - len(self._flow.beside))
        self._flow.beside.extend(lines[:room])
        if lines[room:]:
            self.state.lost += len(lines[room:])
            self.state.stored += len(lines[room:])  # nobody need wait for them
            log.error("%d lines were lost: neither disk nor database takes them", len(lines[room:]))

    # --- from the disk to the database ---

    async def _store_on(self) -> None:
        await self._until_done(self.prepare)
        while True:
            await self._flow.safe.wait()
            self._flow.safe.clear()
            while batch := await self._on_disk(partial(self._run.read, _STORE_LINES)):
                await self._until_done(partial(self._store, batch.lines, self._run.name))
                await self._on_disk(partial(self._run.done, batch))
                self.state.stored += len(batch.lines)
                await self._moved()
            while self._flow.beside:
                lines = tuple(list(self._flow.beside)[:_STORE_LINES])
                await self._until_done(partial(self._store, lines, self._run.name))
                for _ in lines:
                    self._flow.beside.popleft()
                self.state.stored += len(lines)
                await self._moved()

    async def prepare(self) -> None:
        """Bring the tables up to date, check the keys, and store what processes that died left in the spool.

        Raises:
            JournalAway: the database does not answer.
            JournalError: it is of a later version.
            KeyTrouble: it was written with other keys.
        """
        await self._database.prepare()
        async with self._database.writing() as connection:
            await check_keys(connection, self._keys.fingerprints())
        runs = abandoned(self._run.spool)
        while (left := await self._on_disk(lambda: next(runs, None))) is not None:
            try:
                await self._recover(left)
            finally:
                await self._on_disk(left.close)

    async def _recover(self, left: Run) -> None:
        count = 0
        while batch := await self._on_disk(partial(left.read, _STORE_LINES)):
            await self._store(batch.lines, left.name)
            await self._on_disk(partial(left.done, batch))
            count += len(batch.lines)
        async with self._database.writing() as connection:
            cut = await close_abandoned(connection, left.name)
        log.warning("a process died: %d lines were stored from its spool, %d contacts were cut", count, cut)

    async def _store(self, lines: tuple[bytes, ...], run: str) -> None:
        decoded: list[tuple[bytes, Line]] = []
        for line in lines:
            try:
                decoded.append((line, decode(line)))
            except BadLine as error:
                await self._refuse(line, error)
        try:
            async with self._database.writing() as connection:
                await store(connection, [line for _, line in decoded], run)
        except Exception as error:
            if not is_data_fault(error):
                raise
            await self._store_one_by_one(decoded, run)
        for _, stored in decoded:
            self._pending.pop(str(stored.row.get("id")), None)

    async def _store_one_by_one(self, lines: list[tuple[bytes, Line]], run: str) -> None:
        for raw, line in lines:
            try:
                async with self._database.writing() as connection:
                    await store(connection, [line], run)
            except Exception as error:
                if not is_data_fault(error):
                    raise
                await self._refuse(raw, error)

    async def _refuse(self, line: bytes, error: Exception) -> None:
        self.state.refused += 1
        log.error("a line was set aside in the spool's refused.jsonl: %s", type(error).__name__)
        try:
            await self._on_disk(partial(set_aside, self._run.spool, line))
        except OSError as trouble:
            log.error("it could not even be set aside: %s", trouble.strerror)

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        wait_s = self._patience.first_s
        while True:
            try:
                await work()
            except JournalError as error:
                if str(error) != self.state.trouble:
                    log.error("%s; what happens waits in the spool", error)
                self.state.trouble = str(error)
            except Exception as error:
                log.exception("the journal cannot be written; what happens waits in the spool")
                self.state.trouble = f"{type(error).__name__}"
            else:
                if self.state.trouble:
                    log.warning("the journal is written again; %d lines were waiting", self.state.waiting)
                self.state.trouble = ""
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, self._patience.longest_s)
