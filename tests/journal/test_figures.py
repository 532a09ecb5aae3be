"""The figures of a period, each counted by hand here; and what a contact was about."""

from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import AT, ended, kept, started, turn
from voicebot.clock import PARIS
from voicebot.journal.classify import classify
from voicebot.journal.events import ContactChannel, Nature, Outcome, RecordType, Surveyed, Typing
from voicebot.journal.figures import Delays, Report, Score, Volumes, nearest_rank
from voicebot.journal.journal import Journal
from voicebot.journal.sheets import RATES, load_labels
from voicebot.telephony.base import TransferResult

DAY = date(2026, 11, 24)


def contact(journal: Journal, name: str, at: datetime, outcome: Outcome, *turns: dict[str, Any], **end: Any) -> None:
    journal.contact_started(started(name, at))
    for seq, one in enumerate(turns, start=1):
        journal.turn(turn(name, seq, at=at, **one))
    journal.contact_ended(ended(name, outcome, at, **end))


def report_of(base: Base, tell: Any, first: date = DAY, last: date = DAY) -> Report:
    async def work(journal: Journal) -> Report:
        tell(journal)
        await journal.settled()
        return await journal.archive.report(first, last)

    found: Report = kept_open(base, work)
    return found


def a_day(journal: Journal) -> None:
    missed = {"intent": "hors_sujet", "understood": False, "delay_ms": 3000}
    water = Typing("eau", "fuite", "report", commune="Touques")
    contact(journal, "c1", AT, "answered", {"delay_ms": 500}, {"delay_ms": 700})
    contact(journal, "c2", AT + timedelta(hours=1), "ticket", {"delay_ms": 900, "intent": "eau.fuite"}, typing=water)
    contact(journal, "c3", AT + timedelta(hours=1), "transferred", missed, transfer=("conseillers", "answered"))
    contact(journal, "c4", AT + timedelta(hours=5), "hung_up", {"intent": None, "understood": None, "delay_ms": None})
    contact(journal, "later", AT + timedelta(days=1), "answered", {"delay_ms": 9000})
    journal.contact_started(started("going on", AT + timedelta(hours=6)))
    journal.record(kept("c2", 9, type="ticket"))
    journal.survey(Surveyed("c1", 8, AT, "global", 5))
    journal.survey(Surveyed("c2", 8, AT, "global", 2))
    journal.survey(Surveyed("c2", 10, AT, "global", None, "rien à dire"))


def test_a_day_is_counted(base: Base) -> None:
    report = report_of(base, a_day)
    assert (report.contacts, report.ended) == (5, 4)
    assert (report.containment, report.transferred, report.abandoned) == (0.5, 0.25, 0.25)
    assert report.no_match == 0.25
    assert report.delays == Delays(4, 700, 3000)
    assert report.satisfaction == {"global": Score(2, 3.5)}
    volumes = report.volumes
    assert volumes.days == {"2026-11-24": 5}
    assert volumes.hours == {10: 1, 11: 2, 15: 1, 16: 1}
    assert volumes.outcomes == {"answered": 1, "hung_up": 1, "ticket": 1, "transferred": 1}
    assert volumes.themes == {"collecte": 3, "eau": 1}
    assert volumes.natures == {"information": 3, "report": 1}
    assert volumes.communes == {"Deauville": 3, "Touques": 1}
    assert volumes.intents == {"collecte.jours": 2, "eau.fuite": 1, "hors_sujet": 1}
    assert volumes.channels == {"phone": 5}
    assert volumes.records == {"ticket": 1}
    assert volumes.transfers == {"answered": 1}


def test_both_ends_of_a_period_are_in_it(base: Base) -> None:
    assert list(report_of(base, a_day, DAY, DAY + timedelta(days=1)).volumes.days) == ["2026-11-24", "2026-11-25"]


def test_with_nothing_to_count_there_is_no_rate(base: Base) -> None:
    report = report_of(base, lambda journal: None)
    assert (report.contacts, report.containment, report.no_match, report.delays) == (0, None, None, Delays())


