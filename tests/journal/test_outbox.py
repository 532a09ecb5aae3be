"""The outbox on both databases: put once, kept through outages and crashes, taken by one node, erased with people."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from tests.journal.conftest import Base, kept_open, troubled
from tests.journal.samples import AT, CALLER, kept, rows, started, whole_contact
from voicebot.delivery.ledger import Ledger, Settled
from voicebot.delivery.messages import Attachment, Email, unpack
from voicebot.delivery.outbox import Outbox
from voicebot.delivery.settings import Channels, MailSettings, SmsSettings, WebhookSettings
from voicebot.journal.database import Database
from voicebot.journal.journal import Journal
from voicebot.journal.opening import purge_journal
from voicebot.journal.settings import Retention

CHANNELS = Channels(
    MailSettings("mail.example.org", sender="sophie@example.org"),
    SmsSettings("https://sms.example.org/send"),
    (
        WebhookSettings("crm", "https://crm.example.org/hook"),
        WebhookSettings("survey", "https://survey.example.org/hook", ("survey.answered",)),
    ),
)


def outbox_of(journal: Journal) -> Outbox:
    return Outbox(journal, CHANNELS, lambda: AT)


def test_a_message_put_twice_with_one_key_is_kept_once(base: Base) -> None:
    async def work(journal: Journal) -> None:
        outbox = outbox_of(journal)
        for _ in range(2):
            await outbox.email("maire@example.org", "Rapport", "Bonjour.", key="report:2026-10")
        await outbox.email("maire@example.org", "Rapport", "Bonjour.", key="report:2026-11")
        await journal.settled()

    kept_open(base, work)
    assert [row["id"] for row in asyncio.run(rows(base.settings.url, "outbox"))] == [
        "email:report:2026-10",
        "email:report:2026-11",
    ]


def test_what_a_message_says_is_encrypted_and_comes_back_whole(base: Base) -> None:
    file = Attachment("calendrier.pdf", "application/pdf", bytes(range(256)))

    async def work(journal: Journal) -> tuple[str, object]:
        await outbox_of(journal).email("a@example.org", "Sujet", "Texte é", "<p>é</p>", [file], key="k")
        await journal.settled()
        entry = (await Ledger(journal.database).take(AT, 5, 60.0))[0]
        return entry.token, unpack(entry.kind, journal.seal.open(entry.token))

    token, message = kept_open(base, work)
    assert "example" not in token
    assert message == Email("a@example.org", "Sujet", "Texte é", "<p>é</p>", (file,))


def test_an_event_goes_to_the_endpoints_that_want_it_only(base: Base) -> None:
    async def work(journal: Journal) -> tuple[int, int]:
        outbox = outbox_of(journal)
        first = await outbox.event("ticket.opened", {"reference": "D-0472"}, key="record:1")
        return first, await outbox.event("survey.answered", {"overall": 5}, key="survey:1")

    assert kept_open(base, work) == (1, 2)
    assert [row["id"] for row in asyncio.run(rows(base.settings.url, "outbox"))] == [
        "webhook:record:1:crm",
        "webhook:survey:1:crm",
        "webhook:survey:1:survey",
    ]


def test_a_message_put_while_the_database_is_away_is_there_when_it_is_back(frail_base: Base) -> None:
    async def work(journal: Journal) -> list[str]:
        await journal.settled()
        await asyncio.to_thread(frail_base.goes_away)
        await outbox_of(journal).sms("+33612345678", "Votre collecte a lieu demain.", key="reminder:1")
        frail_base.comes_back()
        await journal.settled()
        return [entry.id for entry in await Ledger(journal.database).take(AT, 5, 60.0)]

    assert kept_open(frail_base, work) == ["sms:reminder:1"]


def test_a_message_is_taken_by_one_node_and_by_another_only_after_its_lease(base: Base) -> None:
    async def work(journal: Journal) -> list[int]:
        for number in range(10):
            await outbox_of(journal).sms("+33612345678", "Texte", key=f"k{number}")
        await journal.settled()
        other = Database(base.settings.url)
        ledgers = [Ledger(journal.database), Ledger(other)]
        taken = [await asyncio.gather(*(ledger.take(AT, 8, 60.0) for ledger in ledgers)) for _ in range(2)]
        ids = [entry.id for both in taken for one in both for entry in one]
        later = await ledgers[1].take(AT + timedelta(seconds=61), 20, 60.0)
        await other.close()
        return [len(ids), len(set(ids)), len(later), later[0].attempts]

    assert kept_open(base, work) == [10, 10, 10, 2]


def test_a_sent_message_is_never_due_again_and_what_it_said_is_forgotten(base: Base) -> None:
    async def work(journal: Journal) -> int:
        await outbox_of(journal).sms("+33612345678", "Texte", key="k")
        await journal.settled()
        ledger = Ledger(journal.database)
        await ledger.settle([Settled(entry.id) for entry in await ledger.take(AT, 5, 60.0)], AT)
        return len(await ledger.take(AT + timedelta(days=1), 5, 60.0))

    assert kept_open(base, work) == 0
    row = asyncio.run(rows(base.settings.url, "outbox"))[0]
    assert (row["state"], row["token"]) == ("sent", "")


def test_a_dead_letter_is_listed_then_retried_or_discarded(base: Base) -> None:
    async def work(journal: Journal) -> tuple[list[str], int, int, bool, bool, list[int]]:
        outbox = outbox_of(journal)
        for key in ("a", "b"):
            await outbox.sms("+33612345678", "Texte", key=key)
        await journal.settled()
        ledger = Ledger(journal.database)
        await ledger.settle([Settled(one.id, "refused") for one in await ledger.take(AT, 5, 60.0)], AT)
        listed = [f"{one.id} {one.trouble}" for one in await outbox.dead()]
        counts = await outbox.counts()
        retried, discarded = await outbox.retry("sms:a"), await outbox.discard("sms:b")
        again = [one.attempts for one in await ledger.take(AT, 5, 60.0)]
        return listed, counts.dead, len(await outbox.dead()), retried, discarded, again

    assert kept_open(base, work) == (["sms:a refused", "sms:b refused"], 2, 0, True, True, [1])


def test_erasing_a_person_erases_the_messages_about_them(base: Base) -> None:
    async def work(journal: Journal) -> int:
        whole_contact(journal, "c1")
        journal.record(kept("c1", 2))
        outbox = outbox_of(journal)
        await outbox.email("service@example.org", "Demande", "Texte", key="record", about="c1:2")
        await outbox.sms(CALLER, "Texte", key="reminder")
        await outbox.sms("+33698765432", "Texte", key="someone else")
        person = journal.pseudonym(CALLER)
        assert person is not None
        exported = await journal.export_person(person)
        assert {one["message"]["text"] for one in exported["deliveries"]} == {"Texte"}
        return (await journal.erase_person(person))["deliveries"]

    assert kept_open(base, work) == 2
    assert [row["id"] for row in asyncio.run(rows(base.settings.url, "outbox"))] == ["sms:someone else"]


def test_settled_messages_go_after_their_period_and_waiting_ones_stay(base: Base) -> None:
    async def work(journal: Journal) -> int:
        for key in ("sent", "waiting"):
            await outbox_of(journal).sms("+33612345678", "Texte", key=key)
        await journal.settled()
        await Ledger(journal.database).settle([Settled("sms:sent")], AT)
        periods = replace(Retention(), deliveries=10)
        return (await purge_journal(journal.archive, base.settings, AT + timedelta(days=11), periods))["deliveries"]

    assert kept_open(base, work) == 1
    assert [row["id"] for row in asyncio.run(rows(base.settings.url, "outbox"))] == ["sms:waiting"]


def test_every_record_and_every_end_leaves_word_of_itself_once(base: Base) -> None:
    async def work(journal: Journal) -> None:
        whole_contact(journal, "c1")
        for _ in range(2):
            journal.record(kept("c1", 2))
        await journal.settled()

    kept_open(base, work)
    found = asyncio.run(rows(base.settings.url, "announcements"))
    assert [(row["kind"], row["subject"]) for row in found] == [("ended", "c1"), ("record", "c1:2")]


def test_a_contact_cut_by_a_crash_leaves_word_of_its_end(frail_base: Base) -> None:
    async def crash() -> None:
        journal = await frail_base.open()
        await journal.settled()
        await asyncio.to_thread(frail_base.goes_away)
        journal.contact_started(started("cut"))
        await troubled(journal)
        await journal.close()

    asyncio.run(crash())
    frail_base.comes_back()
    kept_open(frail_base, lambda journal: journal.settled())
    found = asyncio.run(rows(frail_base.settings.url, "announcements"))
    assert [(row["kind"], row["subject"]) for row in found] == [("ended", "cut")]
