"""What calls tell the journal is in the tables, whatever becomes of the database meanwhile."""

import asyncio
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journal.conftest import Base, kept_open, troubled
from tests.journal.samples import AT, CALLER, ended, kept, rows, started, turn, whole_contact
from voicebot.journal import journal as journal_module
from voicebot.journal.errors import JournalAway
from voicebot.journal.events import Preferred, Quality, Surveyed, TurnAnswered
from voicebot.journal.journal import Journal

HOSTILE = (
    "<script>alert(1)</script> '; DROP TABLE contacts; -- =cmd|' /C calc'!A0 \r\n\t \\x00 \u202e %s {0} \N{PILE OF POO}"
)


def tables(base: Base, *names: str) -> list[list[dict[str, Any]]]:
    async def read() -> list[list[dict[str, Any]]]:
        return [await rows(base.settings.url, name) for name in names]

    return asyncio.run(read())


def spool_files(base: Base) -> list[Path]:
    return [path for path in base.settings.spool.rglob("*") if path.is_file() and path.name != "lock"]


def test_a_contact_is_stored_with_its_turns_and_its_end(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.contact_started(started())
        journal.turn(turn(interrupted=True))
        journal.contact_ended(ended(transfer=("conseillers", "busy"), quality=Quality(1000, 3, 4.5, 20.0, 4.1)))

    kept_open(base, work)
    [contact], [heard] = tables(base, "contacts", "turns")
    assert (contact["started_at"], contact["ended_at"]) == (AT.astimezone(UTC), AT.astimezone(UTC) + timedelta(0, 60))
    assert (contact["day"], contact["hour"], contact["call"]) == ("2026-11-24", 10, "sip-c1")
    assert (contact["outcome"], contact["theme"], contact["commune"]) == ("answered", "collecte", "Deauville")
    assert (contact["transfer_target"], contact["transfer_result"]) == ("conseillers", "busy")
    assert contact["mos"] == pytest.approx(4.1)
    assert contact["quality"]["packets_lost"] == 3
    assert (heard["heard"], heard["said"], heard["intent"]) == ("quand passe le camion", "Le mardi.", "collecte.jours")
    assert (heard["entities"], heard["delay_ms"], heard["interrupted"]) == ({"commune": "Deauville"}, 800, True)


def test_the_delay_of_an_answer_is_added_when_it_is_known(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.contact_started(started())
        journal.turn(turn(delay_ms=None))
        journal.turn_answered(TurnAnswered("c1", 1, 640, {"recognition": 0.5, "voice": 0.14}))

    kept_open(base, work)
    [[heard]] = tables(base, "turns")
    assert heard["delay_ms"] == 640
    assert heard["parts_ms"] == {"recognition": 500, "voice": 140}


def test_what_is_noted_twice_is_stored_once(base: Base) -> None:
    async def work(journal: Journal) -> None:
        for _ in range(2):
            whole_contact(journal, "c1")
            journal.record(kept())
            journal.survey(Surveyed("c1", 3, AT, "global", 5))
            await journal.settled()
        assert journal.state.refused == 0

    kept_open(base, work)
    assert [len(table) for table in tables(base, "contacts", "turns", "records", "surveys")] == [1, 1, 1, 1]


def test_hostile_words_are_stored_as_they_were_heard(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.contact_started(started())
        journal.turn(turn(heard=HOSTILE, said=HOSTILE, entities={"objet": HOSTILE, HOSTILE: "x"}, intent=HOSTILE))
        journal.survey(Surveyed("c1", 2, AT, "global", None, HOSTILE))

    kept_open(base, work)
    [heard], [survey] = tables(base, "turns", "surveys")
    assert (heard["heard"], heard["said"], heard["intent"]) == (HOSTILE, HOSTILE, HOSTILE)
    assert heard["entities"] == {"objet": HOSTILE, HOSTILE: "x"}
    assert survey["comment"] == HOSTILE


def test_characters_that_no_database_takes_are_replaced_not_refused(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.contact_started(started())
        journal.turn(turn(heard="a\x00b\ud800c", confidence=float("nan"), delay_ms=10**12))
        await journal.settled()
        assert journal.state.refused == 0

    kept_open(base, work)
    [[heard]] = tables(base, "turns")
    assert heard["heard"] == "a\ufffdb\ufffdc"
    assert heard["confidence"] is None


def test_nothing_is_lost_while_the_database_is_away(frail_base: Base) -> None:
    async def work(journal: Journal) -> None:
        whole_contact(journal, "before")
        await journal.settled()
        await asyncio.to_thread(frail_base.goes_away)
        try:
            for number in range(40):
                whole_contact(journal, f"during-{number:02d}")
            await journal.spooled()
            with pytest.raises(JournalAway):
                await journal.settled(timeout_s=0.1)
            await troubled(journal)
            assert spool_files(frail_base)
        finally:
            frail_base.comes_back()
        whole_contact(journal, "after")
        await journal.settled()
        assert not journal.state.trouble

    kept_open(frail_base, work)
    contacts, turns = tables(frail_base, "contacts", "turns")
    assert [contact["id"] for contact in contacts] == ["after", "before", *(f"during-{n:02d}" for n in range(40))]
    assert all(contact["outcome"] == "answered" for contact in contacts)
    assert len(turns) == 42


def test_a_database_away_at_the_start_does_not_stop_the_service(frail_base: Base) -> None:
    kept_open(frail_base, lambda journal: asyncio.sleep(0))
    frail_base.goes_away()
    returned = False

    async def work(journal: Journal) -> None:
        nonlocal returned
        whole_contact(journal, "c1")
        await journal.spooled()
        frail_base.comes_back()
        returned = True
        await journal.settled()

    try:
        kept_open(frail_base, work)
    finally:
        if not returned:
            frail_base.comes_back()
    assert [contact["id"] for contact in tables(frail_base, "contacts")[0]] == ["c1"]


def test_what_a_stopped_process_left_in_the_spool_is_stored_by_the_next(frail_base: Base) -> None:
    async def work(journal: Journal) -> None:
        await journal.settled()
        await asyncio.to_thread(frail_base.goes_away)
        whole_contact(journal, "c1")
        await troubled(journal)

    async def stopped() -> None:
        journal = await frail_base.open()
        try:
            await work(journal)
        finally:
            await journal.close()

    asyncio.run(stopped())
    assert spool_files(frail_base)
    frail_base.comes_back()
    kept_open(frail_base, lambda journal: asyncio.sleep(0))
    assert [contact["outcome"] for contact in tables(frail_base, "contacts")[0]] == ["answered"]
    assert not spool_files(frail_base)


def test_an_idle_spool_holds_nothing(base: Base) -> None:
    async def work(journal: Journal) -> None:
        whole_contact(journal, "c1")
        await journal.settled()
        assert not spool_files(base)

    kept_open(base, work)
    assert list(base.settings.spool.iterdir()) == []


def test_without_a_disk_lines_reach_the_database_from_memory(base: Base) -> None:
    async def work(journal: Journal) -> None:
        for folder in base.settings.spool.iterdir():
            (folder / "lock").rename(base.settings.spool / "away")
            folder.rmdir()
        whole_contact(journal, "c1")
        await journal.settled()
        assert journal.state.lost == 0

    kept_open(base, work)
    assert [contact["outcome"] for contact in tables(base, "contacts")[0]] == ["answered"]


def test_a_full_queue_loses_the_newest_and_says_so(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "QUEUE_LIMIT", 3)

    async def work(journal: Journal) -> None:
        whole_contact(journal, "c1")
        whole_contact(journal, "c2")
        assert journal.state.lost == 3

    kept_open(base, work)
    assert [contact["id"] for contact in tables(base, "contacts")[0]] == ["c1"]


def test_a_turn_of_an_unknown_contact_is_set_aside_and_the_others_are_stored(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.turn(turn("nobody"))
        whole_contact(journal, "c1")
        await journal.settled()
        assert journal.state.refused == 1

    kept_open(base, work)
    assert [heard["contact_id"] for heard in tables(base, "turns")[0]] == ["c1"]
    assert "nobody" in (base.settings.spool / "refused.jsonl").read_text()


def test_an_event_that_cannot_be_written_never_reaches_the_call(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.contact_started(started(at="yesterday"))  # type: ignore[arg-type]
        assert journal.state.lost == 1

    kept_open(base, work)
    assert tables(base, "contacts") == [[]]


def test_a_request_is_found_by_its_reference_at_once_and_later(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.contact_started(started())
        journal.record(kept(reference="D-472"))
        at_once = await journal.find_request("d 472")
        await journal.settled()
        later = await journal.find_request("D472")
        assert at_once == later
        assert later is not None
        assert (later.reference, later.type, later.form, later.state) == ("D-472", "ticket", "oubli", "open")
        assert later.opened_at == AT + timedelta(seconds=30)
        assert await journal.find_request("Z999") is None

    kept_open(base, work)


def test_the_state_of_a_request_follows_the_supervisors(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.contact_started(started())
        journal.record(kept(reference="D-472"))
        await journal.settled()
        assert await journal.archive.set_state("c1:2", "done", "anne", AT + timedelta(days=2))
        assert not await journal.archive.set_state("c9:9", "done", "anne", AT)
        found = await journal.find_request("D-472")
        assert found is not None
        assert (found.state, found.changed_at) == ("done", AT + timedelta(days=2))

    kept_open(base, work)
    [[action]] = tables(base, "actions")
    assert (action["who"], action["action"], action["subject"]) == ("anne", "set_state", "c1:2")


def booking(contact: str, moment: str = "le matin", seq: int = 2) -> Any:
    slots = {"date": "2026-12-02", "heure": moment, "commune": "Touques"}
    return kept(contact, seq, type="appointment", form="encombrants", slots=slots, reference=f"B-{contact}")


def test_appointments_are_counted_as_soon_as_they_are_made_and_never_twice(base: Base) -> None:
    async def work(journal: Journal) -> None:
        async def count() -> int:
            return await journal.taken("encombrants", date(2026, 12, 2), "le matin")

        assert await count() == 0
        for contact in ("c1", "c2"):
            journal.contact_started(started(contact))
            journal.record(booking(contact))
        journal.record(booking("c1", "l’après-midi", seq=3))
        assert await count() == 2
        await journal.settled()
        assert await count() == 2
        await journal.archive.set_state("c1:2", "cancelled", "anne", AT)
        assert await count() == 1

    kept_open(base, work)


def test_appointments_are_counted_from_memory_while_the_database_is_away(frail_base: Base) -> None:
    async def work(journal: Journal) -> None:
        await asyncio.to_thread(frail_base.goes_away)
        try:
            journal.contact_started(started())
            journal.record(booking("c1"))
            await journal.spooled()
            assert await journal.taken("encombrants", date(2026, 12, 2), "le matin") == 1
        finally:
            frail_base.comes_back()

    kept_open(frail_base, work)


def test_without_database_it_is_not_said_that_a_request_does_not_exist(server: Base) -> None:
    async def work(journal: Journal) -> None:
        server.goes_away()
        try:
            with pytest.raises(JournalAway):
                await journal.find_request("Z-1")
            assert await journal.preferences(CALLER) == {}
        finally:
            server.comes_back()

    kept_open(server, work)


def test_a_preference_is_remembered_by_person_and_the_last_one_holds(base: Base) -> None:
    async def work(journal: Journal) -> None:
        journal.prefer(Preferred("c1", 1, AT, CALLER, "pace", "1"))
        journal.prefer(Preferred("c1", 2, AT + timedelta(seconds=9), CALLER, "pace", "2"))
        journal.prefer(Preferred("c0", 1, AT - timedelta(days=1), CALLER, "pace", "0"))
        journal.prefer(Preferred("c2", 1, AT, "", "pace", "2"))
        await journal.settled()
        assert await journal.preferences(CALLER) == {"pace": "2"}
        assert await journal.preferences("+33700000000") == {}
        assert await journal.preferences("") == {}

    kept_open(base, work)
    assert len(tables(base, "preferences")[0]) == 1
