"""The database really gone under load: nothing is lost, nothing is twice.

Twenty callers go on talking, in real time, while it is away. ``VOICEBOT_OUTAGE_S`` makes the outage longer than the
moment it lasts here: a minute was tried so by hand.
"""

import asyncio
import os
from collections import Counter
from dataclasses import replace

from tests.journal.conftest import Base, kept_open, troubled
from tests.journal.samples import ended, kept, rows, started, turn
from voicebot.journal.journal import Journal

OUTAGE_S = float(os.environ.get("VOICEBOT_OUTAGE_S", "0.5"))
CALLERS = 20
TURN_S = 0.05


async def caller(journal: Journal, number: int, over: asyncio.Event, told: Counter[str]) -> None:
    """Call, talk, leave a request, hang up, and call again until it is over."""
    place = 0
    while not over.is_set():
        contact = f"call-{number:02d}-{place:04d}"
        journal.contact_started(started(contact))
        for seq in range(1, 4):
            await asyncio.sleep(TURN_S)
            journal.turn(replace(turn(contact, seq), heard=f"tour {seq} de {contact}"))
            told["turns"] += 1
        journal.record(kept(contact, 4, f"R-{number}-{place}"))
        journal.contact_ended(ended(contact))
        told["contacts"] += 1
        place += 1


def test_a_database_that_goes_away_under_load_loses_nothing(frail_base: Base) -> None:
    told: Counter[str] = Counter()

    async def work(journal: Journal) -> None:
        over = asyncio.Event()
        calls = [asyncio.create_task(caller(journal, number, over, told)) for number in range(CALLERS)]
        await asyncio.sleep(0.3)
        await asyncio.to_thread(frail_base.goes_away)  # in the middle of whatever it was writing
        try:
            await troubled(journal)
            await asyncio.sleep(OUTAGE_S)
            assert journal.state.waiting
        finally:
            await asyncio.to_thread(frail_base.comes_back)
        await asyncio.sleep(0.2)
        over.set()
        await asyncio.gather(*calls)
        await journal.settled()
        assert (journal.state.lost, journal.state.refused) == (0, 0)

    kept_open(frail_base, work)
    contacts = asyncio.run(rows(frail_base.settings.url, "contacts"))
    turns = asyncio.run(rows(frail_base.settings.url, "turns"))
    records = asyncio.run(rows(frail_base.settings.url, "records"))
    assert (len(contacts), len(turns), len(records)) == (told["contacts"], told["turns"], told["contacts"])
    assert all(contact["outcome"] == "answered" for contact in contacts)
    assert all(heard["heard"] == f"tour {heard['seq']} de {heard['contact_id']}" for heard in turns)
