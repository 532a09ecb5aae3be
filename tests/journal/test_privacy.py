"""Who called is never written; how to call back is, encrypted; what is past its period goes, on the disk too."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import AT, CALLER, ended, kept, rows, started, turn, whole_contact
from voicebot.journal.errors import KeyTrouble
from voicebot.journal.events import Preferred, Surveyed
from voicebot.journal.improving import Improving
from voicebot.journal.journal import Journal
from voicebot.journal.opening import purge_journal
from voicebot.journal.seal import Keys, Seal, mask, masked
from voicebot.journal.settings import Retention

OTHER = "+33299112233"
PRIVATE = {"telephone": OTHER, "email": "jeanne.dupont@exemple.fr", "nom": "Dupont"}
SEAL = Seal(Keys(b"k" * 40, b"A" * 43 + b"="))


def disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def everything(base: Base) -> str:
    names = ("contacts", "turns", "records", "coordinates", "surveys", "preferences", "actions")

    async def read() -> str:
        return str([await rows(base.settings.url, name) for name in names])

    return asyncio.run(read())


def tell_private_things(journal: Journal, contact: str = "c1") -> None:
    journal.contact_started(started(contact))
    journal.turn(turn(contact, 1, "mon numéro est le 02 99 11 22 33", entities={"telephone": OTHER}))
    dictated = {"intent": None, "entities": {"telephone": OTHER}, "said": "Votre numéro est bien le 02 99 11 22 33 ?"}
    journal.turn(turn(contact, 2, "zéro deux quatre-vingt-dix-neuf onze vingt-deux trente-trois", **dictated))
    read_back = "C’est noté. L’adresse est bien : jeanne, point, dupont, arobase, exemple, point, fr ?"
    spelt = {"intent": None, "entities": {"email": PRIVATE["email"]}, "said": read_back}
    journal.turn(turn(contact, 3, "jeanne point dupont arobase exemple point fr", **spelt))
    journal.turn(turn(contact, 4, "Madame Dupont", intent=None, entities={"nom": "Dupont"}, said="Merci, Dupont."))
    journal.record(kept(contact, 5, type="callback", slots={**PRIVATE, "motif": "une fuite"}))
    journal.survey(Surveyed(contact, 6, AT, "global", 5, "rappelez-moi au +33 2 99 11 22 33"))
    journal.contact_ended(ended(contact, "callback"))


def test_no_number_name_or_address_is_written_anywhere_in_clear(frail_base: Base, tmp_path: Path) -> None:
    async def work(journal: Journal) -> bytes:
        await journal.settled()
        await asyncio.to_thread(frail_base.goes_away)
        try:
            tell_private_things(journal)
            await journal.spooled()
            spooled = disk(frail_base.settings.spool)
        finally:
            frail_base.comes_back()
        await journal.settled()
        return spooled

    spooled = kept_open(frail_base, work)
    assert spooled.count(b"\n") == 8
    for place in (spooled.decode(), everything(frail_base), disk(tmp_path).decode("utf-8", "replace")):
        for private in ("0612345678", CALLER, OTHER, "99 11 22 33", "onze vingt-deux", "upont", "exemple"):
            assert private not in place, private
    assert "une fuite" in everything(frail_base)


def test_coordinates_come_back_to_who_holds_the_key_only(base: Base) -> None:
    async def work(journal: Journal) -> None:
        tell_private_things(journal)
        await journal.settled()
        assert await journal.archive.coordinates("c1:5") == PRIVATE
        assert await journal.archive.coordinates("c1:9") == {}

    kept_open(base, work)
    [record] = asyncio.run(rows(base.settings.url, "records"))
    assert record["slots"] == {"telephone": "•• 33", "email": "••@••", "nom": "••", "motif": "une fuite"}
    [token] = asyncio.run(rows(base.settings.url, "coordinates"))
    with pytest.raises(KeyTrouble):
        SEAL.open(token["token"])


def test_one_caller_has_one_pseudonym_and_no_caller_none() -> None:
    assert SEAL.pseudonym("+33612345678") == SEAL.pseudonym("+33 6 12 34 56 78")
    assert SEAL.pseudonym("+33612345678") != SEAL.pseudonym("+33612345679")
    assert SEAL.pseudonym("+33612345678") != Seal(Keys(b"l" * 40, b"A" * 43 + b"=")).pseudonym("+33612345678")
    assert SEAL.pseudonym("") is None
    assert SEAL.pseudonym("anonymous") is None


@given(st.lists(st.integers(0, 9), min_size=9, max_size=15), st.sampled_from(["", " ", ".", "-", " - "[:2]]))
def test_a_whole_number_is_masked_however_it_is_grouped(digits: list[int], gap: str) -> None:
    number = gap.join(map(str, digits))
    assert number not in masked(f"c'est le {number}, merci")
    assert masked(f"c'est le {number}, merci").endswith(f"{digits[-2]}{digits[-1]}, merci")


@given(st.text(alphabet=st.characters(blacklist_characters="@", blacklist_categories=["Nd", "No", "Nl", "Cs"])))
def test_words_without_numbers_or_addresses_are_left_as_they_are(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("text", ["le 24 novembre 2026 à 10 h 30", "12 rue Fossorier, 14800 Deauville", "D 472", "15"])
def test_dates_addresses_and_references_are_not_masked(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("telephone", "+33612345678", "•• 78"),
        ("telephone", "", "••"),
        ("email", "a@b.fr", "••@••"),
        ("nom", "Li", "••"),
    ],
)
def test_a_mask_shows_nothing_that_names(name: str, value: str, shown: str) -> None:
    assert mask(name, value) == shown


def test_a_person_gets_all_that_is_kept_of_them_and_of_nobody_else(base: Base) -> None:
    async def work(journal: Journal) -> Any:
        tell_private_things(journal, "c1")
        whole_contact(journal, "c2")
        whole_contact(journal, "stranger", caller="+33755555555")
        journal.contact_started(started("withheld", caller=""))
        journal.record(kept("withheld", 1, "F-100", caller="", slots={"telephone": CALLER}))
        journal.prefer(Preferred("c2", 9, AT, CALLER, "pace", "1"))
        person = journal.pseudonym(CALLER)
        assert person is not None
        return await journal.export_person(person), await journal.export_person(journal.pseudonym(OTHER) or "")

    caller, called_back = kept_open(base, work)
    assert {contact["id"] for contact in caller["contacts"]} == {"c1", "c2", "withheld"}
    assert {heard["contact_id"] for heard in caller["turns"]} == {"c1", "c2"}
    assert [record["coordinates"] for record in caller["records"]] == [{"telephone": CALLER}]
    assert [preference["value"] for preference in caller["preferences"]] == ["1"]
    assert [record["coordinates"] for record in called_back["records"]] == [PRIVATE]
    assert called_back["contacts"] == []


def test_an_erased_person_leaves_no_trace_and_the_others_stay(base: Base, tmp_path: Path) -> None:
    async def work(journal: Journal) -> Any:
        journal.contact_started(started("c1"))
        journal.turn(turn("c1", 1, "une phrase que personne d’autre ne dit"))
        journal.record(kept("c1", 2, slots={"motif": "un motif unique"}))
        journal.prefer(Preferred("c1", 3, AT, CALLER, "pace", "1"))
        journal.contact_ended(ended("c1"))
        whole_contact(journal, "stranger", caller="+33755555555")
        person = journal.pseudonym(CALLER)
        assert person is not None
        counts = await journal.erase_person(person)
        left = await journal.export_person(person)
        return counts, left

    counts, left = kept_open(base, work)
    assert counts == {
        "coordinates": 0,
        "records": 1,
        "turns": 1,
        "surveys": 0,
        "contacts": 1,
        "preferences": 1,
        "deliveries": 0,
        "consents": 0,
        "voices": 0,
        "voice_files": 0,
    }
    assert not any(left[kind] for kind in ("contacts", "turns", "records", "surveys", "preferences"))
    assert [contact["id"] for contact in asyncio.run(rows(base.settings.url, "contacts"))] == ["stranger"]
    assert "personne d’autre" not in everything(base)
    assert "personne d’autre".encode() not in disk(tmp_path)


def test_nobody_is_not_a_person_to_erase(base: Base) -> None:
    async def work(journal: Journal) -> Any:
        whole_contact(journal, "withheld", caller="")
        return await journal.erase_person("")

    assert set(kept_open(base, work).values()) == {0}
    assert len(asyncio.run(rows(base.settings.url, "contacts"))) == 1


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PERIODS = Retention(transcripts=10, callers=20, contacts=30, records=40, coordinates=15, preferences=25, actions=5)


def aged(base: Base, days: float) -> dict[str, Any]:
    """Return the tables after everything of a contact ``days`` old was purged at ``NOW``."""

    async def work(journal: Journal) -> dict[str, int]:
        at = NOW - timedelta(days=days)
        journal.contact_started(started(at=at))
        journal.turn(turn(at=at))
        journal.record(kept(at=at, slots={"telephone": OTHER, "motif": "x"}))
        journal.survey(Surveyed("c1", 3, at, "global", 4, "très bien"))
        journal.prefer(Preferred("c1", 4, at, CALLER, "pace", "1"))
        journal.contact_ended(ended(at=at - timedelta(seconds=60)))
        await journal.settled()
        await journal.archive.act("anne", "read", "c1", at, {})
        return await purge_journal(journal.archive, base.settings, NOW, PERIODS)

    counts = kept_open(base, work)

    async def read() -> dict[str, Any]:
        names = ("contacts", "turns", "records", "coordinates", "surveys", "preferences", "actions")
        return {name: await rows(base.settings.url, name) for name in names}

    return asyncio.run(read()) | {"counts": counts}


@pytest.mark.parametrize(
    ("days", "gone"),
    [
        (4.9, set()),
        (5.1, {"actions"}),
        (10.1, {"actions", "transcripts", "comments"}),
        (15.1, {"actions", "transcripts", "comments", "coordinates"}),
        (20.1, {"actions", "transcripts", "comments", "coordinates", "callers"}),
        (25.1, {"actions", "transcripts", "comments", "coordinates", "callers", "preferences"}),
        (30.1, {"actions", "transcripts", "coordinates", "preferences", "contacts"}),
        (40.1, {"actions", "transcripts", "coordinates", "preferences", "contacts", "records"}),
    ],
)
def test_each_kind_of_data_goes_when_its_own_period_is_over(base: Base, days: float, gone: set[str]) -> None:
    left = aged(base, days)
    found = {name for name in ("actions", "coordinates", "preferences", "contacts", "records") if not left[name]}
    found |= set() if left["turns"] else {"transcripts"}
    if left["contacts"]:
        found |= {"comments"} if left["surveys"][0]["comment"] == "" else set()
        found |= {"callers"} if left["contacts"][0]["person"] is None else set()
    assert found == gone
    assert {name for name, count in left["counts"].items() if count} >= gone


def test_a_purge_counts_what_it_did_and_a_second_finds_nothing_to_do(base: Base) -> None:
    async def work(journal: Journal) -> tuple[dict[str, int], dict[str, int]]:
        for number in range(3):
            whole_contact(journal, f"c{number}", at=NOW - timedelta(days=12))
        await journal.settled()
        first = await purge_journal(journal.archive, base.settings, NOW, PERIODS)
        return first, await purge_journal(journal.archive, base.settings, NOW, PERIODS)

    first, second = kept_open(base, work)
    assert first["transcripts"] == 3
    assert set(second.values()) == {0}


@pytest.mark.parametrize("wrong", [{"transcripts": -1}, {"transcripts": 2000}, {"coordinates": 1000}])
def test_periods_that_contradict_each_other_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Retention(**wrong)


def test_proposals_go_with_age_but_for_those_in_force(base: Base) -> None:
    async def work(journal: Journal) -> list[str]:
        improving = Improving(journal.database)
        for text in ("old", "in force", "refused lately"):
            await improving.propose("p", "example", "eau.fuite", text, "anne", NOW - timedelta(days=40))
        numbers = {row["text"]: row["id"] for row in await improving.proposals("p")}
        await improving.review(numbers["in force"], "applied", "anne", NOW - timedelta(days=39))
        await improving.review(numbers["refused lately"], "rejected", "anne", NOW - timedelta(days=5))
        counts = await journal.archive.purge(NOW, replace(PERIODS, proposals=10))
        assert counts["proposals"] == 1
        return [row["text"] for row in await improving.proposals("p")]

    assert sorted(kept_open(base, work)) == ["in force", "refused lately"]
