"""The spool gives back every line once and in order, whatever the sizes and whenever the process dies."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from voicebot.journal import spool as spool_module
from voicebot.journal.spool import Run, abandoned, open_run, purge_refused, set_aside


def die(run: Run) -> None:
    """Release the lock as the system does when a process dies, leaving everything else as it is."""
    os.close(run._lock)


def drained(run: Run, limit: int = 3) -> list[bytes]:
    lines: list[bytes] = []
    while batch := run.read(limit):
        lines += batch.lines
        run.done(batch)
    return lines


@given(st.lists(st.lists(st.integers(0, 99999), min_size=1, max_size=9), max_size=12), st.integers(1, 7))
def test_lines_come_back_in_order_once_and_leave_nothing(batches: list[list[int]], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(spool_module, "SEGMENT_BYTES", 40)
        patched.setattr(os, "fsync", lambda file: None)
        run = open_run(Path(folder), "run")
        for batch in batches:
            run.append(b"".join(b"%d\n" % number for number in batch))
        assert drained(run, limit) == [b"%d\n" % number for batch in batches for number in batch]
        assert run.empty
        assert not list((Path(folder) / "run").glob("*.jsonl"))
        run.close()
        assert list(Path(folder).iterdir()) == []


class SpoolLife(RuleBasedStateMachine):
    """A process that notes, stores, crashes and starts again: what is not stored is offered again, nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name)
        self._patched = pytest.MonkeyPatch()
        self._patched.setattr(spool_module, "SEGMENT_BYTES", 30)
        self._patched.setattr(os, "fsync", lambda file: None)  # processes die here, not machines
        self._runs = 0
        self._next = 0
        self._safe: list[bytes] = []
        self._stored: list[bytes] = []
        self._start()

    def _start(self) -> None:
        self._runs += 1
        self._run = open_run(self._path, f"run-{self._runs:04d}")
        for left in abandoned(self._path):
            while batch := left.read(4):
                self._store(batch.lines)
                left.done(batch)
            left.close()

    def _store(self, lines: tuple[bytes, ...]) -> None:
        self._stored += [line for line in lines if line not in self._stored]  # as an idempotent insert does

    @rule(count=st.integers(1, 5))
    def append(self, count: int) -> None:
        lines = [b"%06d\n" % number for number in range(self._next, self._next + count)]
        self._next += count
        self._run.append(b"".join(lines))
        self._safe += lines

    @rule(limit=st.integers(1, 6), told=st.booleans())
    def store(self, limit: int, told: bool) -> None:
        batch = self._run.read(limit)
        if batch is not None:
            self._store(batch.lines)
            if told:
                self._run.done(batch)

    @rule(cut=st.booleans())
    def crash(self, cut: bool) -> None:
        if cut:
            with self._run._path(self._run._next).open("ab") as file:
                file.write(b"half a li")
        die(self._run)
        self._start()
        assert self._stored == self._safe

    @precondition(lambda self: self._stored != self._safe)
    @rule()
    def catch_up(self) -> None:
        while batch := self._run.read(10):
            self._store(batch.lines)
            self._run.done(batch)
        assert self._stored == self._safe
        assert self._run.empty

    def teardown(self) -> None:
        self._run.close()
        self._patched.undo()
        self._folder.cleanup()


TestSpoolLife = SpoolLife.TestCase
TestSpoolLife.settings = settings(max_examples=25, stateful_step_count=30)


def test_the_run_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    run = open_run(tmp_path, "alive")
    assert list(abandoned(tmp_path)) == []
    run.append(b"1\n")
    die(run)
    [left] = abandoned(tmp_path)
    assert drained(left) == [b"1\n"]
    left.close()


def test_an_append_that_fails_keeps_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(tmp_path, "run")
    run.append(b"1\n")
    write = os.write

    def full(file: int, data: memoryview) -> int:
        write(file, data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        run.append(b"22\n")
    monkeypatch.undo()
    run.append(b"3\n")
    assert drained(run) == [b"1\n", b"3\n"]
    run.close()


def test_files_of_the_spool_are_for_this_user_alone(tmp_path: Path) -> None:
    run = open_run(tmp_path / "spool", "run")
    run.append(b"1\n")
    set_aside(tmp_path / "spool", b"2")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "spool").rglob("*")}
    assert modes == {"run": 0o700, "lock": 0o600, "00000001.jsonl": 0o600, "refused.jsonl": 0o600}
    drained(run)
    run.close()


def test_lines_set_aside_go_when_the_last_of_them_is_old(tmp_path: Path) -> None:
    assert purge_refused(tmp_path, 1e12) == 0
    set_aside(tmp_path, b"1\n")
    set_aside(tmp_path, b"2")
    written_s = (tmp_path / "refused.jsonl").stat().st_mtime
    assert purge_refused(tmp_path, written_s) == 0
    assert purge_refused(tmp_path, written_s + 1) == 2
    assert not (tmp_path / "refused.jsonl").exists()
