"""What the process spends itself on: stages of work by name, and processor time by the name of the thread.

Native libraries compute in threads of their own, which carry the name of the thread that started them; so a model
loaded in a thread named for it has its cost told apart, here and in ``top -H``. Linux; elsewhere only stages are told.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_TASKS = Path("/proc/self/task")
_TICKS = os.sysconf("SC_CLK_TCK")
_FIRST_WORD = re.compile(r"[^-_ ]+")
_GIVES_WAY_BY = 5
LOOP = "loop"
"""The main thread, which runs the event loop."""


@dataclass(frozen=True, slots=True)
class Spent:
    """How often something was done, and the seconds it took in all, waiting for a core included."""

    count: int = 0
    seconds: float = 0.0


class Tally:
    """Counts stages of work and their time, by name. Used from any thread."""

    def __init__(self, timer: Callable[[], float] = time.perf_counter) -> None:
        self._timer = timer
        self._spent: dict[str, Spent] = {}
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done inside as one ``name``, whether or not it succeeds."""
        began = self._timer()
        try:
            yield
        finally:
            self.add(name, self._timer() - began)

    def add(self, name: str, seconds: float = 0.0) -> None:
        """Count one ``name`` that took ``seconds``."""
        with self._lock:
            before = self._spent.get(name, Spent())
            self._spent[name] = Spent(before.count + 1, before.seconds + seconds)

    def spent(self) -> dict[str, Spent]:
        """Return what was spent since the beginning."""
        with self._lock:
            return dict(self._spent)


def since(before: Mapping[str, Spent], now: Mapping[str, Spent]) -> dict[str, Spent]:
    """Return what was spent between two readings of a tally, leaving out what was not done."""
    found = {}
    for name, spent in now.items():
        earlier = before.get(name, Spent())
        if spent.count > earlier.count:
            found[name] = Spent(spent.count - earlier.count, spent.seconds - earlier.seconds)
    return found


def give_way() -> None:
    """Have the calling thread, and those it starts, leave the processor to the event loop when both want it.

    Inference runs for tenths of a second; the loop has a frame to send every 20 ms and needs a moment for it. Nothing
    is done in the main thread, whose priority is the process's, nor elsewhere than on Linux, where threads have theirs.
    """
    if sys.platform != "linux" or threading.current_thread() is threading.main_thread():
        return
    with suppress(OSError):
        mildest = min(19, os.getpriority(os.PRIO_PROCESS, os.getpid()) + _GIVES_WAY_BY)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), mildest)


@contextmanager
def thread_named(name: str) -> Iterator[None]:
    """Name the calling thread, and those that native code starts from it meanwhile, as the system shows them.

    ``name`` is cut to 15 characters.
    """
    comm = _TASKS / str(threading.get_native_id()) / "comm"
    before = ""
    with suppress(OSError):
        before = comm.read_text().rstrip("\n")
        comm.write_text(name[:15])
    try:
        yield
    finally:
        with suppress(OSError):
            comm.write_text(before)


def cpu_by_thread() -> dict[str, float]:
    """Return the processor seconds of the threads alive now, by the first word of their name; empty off Linux."""
    python = {thread.native_id: thread.name for thread in threading.enumerate()}
    main = threading.main_thread().native_id
    found: dict[str, float] = {}
    for task in _TASKS.glob("*"):
        try:
            comm, status = (task / "comm").read_text().strip(), (task / "stat").read_text()
        except OSError:
            continue
        tid = int(task.name)
        fields = status.rpartition(")")[2].split()
        word = _FIRST_WORD.match(python.get(tid, comm))
        name = LOOP if tid == main or word is None else word[0]
        found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / _TICKS
    return found
