"""From the journal to the outbox, on both databases: every record and every end is announced, once."""

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import AT, CALLER, kept, rows, whole_contact
from tests.journal.test_voices import WAV, leave
from voicebot.delivery.announce import Announcer, KeptRecord, Letter
from voicebot.delivery.outbox import Outbox
from voicebot.delivery.settings import Channels, MailSettings, WebhookSettings
from voicebot.journal.events import Surveyed
from voicebot.journal.journal import Journal
from voicebot.journal.voicemail import Voicemail

CHANNELS = Channels(
    MailSettings("mail.example.org", sender="sophie@example.org"),
    webhooks=(WebhookSettings("crm", "https://crm.example.org/hook"),),
)


def announcer(journal: Journal, channels: Channels = CHANNELS) -> Announcer:
    def write(record: KeptRecord) -> Letter | None:
        return Letter("service@example.org", f"Demande {record.reference}", record.slots["telephone"])

    return Announcer(journal, Outbox(journal, channels, lambda: AT), write, lambda contact: f"https://s/{contact}")


async def call(journal: Journal) -> None:
    whole_contact(journal, "c1")
    slots = {"telephone": CALLER, "commune": "Deauville", "adresse": "3 rue des Bains"}
    journal.record(kept("c1", 2, type="callback", form="rappel", slots=slots))
    await journal.settled()


@pytest.mark.parametrize("with_sound", [False, True])
def test_a_message_is_told_once_transcribed_with_its_sound_only_where_wanted(base: Base, with_sound: bool) -> None:
    def write(record: KeptRecord) -> Letter | None:
        assert record.voice is not None
        return Letter("service@example.org", "Message vocal", record.voice.transcript, with_sound)

    async def work(journal: Journal) -> list[dict[str, Any]]:
        await leave(journal)
        tells = Announcer(journal, Outbox(journal, CHANNELS, lambda: AT), write, now=lambda: AT)
        while await tells.announce():
            pass
        assert "email:record:c1:2" not in {row["id"] for row in await rows(base.settings.url, "outbox")}
        await Voicemail(journal.database, journal.seal).transcribed("c1:2", "je rappellerai")
        while await tells.announce():
            pass
        found = await rows(base.settings.url, "outbox")
        return [journal.seal.open(row["token"]) for row in found if row["id"] == "email:record:c1:2"]

    (email,) = kept_open(base, work)
    assert email["text"] == "je rappellerai"
    assert (base64.b64encode(WAV).decode() in json.dumps(email)) is with_sound


def test_a_record_is_told_to_the_service_whole_and_to_webhooks_without_the_person(base: Base) -> None:
    async def work(journal: Journal) -> list[dict[str, Any]]:
        await call(journal)
        while await announcer(journal).announce():
            pass
        found = await rows(base.settings.url, "outbox")
        return [{"id": row["id"], "about": row["about"]} | journal.seal.open(row["token"]) for row in found]

    email, ended, record = kept_open(base, work)
    assert (email["id"], email["about"]) == ("email:record:c1:2", "c1:2")
    assert (email["to"], email["subject"], email["text"]) == ("service@example.org", "Demande D-472", CALLER)
    assert ended["id"] == "webhook:ended:c1:crm"
    assert json.loads(ended["body"])["data"]["outcome"] == "answered"
    told = json.loads(record["body"])
    assert told["event"] == "callback.requested"
    assert told["data"]["details"] == {"commune": "Deauville"}
    assert told["data"]["link"] == "https://s/c1"
    assert "6123" not in record["body"]
    assert "Bains" not in record["body"]


def test_what_was_announced_is_not_announced_again_even_by_two_nodes_at_once(base: Base) -> None:
    async def work(journal: Journal) -> int:
        await call(journal)
        await asyncio.gather(*(announcer(journal).announce() for _ in range(3)))
        await call(journal)
        return await announcer(journal).announce()

    kept_open(base, work)
    assert len(asyncio.run(rows(base.settings.url, "outbox"))) == 3
    assert asyncio.run(rows(base.settings.url, "announcements")) == []


def test_a_survey_is_told_with_the_end_of_its_contact(base: Base) -> None:
    async def work(journal: Journal) -> list[str]:
        journal.survey(Surveyed("c1", 5, AT, "overall", 4, "des mots à moi"))
        await call(journal)
        await announcer(journal).announce()
        found = await rows(base.settings.url, "outbox")
        return [journal.seal.open(row["token"])["body"] for row in found if row["name"] == "survey.answered"]

    async def with_contact(journal: Journal) -> list[str]:
        whole_contact(journal, "c1")
        return await work(journal)

    (body,) = kept_open(base, with_contact)
    assert json.loads(body)["data"]["answers"] == [{"question": "overall", "score": 4}]


def test_with_nobody_to_tell_nothing_is_kept_to_be_sent(base: Base) -> None:
    async def work(journal: Journal) -> None:
        await call(journal)
        await announcer(journal, Channels()).announce()

    kept_open(base, work)
    assert asyncio.run(rows(base.settings.url, "outbox")) == []
    assert asyncio.run(rows(base.settings.url, "announcements")) == []
