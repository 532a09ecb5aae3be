"""Memory that is free but still held by the allocator: less of it, and given back to the system between calls.

A call's buffers are freed by other threads than those that took them, in pieces between what stays. glibc keeps such
pages for good (malloc(3), NOTES; mallopt(3), M_TRIM_THRESHOLD): 90 MB after some hundreds of calls, growing by a few
kB a call although no object is kept.
"""

import asyncio
import ctypes
import gc
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

_AT_MOST_EVERY_S = 10.0
_M_ARENA_MAX = -8
"""mallopt(3); the number is glibc's own (malloc.h)."""
_ARENAS = 2
_CALLS = 100


def share_arenas(most: int = _ARENAS) -> bool:
    """Have all threads take memory from ``most`` arenas, whoever calls before there are any; return whether it is so.

    glibc gives each thread an arena of its own, up to eight a core: what a recognition took and freed stays with the
    thread that did it, and the next one takes as much again elsewhere. Two arenas are 40 MB less after fifty turns,
    in no more time: native inference asks for few and large blocks. Without glibc: False.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, most))
    except (OSError, AttributeError):
        return False


def trim_heap() -> bool:
    """Give the free pages of every arena back (malloc_trim(3)); return whether there were any. Without glibc: False."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return False
    return bool(trim(0))


class _Mallinfo2(ctypes.Structure):
    """``struct mallinfo2`` of glibc (mallinfo(3))."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


@dataclass(frozen=True, slots=True)
class HeapUse:
    """What is in use, free memory left aside; so what grows with calls here is kept by somebody.

    ``objects`` can be part of a cycle and came after the start, ``blocks`` are the interpreter's small ones (512 bytes
    at most), ``malloc_kb`` is what native code and large objects take, 0 without glibc 2.33.
    """

    objects: int
    blocks: int
    malloc_kb: int


def heap_use() -> HeapUse:
    """Return what is in use once everything that can be freed is: a garbage collection, hence for measurements."""
    gc.collect()
    return HeapUse(len(gc.get_objects()), sys.getallocatedblocks(), _malloc_kb())


def _malloc_kb() -> int:
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except (OSError, AttributeError):
        return 0
    mallinfo2.restype = _Mallinfo2
    found = mallinfo2()
    return int(found.uordblks + found.hblkhd) // 1024


class HeapKeeper:
    """Decides when the heap is trimmed: once no call is left, or while calls go on after each hundred of them.

    A trim holds an arena for some milliseconds: hence never twice in 10 s, and never on the event loop.
    """

    def __init__(self, monotonic: Callable[[], float], trim: Callable[[], bool] = trim_heap) -> None:
        self._monotonic = monotonic
        self._trim = trim
        self._ended = 0
        self._next_s = monotonic()
        self._running: asyncio.Future[bool] | None = None

    def call_ended(self, live: int) -> None:
        """Know that a call has ended and ``live`` are left; trim in a worker thread when it is time."""
        self._ended += 1
        now_s = self._monotonic()
        idle_enough = live == 0 or self._ended >= _CALLS
        if not idle_enough or now_s < self._next_s or self._running is not None:
            return
        self._ended, self._next_s = 0, now_s + _AT_MOST_EVERY_S
        self._running = asyncio.get_running_loop().run_in_executor(None, self._trim)
        self._running.add_done_callback(self._done)

    def _done(self, trimmed: "asyncio.Future[bool]") -> None:
        self._running = None
        if not trimmed.cancelled() and (error := trimmed.exception()) is not None:
            log.error("free memory could not be given back: %s", error)
