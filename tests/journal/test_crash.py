"""A process killed in the middle of its calls, and a power cut: nothing that was finished is lost, nothing is twice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.journal.conftest import Base, kept_open, troubled
from tests.journal.crashing import CALLS
from tests.journal.samples import rows, started, turn
from voicebot.journal.journal import Journal

ROOT = Path(__file__).resolve().parent.parent.parent
TURNS_BEFORE_THE_END = 4


def hold_calls_until_killed(base: Base) -> dict[str, int]:
    """Return the last finished turn of each call."""
    command = [sys.executable, "-m", "tests.journal.crashing", base.settings.url, str(base.settings.spool.parent)]
    finished: dict[str, int] = {}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            contact, seq = line.split()
            finished[contact] = int(seq)
            if len(finished) == CALLS and sum(finished.values()) > CALLS * TURNS_BEFORE_THE_END:
                break
        os.kill(process.pid, signal.SIGKILL)
        for line in process.stdout:  # what it had still written before it died
            if line.endswith("\n"):
                finished[line.split()[0]] = int(line.split()[1])
    return finished


def check_nothing_finished_is_missing(base: Base, finished: dict[str, int]) -> None:
    kept_open(base, lambda journal: journal.settled())
    contacts = asyncio.run(rows(base.settings.url, "contacts"))
    turns = asyncio.run(rows(base.settings.url, "turns"))
    assert len(finished) == CALLS
    assert {contact["id"] for contact in contacts} == finished.keys()
    assert all(contact["outcome"] == "failed" and contact["ended_at"] is not None for contact in contacts)
    stored = Counter(heard["contact_id"] for heard in turns)
    missing = {contact: (seq, stored[contact]) for contact, seq in finished.items() if stored[contact] < seq}
    assert not missing
    assert len({(heard["contact_id"], heard["seq"]) for heard in turns}) == len(turns)
    assert all(heard["heard"] == f"tour {heard['seq']} de {heard['contact_id']}" for heard in turns)


def test_a_process_killed_in_twenty_calls_loses_no_finished_turn(base: Base) -> None:
    check_nothing_finished_is_missing(base, hold_calls_until_killed(base))


def test_nor_when_the_database_was_away_for_it_all(frail_base: Base) -> None:
    kept_open(frail_base, lambda journal: asyncio.sleep(0))
    frail_base.goes_away()
    try:
        finished = hold_calls_until_killed(frail_base)
    finally:
        frail_base.comes_back()
    assert asyncio.run(rows(frail_base.settings.url, "turns")) == []
    check_nothing_finished_is_missing(frail_base, finished)


def test_a_line_cut_by_the_crash_is_dropped_and_the_ones_before_it_are_stored(frail_base: Base) -> None:
    async def killed() -> None:
        journal = await frail_base.open()
        await journal.settled()
        await asyncio.to_thread(frail_base.goes_away)
        journal.contact_started(started())
        for seq in (1, 2, 3):
            journal.turn(turn(seq=seq))
        await troubled(journal)
        await journal.close()

    asyncio.run(killed())
    [segment] = frail_base.settings.spool.rglob("*.jsonl")
    os.truncate(segment, segment.stat().st_size - 5)
    frail_base.comes_back()
    kept_open(frail_base, lambda journal: asyncio.sleep(0))
    assert [heard["seq"] for heard in asyncio.run(rows(frail_base.settings.url, "turns"))] == [1, 2]


@pytest.mark.parametrize("rubbish", [b"\0" * 100 + b"\n", b"{}\n", b'{"v":9,"kind":"turn","row":{}}\n', b"[1]\n\xff\n"])
def test_rubbish_in_the_spool_is_set_aside_and_the_rest_is_stored(frail_base: Base, rubbish: bytes) -> None:
    async def killed() -> None:
        journal = await frail_base.open()
        await journal.settled()
        await asyncio.to_thread(frail_base.goes_away)
        journal.contact_started(started())
        journal.turn(turn())
        await troubled(journal)
        await journal.close()

    asyncio.run(killed())
    [segment] = frail_base.settings.spool.rglob("*.jsonl")
    segment.write_bytes(rubbish + segment.read_bytes())
    frail_base.comes_back()
    refused = kept_open(frail_base, _refused)
    assert refused == rubbish.count(b"\n")
    assert len(asyncio.run(rows(frail_base.settings.url, "turns"))) == 1


async def _refused(journal: Journal) -> int:
    return journal.state.refused
