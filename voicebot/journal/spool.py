"""What is not in the database yet, on disk: append-only lines, kept until the database has them for good.

Each process has a folder of its own (a run) under the spool's, with a lock that the system releases when the process
dies, however it dies: a later process finds the runs left behind by whether their lock can be taken. A run is a series
of segments; a segment is deleted when every line of it is stored, so an idle spool is empty and holds no personal data.
A line counts from the moment its end is written: one cut by a crash is the turn in progress, and is dropped.

Nothing here knows of asyncio. One thread at a time may use a run.
"""

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

log = logging.getLogger(__name__)

SEGMENT_BYTES = 1_000_000
_LOCK = "lock"
_SUFFIX = ".jsonl"
_REFUSED = "refused.jsonl"


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines in order, and where the reader stands after them."""

    lines: tuple[bytes, ...]
    segment: int
    offset: int


class Run:
    """The spool of one process. ``append`` makes lines safe; ``read`` and ``done`` give them back in order, once."""

    def __init__(self, folder: Path, lock: int, segments: Iterator[int] = iter(())) -> None:
        self.name = folder.name
        self.spool = folder.parent
        self._folder = folder
        self._lock = lock
        self._segments = sorted(segments)
        self._next = self._segments[-1] + 1 if self._segments else 1
        self._file: int | None = None
        self._size = 0
        self._read = (0, 0)

    @property
    def empty(self) -> bool:
        """Whether every line was given back and is done with."""
        return not self._segments

    def append(self, lines: bytes) -> None:
        """Write whole lines and see them onto the disk.

        Raises:
            OSError: the disk is full or gone; none of the lines is kept.
        """
        if self._file is None:
            self._file = os.open(self._path(self._next), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self._segments.append(self._next)
            self._next += 1
            self._size = 0
            _sync_folder(self._folder)
        try:
            _write_all(self._file, lines)
            os.fsync(self._file)
        except OSError:
            self._undo(self._file)
            raise
        self._size += len(lines)
        if self._size >= SEGMENT_BYTES:
            self._close_segment()

    def read(self, limit: int) -> Batch | None:
        """Return up to ``limit`` lines from where the last ``done`` left off; ``None`` when there are none."""
        while self._segments:
            segment = self._segments[0]
            offset = self._read[1] if self._read[0] == segment else 0
            lines = _lines_from(self._path(segment), offset, limit)
            if lines:
                return Batch(lines, segment, offset + sum(map(len, lines)))
            if self._file is not None and segment == self._segments[-1] and offset < self._size:
                return None
            self._drop(segment)
        return None

    def done(self, batch: Batch) -> None:
        """Let go of ``batch``: its lines are stored for good."""
        self._read = (batch.segment, batch.offset)
        current = self._file is not None and batch.segment == self._segments[-1]
        if current and batch.offset >= self._size:
            self._drop(batch.segment)

    def close(self) -> None:
        """Release the run; its folder goes too when nothing is left in it."""
        self._close_segment()
        if self.empty:
            for path in (*self._folder.glob(f"*{_SUFFIX}"), self._folder / _LOCK):
                path.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # another process tidied at the same moment
                self._folder.rmdir()
        os.close(self._lock)

    def _path(self, segment: int) -> Path:
        return self._folder / f"{segment:08d}{_SUFFIX}"

    def _drop(self, segment: int) -> None:
        if self._file is not None and segment == self._segments[-1]:
            self._close_segment()
        self._segments.remove(segment)
        self._path(segment).unlink(missing_ok=True)

    def _undo(self, file: int) -> None:
        """Take back what was written of a failed append; a segment that cannot be mended is left behind."""
        try:
            os.ftruncate(file, self._size)
        except OSError:
            log.error("segment %08d of the spool cannot be mended; another is begun", self._segments[-1])
            self._close_segment()

    def _close_segment(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def open_run(spool: Path, name: str) -> Run:
    """Begin a run.

    Raises:
        OSError: the folder cannot be written, or a run of that name is there.
    """
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder, unlocked = spool / name, spool / f".{name}"
    if folder.exists():
        raise FileExistsError(errno.EEXIST, "a run has this name already", str(folder))
    unlocked.mkdir(mode=0o700)
    lock = _take_lock(unlocked)
    assert lock is not None, "nobody looks for a lock in a hidden folder"  # noqa: S101
    unlocked.rename(folder)
    _sync_folder(spool)
    return Run(folder, lock)


def abandoned(spool: Path) -> Iterator[Run]:
    """Yield the runs whose process is dead, each locked for us; close each before going on to the next."""
    for folder in sorted(path for path in spool.glob("[!.]*") if path.is_dir()) if spool.is_dir() else ():
        try:
            lock = _take_lock(folder)
        except FileNotFoundError:  # someone else has just finished with it
            continue
        if lock is not None:
            yield Run(folder, lock, (int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit()))


def set_aside(spool: Path, line: bytes) -> None:
    """Keep a line that the database will never take where somebody can look at it."""
    file = os.open(spool / _REFUSED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(file, "ab") as out:
        out.write(line if line.endswith(b"\n") else line + b"\n")


def purge_refused(spool: Path, before_s: float) -> int:
    """Delete the lines set aside when the last of them is older than ``before_s`` (Unix time); return how many."""
    path = spool / _REFUSED
    if not path.exists() or path.stat().st_mtime >= before_s:
        return 0
    count = path.read_bytes().count(b"\n")
    path.unlink()
    return count


def _take_lock(folder: Path) -> int | None:
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _lines_from(path: Path, offset: int, limit: int) -> tuple[bytes, ...]:
    """Return up to ``limit`` whole lines of ``path`` from ``offset``; a last line without its end is left out."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return tuple(line for line in islice(file, limit) if line.endswith(b"\n"))
    except FileNotFoundError:
        return ()


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
