"""Clauses already spoken, kept on disk and in memory, and the voice that looks there first.

A clause is kept under the digest of all that makes its sound: engine, voice, versions, speed, gain, language, line
rate and normalised text. Files are ordinary 16-bit WAVs with a checksum chunk, written whole or not at all, the least
recently used removed when the bound is passed. Nothing here ever fails a call: what cannot be read is made again, what
cannot be written is done without. Disk work happens in threads; ``PromptCache`` may be used from any of them.
"""

import asyncio
import hashlib
import logging
import os
import re
import struct
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicebot.audio.frames import Pcm
from voicebot.tts.base import Manner
from voicebot.tts.clauses import NO_BREAK, Clause
from voicebot.tts.speaking import ClauseVoice, clauses_of, stream
from voicebot.tts.worker import Urgency

log = logging.getLogger(__name__)

MEMORY_BYTES = 32 << 20
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI4s4sI")
_TOUCH_AFTER_S = 3600.0
_LARGEST_CLAUSE_BYTES = 8 << 20
_STALE_PARTIAL_S = 3600.0


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """What the cache did since it was opened."""

    hits: int = 0
    misses: int = 0
    corrupt: int = 0
    unwritten: int = 0
    evicted: int = 0


def key_of(voice_name: str, version: str, clause: Clause, rate_hz: int, manner: Manner) -> str:
    """Return the digest under which a clause is kept."""
    parts = (
        voice_name,
        version,
        str(rate_hz),
        f"{manner.speed:.3f}",
        f"{manner.gain_db:.2f}",
        manner.language,
        clause.text.replace(NO_BREAK, " "),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


class PromptCache:
    """The store: a folder bounded in bytes under a memory layer bounded in bytes.

    ``folder`` is made when needed; ``None`` keeps the memory layer alone. Several processes may share a folder.
    """

    def __init__(self, folder: Path | None, most_bytes: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder if most_bytes > 0 else None
        self._most_bytes = most_bytes
        self._memory_bytes = memory_bytes
        self._memory: OrderedDict[str, Pcm] = OrderedDict()
        self._in_memory = 0
        self._files: OrderedDict[str, int] | None = None
        self._on_disk = 0
        self._lock = threading.Lock()
        self._told_unwritable = False
        self._counts = dict.fromkeys(("hits", "misses", "corrupt", "unwritten", "evicted"), 0)

    @property
    def counts(self) -> CacheCounts:
        """What was found, missed, thrown away so far."""
        return CacheCounts(**self._counts)

    def remembered(self, key: str) -> Pcm | None:
        """Return a clause of the memory layer, at once."""
        with self._lock:
            pcm = self._memory.get(key)
            if pcm is not None:
                self._memory.move_to_end(key)
                self._counts["hits"] += 1
            return pcm

    def read(self, key: str, rate_hz: int) -> Pcm | None:
        """Return a clause from the disk; a file that is damaged is removed and counts as absent. Blocks."""
        if self._folder is None:
            self._counts["misses"] += 1
            return None
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            self._counts["misses"] += 1
            return None
        pcm = _decode(data, rate_hz)
        if pcm is None:
            log.warning("the rendered prompt %s is damaged and is made again", path.name)
            self._counts["corrupt"] += 1
            self._remove(key)
            return None
        self._counts["hits"] += 1
        self._touch(path)
        with self._lock:
            if self._files is not None:
                self._on_disk += len(data) - self._files.pop(key, 0)
                self._files[key] = len(data)
        self.remember(key, pcm)
        return pcm

    def remember(self, key: str, pcm: Pcm) -> None:
        """Keep a clause in memory only, until others push it out."""
        if pcm.nbytes > self._memory_bytes // 4:
            return
        kept = pcm.copy()
        kept.flags.writeable = False
        with self._lock:
            previous = self._memory.pop(key, None)
            self._in_memory += kept.nbytes - (0 if previous is None else previous.nbytes)
            self._memory[key] = kept
            while self._in_memory > self._memory_bytes:
                _, dropped = self._memory.popitem(last=False)
                self._in_memory -= dropped.nbytes

    def write(self, key: str, pcm: Pcm, rate_hz: int) -> None:
        """Keep a clause on disk, whole or not at all; a disk that refuses is told once in the log. Blocks."""
        if self._folder is None or pcm.nbytes > _LARGEST_CLAUSE_BYTES:
            return
        path = self._path(key)
        partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
        data = _encode(pcm, rate_hz)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
        except OSError as error:
            self._counts["unwritten"] += 1
            if not self._told_unwritable:
                self._told_unwritable = True
                log.warning("%s: rendered prompts cannot be kept (%s); free some space there", self._folder, error)
            _unlink(partial)
            return
        self._told_unwritable = False
        with self._lock:
            files = self._indexed()
            self._on_disk += len(data) - files.pop(key, 0)
            files[key] = len(data)
        self._evict()

    def on_disk(self, key: str) -> bool:
        """Whether a clause is kept on disk, its soundness unchecked. Blocks."""
        return self._folder is not None and self._path(key).is_file()

    def _path(self, key: str) -> Path:
        assert self._folder is not None  # noqa: S101 (callers checked)
        return self._folder / key[:2] / f"{key}.wav"

    def _indexed(self) -> OrderedDict[str, int]:
        """Return the sizes of the files, least recently used first; reads the folder the first time. Lock held."""
        if self._files is None:
            found: list[tuple[float, str, int]] = []
            assert self._folder is not None  # noqa: S101 (callers checked)
            for path in self._folder.glob("??/*"):
                try:
                    status = path.stat()
                except OSError:
                    continue
                if path.suffix == ".wav":
                    found.append((status.st_mtime, path.stem, status.st_size))
                elif path.suffix == ".partial" and time.time() - status.st_mtime > _STALE_PARTIAL_S:
                    _unlink(path)
            self._files = OrderedDict((key, size) for _, key, size in sorted(found))
            self._on_disk = sum(self._files.values())
        return self._files

    def _evict(self) -> None:
        dropped: list[str] = []
        with self._lock:
            files = self._indexed()
            while self._on_disk > self._most_bytes and len(files) > 1:
                key, size = files.popitem(last=False)
                self._on_disk -= size
                dropped.append(key)
        for key in dropped:
            self._counts["evicted"] += 1
            _unlink(self._path(key))

    def _remove(self, key: str) -> None:
        _unlink(self._path(key))
        with self._lock:
            if self._files is not None:
                self._on_disk -= self._files.pop(key, 0)

    def _touch(self, path: Path) -> None:
        """Date a file by its use, at most once an hour: the order of eviction after a restart."""
        try:
            if time.time() - path.stat().st_mtime > _TOUCH_AFTER_S:
                os.utime(path)
        except OSError:
            log.debug("cannot date %s", path.name, exc_info=True)


class CachedVoice:
    """A voice that plays at once what it has already said.

    A clause found is yielded from memory, or from the disk read in a thread; one that is not is synthesised and then
    kept, only when it is complete. ``speak`` keeps on disk what it synthesises, save what sounds like personal data
    (dictated figures, e-mail addresses), which stays in memory for "répétez"; ``private`` never writes to disk at all.
    """

    def __init__(self, inner: ClauseVoice, cache: PromptCache, *, keeps: bool = True) -> None:
        self.name = inner.name
        self._inner = inner
        self._cache = cache
        self._keeps = keeps
        self._begun = _Begun()

    @property
    def cache(self) -> PromptCache:
        """Where the clauses are kept."""
        return self._cache

    def private(self) -> "CachedVoice":
        """Return the same voice for sentences about a person: it reads what is kept, and adds nothing on disk."""
        twin = CachedVoice(self._inner, self._cache, keeps=False)
        twin._begun = self._begun
        return twin

    def speak(self, text: str, rate_hz: int, manner: Manner = Manner()) -> AsyncIterator[Pcm]:
        """Yield the sound of ``text`` clause by clause; see ``Voice``."""

        async def fetch(clause: Clause, urgency: Urgency, within_s: float) -> Pcm:
            keeps = self._keeps and not is_personal(clause.text)
            return await self._sound(clause, rate_hz, manner, (urgency, within_s), keeps=keeps)

        return stream(lambda: clauses_of(self._inner, text, manner.language), fetch, rate_hz, manner)

    async def render(
        self,
        texts: Iterable[str],
        rate_hz: int,
        manner: Manner = Manner(),
        progress: Callable[[int, int], None] | None = None,
        first_only: bool = False,
    ) -> int:
        """Synthesise and keep the clauses of ``texts`` that are not yet on disk, behind what the calls need.

        ``first_only``: of each text the first clause alone, with which its answer can begin at once. ``progress`` is
        told how many distinct clauses are done and how many there are. Returns how many were made.

        Raises:
            SynthesisError: the engine failed.
        """
        clauses = await asyncio.to_thread(self._distinct, tuple(texts), rate_hz, manner, first_only)
        made = 0
        for done, (key, clause) in enumerate(clauses.items(), start=1):
            if not await asyncio.to_thread(self._cache.on_disk, key):
                pcm = await self._inner.sound(clause, rate_hz, manner, Urgency.AHEAD)
                self._cache.remember(key, pcm)
                await asyncio.to_thread(self._cache.write, key, pcm, rate_hz)
                made += 1
            if progress is not None:
                progress(done, len(clauses))
        return made

    async def close(self) -> None:
        """Stop the workers of the voice behind."""
        await self._inner.close()

    def _distinct(self, texts: Sequence[str], rate_hz: int, manner: Manner, first_only: bool) -> Mapping[str, Clause]:
        """The clauses of ``texts`` by key, each once, in their order: seconds for a whole profile."""
        clauses: dict[str, Clause] = {}
        for text in texts:
            plan = self._inner.planned(text, manner.language) or self._inner.plan(text, manner.language)
            for clause in plan[:1] if first_only else plan:
                clauses.setdefault(self._key(clause, rate_hz, manner), clause)
        return clauses

    def _key(self, clause: Clause, rate_hz: int, manner: Manner) -> str:
        return key_of(self._inner.name, self._inner.version, clause, rate_hz, manner)

    async def _sound(
        self, clause: Clause, rate_hz: int, manner: Manner, wanted: tuple[Urgency, float], *, keeps: bool
    ) -> Pcm:
        key = self._key(clause, rate_hz, manner)
        found = self._cache.remembered(key)
        if found is None:
            found = await asyncio.to_thread(self._cache.read, key, rate_hz)
        if found is not None:
            return found
        pcm = await self._begun.join(key, lambda: self._inner.sound(clause, rate_hz, manner, *wanted))
        self._cache.remember(key, pcm)
        if keeps:
            # a caller waits for the sound, not for the disk
            asyncio.get_running_loop().run_in_executor(None, self._cache.write, key, pcm, rate_hz)
        return pcm


class _Begun:
    """Syntheses under way, by key: whoever wants the same clause waits for the same one. Event loop only."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Pcm]] = {}
        self._waiting: dict[str, int] = {}

    async def join(self, key: str, begin: Callable[[], Awaitable[Pcm]]) -> Pcm:
        """Return the sound under ``key``, begun now or before; it is given up when all who wait for it are gone."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.ensure_future(_awaited(begin))
            self._waiting[key] = 0
        self._waiting[key] += 1
        try:
            return await asyncio.shield(task)
        finally:
            # a later task may have taken the key
            if self._tasks.get(key) is task:
                self._waiting[key] -= 1
                if task.done() or not self._waiting[key]:
                    del self._tasks[key], self._waiting[key]
                    task.cancel()


async def _awaited(begin: Callable[[], Awaitable[Pcm]]) -> Pcm:
    return await begin()


def is_personal(clause_text: str) -> bool:
    """Whether a normalised clause sounds like somebody's number, reference or e-mail address.

    The normaliser binds dictated figures into groups with no-break spaces: a run of three groups or more separated by
    commas is a dictated number.
    """
    return clause_text.count(f",{NO_BREAK}") >= 2 or _SPELT.search(clause_text) is not None


_SPELT = re.compile(r"\b(arobase|at sign)\b", re.IGNORECASE)


def _encode(pcm: Pcm, rate_hz: int) -> bytes:
    data = pcm.astype("<i2").tobytes()
    checksum = struct.pack("<I", zlib.crc32(data))
    # format chunk, then our checksum chunk "crc ", which players skip, then the samples
    chunks = (b"fmt ", 16, 1, 1, rate_hz, 2 * rate_hz, 2, 16, b"crc ", 4, checksum, b"data", len(data))
    return _HEADER.pack(b"RIFF", _HEADER.size - 8 + len(data), b"WAVE", *chunks) + data


def _decode(data: bytes, rate_hz: int) -> Pcm | None:
    """Return the samples of a file written by ``_encode`` at ``rate_hz``; ``None`` when it is anything else."""
    if len(data) < _HEADER.size:
        return None
    riff, size, wave, _, _, _, _, rate, _, _, _, tag, _, checksum, _, length = _HEADER.unpack_from(data)
    samples = data[_HEADER.size :]
    if (riff, wave, tag) != (b"RIFF", b"WAVE", b"crc ") or rate != rate_hz:
        return None
    if size != len(data) - 8 or length != len(samples) or length % 2:
        return None
    if struct.pack("<I", zlib.crc32(samples)) != checksum:
        return None
    return np.frombuffer(samples, dtype="<i2").astype(np.int16)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        log.debug("cannot remove %s", path.name, exc_info=True)
