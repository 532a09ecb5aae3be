"""Free memory goes back to the system: when, and that it does."""

import asyncio
import ctypes
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from voicebot.heap import HeapKeeper, heap_use, trim_heap


class Trims:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.count = 0
        self.keeper = HeapKeeper(lambda: self.now_s, self.trim)

    def trim(self) -> bool:
        self.count += 1
        return True

    async def call_ended(self, live: int, at_s: float) -> int:
        """Return how often the heap has been trimmed by then."""
        self.now_s = at_s
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as one:  # what is asked for after the trim is done after it
            loop.set_default_executor(one)
            self.keeper.call_ended(live)
            await loop.run_in_executor(None, lambda: None)
        return self.count


def test_the_heap_is_trimmed_when_the_last_call_ends_but_not_twice_in_ten_seconds() -> None:
    async def story() -> None:
        trims = Trims()
        assert await trims.call_ended(live=1, at_s=1.0) == 0
        assert await trims.call_ended(live=0, at_s=2.0) == 1
        assert await trims.call_ended(live=0, at_s=11.9) == 1
        assert await trims.call_ended(live=0, at_s=12.0) == 2

    asyncio.run(story())


def test_a_line_that_is_never_idle_is_trimmed_after_each_hundred_calls() -> None:
    async def story() -> None:
        trims = Trims()
        for number in range(1, 100):
            assert await trims.call_ended(live=5, at_s=float(number)) == 0
        assert await trims.call_ended(live=5, at_s=100.0) == 1
        assert await trims.call_ended(live=5, at_s=200.0) == 1

    asyncio.run(story())


def test_freed_memory_between_what_stays_is_given_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    blocks = [libc.malloc(16_000) for _ in range(4000)]
    for block in blocks:
        ctypes.memset(block, 1, 16_000)
    for block in blocks[::2]:  # what stays between keeps the heap's end from falling
        libc.free(block)
    before = resident_kb()
    assert trim_heap()
    assert resident_kb() < before - 20_000
    for block in blocks[1::2]:
        libc.free(block)


def test_what_is_kept_counts_as_in_use_and_what_waits_for_the_collector_does_not() -> None:
    before = heap_use()
    kept = [[number] for number in range(20_000)]
    sound = bytearray(64 << 20)
    ring: list[object] = [bytearray(64 << 20)]
    ring.append(ring)
    del ring
    now = heap_use()
    assert now.objects >= before.objects + 19_000
    assert now.blocks >= before.blocks + 19_000
    assert before.malloc_kb + (60 << 10) <= now.malloc_kb <= before.malloc_kb + (100 << 10)
    assert len(kept) + len(sound) > 0


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0])


_MANY_THREADS = """
import ctypes, sys, threading
from voicebot.heap import share_arenas
if sys.argv[2] == "shared":
    assert share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
alive = threading.Barrier(9)
def takes() -> None:
    libc.malloc(50_000)
    alive.wait()
    alive.wait()
for _ in range(8):
    threading.Thread(target=takes).start()
alive.wait()
file = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
alive.wait()
"""


def arenas_of_eight_threads(tmp_path: Path, how: str) -> int:
    told = tmp_path / how
    subprocess.run([sys.executable, "-c", _MANY_THREADS, str(told), how], check=True)
    return told.read_text().count("<heap nr=")


def test_threads_share_two_arenas_rather_than_having_one_each(tmp_path: Path) -> None:
    assert arenas_of_eight_threads(tmp_path, "own") > 2
    assert arenas_of_eight_threads(tmp_path, "shared") <= 2
