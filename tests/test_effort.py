"""What the process spends is counted by stage and told by thread."""

import os
import sys
import threading
from pathlib import Path

import pytest

from voicebot.effort import LOOP, Spent, Tally, cpu_by_thread, give_way, since, thread_named

linux = pytest.mark.skipif(sys.platform != "linux", reason="threads are named and measured through /proc")


def test_a_stage_counts_its_times_and_its_seconds_even_when_it_fails() -> None:
    seconds = iter((0.0, 0.5, 1.0, 1.25))
    tally = Tally(lambda: next(seconds))
    with tally.stage("decoder"):
        pass
    with pytest.raises(ValueError, match="damaged"), tally.stage("decoder"):
        raise ValueError("damaged")
    assert tally.spent() == {"decoder": Spent(2, 0.75)}


def test_what_was_spent_between_two_readings_leaves_out_what_was_not_done() -> None:
    before = {"encoder": Spent(1, 0.5), "decoder": Spent(1, 0.5)}
    assert since(before, {**before, "decoder": Spent(3, 2.0)}) == {"decoder": Spent(2, 1.5)}


@linux
def test_processor_time_is_told_for_the_loop_and_for_the_threads_by_the_first_word_of_their_name() -> None:
    done = threading.Event()
    worker = threading.Thread(target=done.wait, name="tts kokoro")
    worker.start()
    try:
        assert {LOOP, "tts"} <= cpu_by_thread().keys()
    finally:
        done.set()
        worker.join()


@linux
def test_a_thread_carries_the_name_it_is_given_for_as_long_as_it_is_given() -> None:
    comm = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
    before = comm.read_text()
    with thread_named("recognition-of-speech"):
        assert comm.read_text().strip() == "recognition-of-"
    assert comm.read_text() == before


@linux
def test_a_thread_that_gives_way_yields_to_the_loop_with_those_it_starts_and_no_more_when_asked_twice() -> None:
    priorities: list[int] = []

    def note() -> None:
        priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def work() -> None:
        give_way()
        give_way()
        note()
        started = threading.Thread(target=note)
        started.start()
        started.join()

    give_way()
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    loop = os.getpriority(os.PRIO_PROCESS, os.getpid())
    assert priorities == [min(19, loop + 5)] * 2
