"""Figures counted from the facts kept of each day are those counted from the contacts, whatever happened meanwhile."""

from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import kept
from voicebot.clock import PARIS
from voicebot.journal.columns import columns_of, joined, pack, unpack
from voicebot.journal.events import ContactEnded, ContactStarted, Surveyed, TurnAnswered, TurnHeard, Typing
from voicebot.journal.facts import forget_facts, keep_facts, report
from voicebot.journal.figures import read_report
from voicebot.journal.journal import Journal
from voicebot.journal.settings import Retention

FIRST = date(2026, 10, 20)  # the clocks go back on the 25th
TODAY = FIRST + timedelta(days=16)
PERIODS = ((0, 0), (4, 14), (-30, 60))
NARROWED: tuple[dict[str, str], ...] = ({}, {"channel": "phone", "commune": "Touques"})

CONTACTS = st.tuples(
    st.integers(0, 15),
    st.sampled_from([(0, 5), (9, 30), (9, 30), (23, 59)]),
    st.sampled_from(["phone", "chat", "desk"]),
    st.sampled_from(["", "+33636980001", "+33636980002"]),
    st.sampled_from(["answered", "ticket", "hung_up", "transferred", None]),
    st.sampled_from(["eau", "tri", ""]),
    st.sampled_from(["Touques", "Deauville", ""]),
    st.integers(0, 3),
)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), CONTACTS),
        st.tuples(st.just("end"), st.integers(0, 9)),
        st.tuples(st.just("answer"), st.integers(0, 9)),
        st.tuples(st.just("erase"), st.sampled_from(["+33636980001", "+33636980002"])),
        st.tuples(st.just("purge"), st.integers(5, 12)),
        st.tuples(st.just("keep"), st.none()),
    ),
    max_size=6,
)


def tell(journal: Journal, number: int, drawn: Any) -> None:
    """Tell one contact; one without outcome goes on."""
    day, (hour, minute), channel, caller, outcome, theme, commune, turns = drawn
    at = datetime.combine(FIRST + timedelta(days=day), time(hour, minute, number % 60), PARIS)
    name = f"c{number}"
    journal.contact_started(ContactStarted(name, at, channel, "", caller, "coeur-cote-fleurie"))
    for seq in range(1, turns + 1):
        understood = (True, False, None)[(number + seq) % 3]
        delay = None if seq == 3 else 500 + 100 * number
        intent = f"{theme}.fuite" if theme else None
        moment = at + timedelta(seconds=40 * seq)  # after midnight for some
        journal.turn(
            TurnHeard(name, seq, moment, 40.0 * seq, "voice", "x", 0.9, intent, {}, "y", understood, False, delay)
        )
    if number % 3 == 0:
        journal.record(kept(name, 20, f"R-{number:03d}", at=at, caller=caller))
        journal.survey(Surveyed(name, 21, at, "global", 1 + number % 5))
    if outcome is not None:
        end(journal, number, at, outcome, theme, commune)


def end(journal: Journal, number: int, at: datetime, outcome: Any, theme: str, commune: str) -> None:
    nature: Any = "complaint" if number % 4 == 0 else "information"
    transfer = ("accueil", "busy") if number % 5 == 0 else None
    typing = Typing(theme, "", nature, "", commune)
    journal.contact_ended(ContactEnded(f"c{number}", at + timedelta(minutes=2), 120.0, outcome, typing, transfer))


async def change(journal: Journal, number: int, what: str, drawn: Any) -> None:
    match what:
        case "tell":
            tell(journal, number, drawn)
        case "end":
            end(journal, drawn, datetime.combine(TODAY, time(9), PARIS), "answered", "tri", "Touques")
        case "answer":
            journal.turn_answered(TurnAnswered(f"c{drawn}", 1, 4321))
        case "erase":
            await journal.erase_person(journal.pseudonym(drawn) or "")
        case "purge":
            at = datetime.combine(TODAY, time(9), PARIS)
            periods = Retention(transcripts=drawn - 2, callers=drawn - 1, contacts=drawn)
            await journal.settled()
            await journal.archive.purge(at, periods)
        case "keep":
            await journal.settled()
            await keep_facts(journal.database, TODAY, pause_s=0)
    await journal.settled()


