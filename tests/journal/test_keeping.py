"""Whole calls on a scripted line, told to a real journal; and what the brain asks of it in the middle of a turn."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.calls.company import SENTENCES, START, Advisers, RoteDialogue, RoteRecognizer, ToneVoice, says
from tests.journal.conftest import Base, kept_open
from tests.journal.samples import AT, kept, rows, started
from voicebot.asr.base import RecognitionError
from voicebot.audio.settings import TurnSettings
from voicebot.calls.ears import Ears
from voicebot.calls.keeping import JournalWitness
from voicebot.calls.mouth import Mouth
from voicebot.calls.record import CallRecord
from voicebot.calls.requests import STATES, Requests, load_request_words
from voicebot.calls.session import CallSession, Company
from voicebot.calls.work import Work
from voicebot.clock import VirtualClock
from voicebot.dialog.turns import Prefer, Record, Reply, Say, Transfer
from voicebot.journal.archive import RequestState
from voicebot.journal.journal import Journal
from voicebot.telephony.base import CallInfo, TransferResult
from voicebot.telephony.replay import CallerScript, ReplayLeg, SpokenTurn
from voicebot.words import WordsError

ROOT = Path(__file__).resolve().parent.parent.parent
WORDS = load_request_words(ROOT / "prompts" / "requests.toml")


def reply(text: str, **fields: Any) -> Reply:
    return Reply(says=(Say(text),), **fields)


async def hold_call(
    journal: Journal,
    turns: list[SpokenTurn],
    recognizer: RoteRecognizer,
    dialogue: RoteDialogue,
    advisers: TransferResult = TransferResult.BUSY,
) -> CallRecord:
    """Hold a call on a virtual clock, with the journal as its witness."""
    work, clock = Work(), VirtualClock(START)
    leg = ReplayLeg(
        CallInfo("sip-1", "+33612345678", "+33231"), CallerScript(tuple(turns), advisers), clock, work.settle
    )
    ears = Ears(recognizer, 8000, work, TurnSettings())
    record = CallRecord("sip-1", clock.now(), "+33231", "+33612345678", "demo")
    company = Company(dialogue, Advisers("sip:a@example.org"), SENTENCES, (JournalWitness(journal, "c1"),))
    return await CallSession(leg, ears, Mouth(ToneVoice(), 8000, work), company, work, clock, record).run()


def call_in(base: Base, *arguments: Any) -> tuple[CallRecord, dict[str, list[dict[str, Any]]]]:
    async def work(journal: Journal) -> CallRecord:
        return await hold_call(journal, *arguments)

    record: CallRecord = kept_open(base, work)

    async def read() -> dict[str, list[dict[str, Any]]]:
        return {name: await rows(base.settings.url, name) for name in ("contacts", "turns", "records", "surveys")}

    return record, asyncio.run(read())


def test_a_call_is_in_the_journal_turn_by_turn_with_its_delays(base: Base) -> None:
    found = {"intent": "collecte.jours", "confidence": 0.9, "entities": {"commune": "Touques"}, "answered": True}
    dialogue = RoteDialogue(reply("Le mardi", **found), reply("Pardon ?", intent="hors_sujet", confidence=0.4))
    record, stored = call_in(base, [says(), says(), SpokenTurn(keys="1")], RoteRecognizer("un", "deux"), dialogue)
    assert [(turn["heard"], turn["intent"], turn["understood"], turn["channel"]) for turn in stored["turns"]] == [
        ("un", "collecte.jours", True, "voice"),
        ("deux", "hors_sujet", False, "voice"),
        ("1", None, None, "keys"),
    ]
    assert [turn["delay_ms"] for turn in stored["turns"]] == [turn.delay_ms() for turn in record.turns]
    assert record.turns[0].delay_ms() is not None
    assert set(stored["turns"][0]["parts_ms"]) >= {"recognition", "understanding", "voice"}
    [contact] = stored["contacts"]
    assert (contact["id"], contact["call"], contact["outcome"]) == ("c1", "sip-1", record.outcome)
    assert (contact["theme"], contact["sub_theme"], contact["commune"]) == ("collecte", "jours", "Touques")
    assert contact["duration_s"] == pytest.approx(record.duration_s)
    assert contact["ended_at"] - contact["started_at"] == timedelta(seconds=record.duration_s)


def test_what_was_promised_and_where_the_call_went_is_kept(base: Base) -> None:
    slots = {"telephone": "+33612345678", "motif": "une fuite", "commune": "Touques"}
    dialogue = RoteDialogue(
        reply("C’est noté", intent="eau.fuite", actions=(Record("ticket", "D-472", "fuite", slots),)),
        reply("Je vous passe", intent="conseiller", actions=(Transfer("conseillers"),)),
    )
    _record, stored = call_in(base, [says(), says()], RoteRecognizer("une fuite", "un conseiller"), dialogue)
    [kept_record] = stored["records"]
    assert (kept_record["type"], kept_record["reference"], kept_record["form"]) == ("ticket", "D-472", "fuite")
    assert kept_record["slots"]["motif"] == "une fuite"
    assert kept_record["profile"] == "demo"
    [contact] = stored["contacts"]
    assert (contact["transfer_target"], contact["transfer_result"]) == ("conseillers", "busy")
    assert (contact["outcome"], contact["nature"]) == ("ticket", "report")


def test_a_turn_that_could_not_be_heard_counts_as_not_understood(base: Base) -> None:
    _record, stored = call_in(base, [says()], RoteRecognizer(RecognitionError("gone")), RoteDialogue())
    assert [turn["understood"] for turn in stored["turns"]] == [False]


def test_a_call_without_a_word_is_a_contact_too(base: Base) -> None:
    _record, stored = call_in(base, [], RoteRecognizer(), RoteDialogue())
    assert [contact["outcome"] for contact in stored["contacts"]] == ["hung_up"]


def test_a_promise_is_in_the_journal_before_the_call_ends(base: Base) -> None:
    async def work(journal: Journal) -> Any:
        witness = JournalWitness(journal, "c1")
        call = CallRecord("sip-1", AT, "+33231", "", "demo", records=[Record("callback", "B-100", "rappel")])
        witness.started(call)
        witness.turn(call, _turn())
        first = await journal.find_request("B100")
        call.records.append(Record("ticket", "D-200", "bac"))
        call.survey = {"facile": 1, "global": 4, "commentaire": "merci"}
        witness.ended(call)
        return first

    assert kept_open(base, work).type == "callback"
    stored = asyncio.run(rows(base.settings.url, "records"))
    assert [(record["reference"], record["seq"]) for record in stored] == [("B-100", 2), ("D-200", 3)]
    surveys = asyncio.run(rows(base.settings.url, "surveys"))
    answers = {survey["question"]: (survey["score"], survey["comment"]) for survey in surveys}
    assert answers == {"facile": (1, ""), "global": (4, ""), "commentaire": (None, "merci")}


def _turn() -> Any:
    from voicebot.calls.record import TurnRecord

    return TurnRecord(1.0, "voice", heard="rappelez-moi", intent="rappel", said="C’est noté")


@pytest.mark.parametrize(
    ("request_state", "told"),
    [
        (("ticket", "open", None, ""), "elle a été enregistrée hier, lundi 23 novembre, et attend d’être traitée."),
        (("ticket", "done", None, ""), "elle a été traitée aujourd’hui, mardi 24 novembre."),
        (
            ("appointment", "open", date(2026, 12, 2), "le matin, entre 8 h et midi"),
            "le rendez-vous est pris pour le mercredi 2 décembre, le matin, entre 8 h et midi.",
        ),
        (
            ("appointment", "cancelled", date(2026, 12, 1), "le matin"),
            "le rendez-vous du mardi premier décembre a été annulé.",
        ),
        (
            ("callback", "open", None, ""),
            "un conseiller doit vous rappeler. Vous l’avez demandé hier, lundi 23 novembre.",
        ),
    ],
)
def test_where_a_request_stands_is_told_in_french(request_state: tuple[Any, ...], told: str) -> None:
    kind, state, day, moment = request_state
    opened, changed = datetime(2026, 11, 22, 23, 30, tzinfo=UTC), datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    request = RequestState("D-472", kind, "f", state, opened, changed, day, moment)
    assert WORDS.tell(request, date(2026, 11, 24)) == told


@pytest.mark.parametrize("kind", ["ticket", "message", "callback", "appointment", "unheard of"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_of_every_kind_has_its_sentence(kind: str, state: Any) -> None:
    told = WORDS.tell(RequestState("D-472", kind, "f", state, AT, AT, None, ""), AT.date())
    assert told.endswith(".")
    assert "{" not in told


def asked(
    base: Base, question: Callable[[Requests], Any], before: Callable[[Journal], None] = lambda journal: None
) -> Any:
    async def work(journal: Journal) -> Any:
        before(journal)
        requests = Requests(journal, WORDS, lambda: AT)
        return await asyncio.to_thread(question, requests)

    return kept_open(base, work)


def test_the_brain_asks_from_its_thread(base: Base) -> None:
    def tell(journal: Journal) -> None:
        journal.contact_started(started())
        slots = {"date": "2026-12-02", "heure": "le matin"}
        journal.record(kept(reference="B-1", type="appointment", form="encombrants", slots=slots))

    def question(requests: Requests) -> Any:
        return (
            requests.find_request("B1"),
            requests.find_request("Z9"),
            requests.taken("encombrants", date(2026, 12, 2), "le matin"),
            requests.taken("encombrants", date(2026, 12, 3), "le matin"),
        )

    assert asked(base, question, tell) == (
        "le rendez-vous est pris pour le mercredi 2 décembre, le matin.",
        None,
        1,
        0,
    )


def test_a_request_that_cannot_be_looked_up_is_not_said_to_be_unknown(server: Base) -> None:
    async def work(journal: Journal) -> Any:
        requests = Requests(journal, WORDS, lambda: AT)
        server.goes_away()
        try:
            return await asyncio.to_thread(requests.find_request, "B1")
        finally:
            server.comes_back()

    assert kept_open(server, work) == WORDS.away


def test_the_brain_on_the_loop_is_refused_rather_than_blocked_for_ever(base: Base) -> None:
    async def work(journal: Journal) -> None:
        with pytest.raises(RuntimeError, match="thread"):
            Requests(journal, WORDS, lambda: AT).find_request("B1")

    kept_open(base, work)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("{changement}", "{changment}"), "{changment} is unknown"),
        (("[message]", "[messages]"), "messages: unknown"),
        (("indisponible", "indisponibles"), "indisponible: must be a text"),
        (('done = "votre', 'dine = "votre'), "message.done: must be a text"),
        (("{jour}", "{jour"), "braces"),
        (("[ticket]", "[ticket"), "cannot be read"),
    ],
)
def test_a_mistake_in_the_sentences_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    text = (ROOT / "prompts" / "requests.toml").read_text(encoding="utf-8")
    path = tmp_path / "requests.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(WordsError) as caught:
        load_request_words(path)
    assert told in str(caught.value)


def test_a_way_of_speaking_is_remembered_for_the_next_call_of_that_number_alone(base: Base) -> None:
    agreed = reply("C’est noté", actions=(Prefer("pace", "2"), Prefer("plain", "1")))

    async def work(journal: Journal) -> Any:
        await hold_call(journal, [SpokenTurn(keys="1")], RoteRecognizer(), RoteDialogue(agreed))
        await journal.settled()
        requests = Requests(journal, WORDS, lambda: AT)
        return await requests.preferences("+33612345678"), await requests.preferences("+33699999999")

    assert kept_open(base, work) == ({"pace": "2", "plain": "1"}, {})


@pytest.mark.parametrize("stored", [False, True], ids=["just kept", "in the database"])
def test_the_digits_of_a_reference_are_enough_for_the_callers_own_request(base: Base, stored: bool) -> None:
    async def work(journal: Journal) -> Any:
        journal.contact_started(started())
        journal.record(kept(reference="B-0472", type="callback", form="rappel", slots={"telephone": "+33612345678"}))
        if stored:
            await journal.settled()
        return [
            await journal.find_request("0472", "+33612345678"),
            await journal.find_request("0472", "+33699999999"),
            await journal.find_request("0472"),
        ]

    own, of_another, unknown = kept_open(base, work)
    assert own is not None
    assert own.reference == "B-0472"
    assert (of_another, unknown) == (None, None)


def test_a_reference_that_was_given_is_known_to_be_used(base: Base) -> None:
    def tell(journal: Journal) -> None:
        journal.contact_started(started())
        journal.record(kept(reference="B-0042"))

    assert asked(base, lambda requests: [requests.is_used(one) for one in ("B-0042", "B-0043")], tell) == [True, False]