@pytest.mark.parametrize(
    ("at", "day", "hour"),
    [
        (datetime(2026, 7, 14, 0, 30, tzinfo=PARIS), "2026-07-14", 0),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=PARIS), "2026-10-25", 2),
        (datetime(2026, 12, 31, 23, 59, tzinfo=PARIS), "2026-12-31", 23),
    ],
)
def test_days_and_hours_are_those_of_the_wall(base: Base, at: datetime, day: str, hour: int) -> None:
    report = report_of(base, lambda journal: contact(journal, "c1", at, "answered"), at.date(), at.date())
    assert (report.volumes.days, report.volumes.hours) == ({day: 1}, {hour: 1})


def test_every_figure_and_every_value_has_its_french_name() -> None:
    labels = load_labels()
    figures = {entry.name for entry in fields(Volumes)} | {"satisfaction", "contacts", "ended", "complaints", *RATES}
    assert figures | {f"delays_{entry.name}" for entry in fields(Delays)} == labels["chiffres"].keys()
    for name, values in (
        ("channels", ContactChannel),
        ("outcomes", Outcome),
        ("natures", Nature),
        ("records", RecordType),
    ):
        assert set(get_args(values)) == labels[name].keys()
    assert {result.value for result in TransferResult} == labels["transfers"].keys()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_the_least_value_that_covers_its_share(values: list[int], share: float) -> None:
    histogram = [(value, values.count(value)) for value in sorted(set(values))]
    found = nearest_rank(histogram, share)
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


@pytest.mark.parametrize(
    ("intents", "entities", "records", "typing"),
    [
        ([], {}, [], Typing()),
        (["saluer", "oui", None], {}, [], Typing()),
        (["collecte.jours"], {"commune": "Touques"}, [], Typing("collecte", "jours", commune="Touques")),
        (["tri.objet", "eau.prix", "eau.prix"], {}, [], Typing("eau", "prix")),
        (["tri.objet", "eau.prix"], {}, [], Typing("tri", "objet")),
        (["collecte.oubli"], {}, ["ticket"], Typing("collecte", "oubli", "complaint")),
        (["reclamation"], {}, [], Typing("reclamation", "", "complaint")),
        (["signalement.depot_sauvage"], {}, ["ticket"], Typing("signalement", "depot_sauvage", "report")),
        (["encombrants.rdv"], {}, ["appointment"], Typing("encombrants", "rdv", "appointment")),
        (["bac.demande"], {}, ["ticket"], Typing("bac", "demande", "transaction")),
        (["rappel"], {}, ["callback"], Typing("rappel", "", "transaction")),
        (["redevance.pro"], {}, [], Typing("redevance", "pro", category="professional")),
        (["decheterie.acces"], {"public": "particulier"}, [], Typing("decheterie", "acces", category="resident")),
    ],
)
def test_a_contact_is_typed_by_what_was_asked_and_kept(
    intents: list[str | None], entities: dict[str, str], records: list[str], typing: Typing
) -> None:
    assert classify([(intent, entities) for intent in intents], records) == typing


def test_figures_can_be_narrowed_to_a_commune_and_everything_follows(base: Base) -> None:
    async def work(journal: Journal) -> Report:
        a_day(journal)
        await journal.settled()
        return await journal.archive.report(DAY, DAY, {"commune": "Touques"})

    report: Report = kept_open(base, work)
    assert (report.contacts, report.ended) == (1, 1)
    assert report.volumes.intents == {"eau.fuite": 1}
    assert report.volumes.records == {"ticket": 1}
    assert report.delays == Delays(1, 900, 900)
    assert report.satisfaction == {"global": Score(1, 2.0)}


def test_figures_are_not_narrowed_by_what_is_not_counted(base: Base) -> None:
    async def work(journal: Journal) -> Report:
        return await journal.archive.report(DAY, DAY, {"heard": "x"})

    with pytest.raises(ValueError, match="heard"):
        kept_open(base, work)


def test_a_question_settled_at_the_first_call_is_not_asked_again_within_a_week(base: Base) -> None:
    def calls(journal: Journal) -> None:
        for name, days, caller in (
            ("once", 0, "+33612345601"),
            ("again", 0, "+33612345602"),
            ("again later", 3, "+33612345602"),
            ("much later", 0, "+33612345603"),
            ("after a week", 8, "+33612345603"),
        ):
            at = AT + timedelta(days=days)
            journal.contact_started(started(name, at, caller=caller))
            journal.contact_ended(ended(name, "answered", at))

    assert report_of(base, calls).first_call == pytest.approx(2 / 3)