async def check_the_same(journal: Journal) -> None:
    for start, stop in PERIODS:
        for only in NARROWED:
            days = FIRST + timedelta(days=start), FIRST + timedelta(days=stop)
            async with journal.database.reading() as connection:
                counted = await read_report(connection, *days, only)
            assert await report(journal.database, *days, only) == counted


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CONTACTS, min_size=1, max_size=10), CHANGES)
def test_figures_are_the_same_with_facts_and_without(sqlite_base: Base, told: list[Any], changes: list[Any]) -> None:
    async def live(journal: Journal) -> None:
        async with journal.database.writing() as connection:
            for name in ("contacts", "records"):
                await connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608 - of the example before
        for number, drawn in enumerate(told):
            tell(journal, number, drawn)
        await journal.settled()
        await keep_facts(journal.database, TODAY, pause_s=0)
        await check_the_same(journal)
        for number, (what, drawn) in enumerate(changes, start=len(told)):
            await change(journal, number, what, drawn)
        await check_the_same(journal)

    kept_open(sqlite_base, live)


STORY = [
    ("tell", (3, (23, 59), "phone", "+33636980001", "answered", "eau", "Touques", 3)),
    ("tell", (9, (9, 30), "chat", "+33636980001", "answered", "eau", "Touques", 2)),
    ("keep", None),
    ("tell", (4, (9, 30), "phone", "+33636980001", None, "eau", "Touques", 1)),
    ("end", 12),
    ("answer", 10),
    ("keep", None),
    ("erase", "+33636980001"),
    ("tell", (5, (9, 30), "phone", "+33636980002", "ticket", "tri", "Deauville", 2)),
    ("keep", None),
    ("purge", 11),
]


def test_each_change_removes_the_facts_it_makes_wrong(base: Base) -> None:
    async def live(journal: Journal) -> None:
        for number in range(10):
            tell(journal, number, (number, (9, 30), "phone", "+33636980002", "answered", "eau", "Touques", 2))
        await journal.settled()
        for number, (what, drawn) in enumerate(STORY, start=10):
            await change(journal, number, what, drawn)
            await check_the_same(journal)
        await forget_facts(journal.database)
        await check_the_same(journal)

    kept_open(base, live)


def test_what_is_kept_already_is_not_written_again(base: Base) -> None:
    async def live(journal: Journal) -> None:
        tell(journal, 1, (3, (9, 30), "phone", "", "answered", "eau", "Touques", 1))
        await journal.settled()
        assert await keep_facts(journal.database, TODAY, pause_s=0) == 9  # five kinds, and the month of four
        assert await keep_facts(journal.database, TODAY, pause_s=0) == 0
        tell(journal, 2, (3, (9, 30), "phone", "", "answered", "eau", "Touques", 0))
        await journal.settled()
        assert await keep_facts(journal.database, TODAY, pause_s=0) == 3  # contacts of the day and month, returns

    kept_open(base, live)


def test_a_period_without_facts_is_counted_by_the_database(base: Base) -> None:
    async def live(journal: Journal) -> None:
        for day in (0, 15):
            tell(journal, day, (day, (9, 30), "phone", "", "answered", "eau", "Touques", 1))
        early = datetime.combine(FIRST - timedelta(days=90), time(9), PARIS)
        journal.contact_started(ContactStarted("early", early, "phone", "", "", "coeur-cote-fleurie"))
        await journal.settled()
        assert (await report(journal.database, FIRST - timedelta(days=100), TODAY)).contacts == 3

    kept_open(base, live)


ROWS = st.lists(
    st.tuples(
        st.none() | st.text(max_size=3),
        st.none() | st.text(max_size=3),
        st.none() | st.integers(-9, 9) | st.sampled_from([127, -128, 40_000, 2**31 - 1]),
    ),
    max_size=9,
)


@given(st.lists(ROWS, max_size=4))
def test_columns_come_back_from_their_bytes_and_are_counted_together(blocks: list[Any]) -> None:
    labels, figures = ("one", "two"), ("number",)
    packed = [pack(columns_of(rows, labels, figures)) for rows in blocks]
    together = joined([unpack(one, (*labels, *figures)) for one in packed], labels, figures)
    rows = [row for block in blocks for row in block]
    direct = columns_of(rows, labels, figures)
    assert together.size == len(rows)
    assert together.counts("one") == {
        value: [row[0] for row in rows].count(value) for value in {row[0] for row in rows}
    }
    assert together.counts("two") == direct.counts("two")
    assert together.figures["number"].tolist() == direct.figures["number"].tolist()
    numbers = [row[2] for row in rows if row[2] is not None]
    assert together.histogram("number") == [(one, numbers.count(one)) for one in sorted(set(numbers))]


def test_there_is_nothing_to_keep_in_an_empty_journal(base: Base) -> None:
    async def live(journal: Journal) -> int:
        return await keep_facts(journal.database, TODAY)

    assert kept_open(base, live) == 0
