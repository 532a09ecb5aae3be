"""The collection calendar: what is written, and that it is sent once to whoever asked, in a call or in the chat."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dialog.scripted import TUESDAY, coast
from tests.web.visitors import ROOT, Rote, demonstration, reply, run, texts, visiting
from voicebot.calls.calendar_letter import Letter, load_calendar_words, write_letter
from voicebot.calls.calendar_post import CalendarPost
from voicebot.calls.keeping import JournalWitness
from voicebot.clock import VirtualClock
from voicebot.delivery.ledger import Ledger
from voicebot.delivery.messages import Email, Message, Sms, unpack
from voicebot.delivery.outbox import Outbox
from voicebot.delivery.settings import Channels, MailSettings, SmsSettings
from voicebot.dialog.knowledge.icalendar import DayEvent, icalendar
from voicebot.dialog.knowledge.passing import passing
from voicebot.dialog.turns import Record
from voicebot.journal.listing import Asked, Listing
from voicebot.journal.opening import open_journal
from voicebot.journal.settings import JournalSettings
from voicebot.profile import Profile
from voicebot.words import WordsError

WORDS = load_calendar_words(ROOT / "prompts" / "calendar.toml")
KNOWLEDGE = coast()
BOTH = Channels(MailSettings(host="localhost", sender="a@example.org"), SmsSettings(url="http://localhost/sms"))
BY_MAIL = {"motif": "e-mail", "commune": "Touques", "email": "marie@example.org"}
BY_SMS = {"motif": "sms", "commune": "Touques", "telephone": "+33639981234"}


@pytest.fixture(scope="module")
def profile() -> Profile:
    """The demonstration profile."""
    return demonstration()


def letter(commune: str) -> Letter:
    written = write_letter(WORDS, KNOWLEDGE, commune, TUESDAY)
    assert written is not None
    return written


def unfolded(file: str) -> list[str]:
    return file.replace("\r\n ", "").split("\r\n")


@pytest.mark.parametrize("commune", [*KNOWLEDGE.communes])
def test_every_commune_has_its_calendar_whole_and_within_the_limits(commune: str) -> None:
    written = letter(commune)
    year = passing(KNOWLEDGE, commune, TUESDAY.date(), TUESDAY.date() + timedelta(days=365))
    assert unfolded(written.file).count("BEGIN:VEVENT") == sum(len(one.passes) for one in year) > 20
    assert all(len(line.encode()) <= 75 for line in written.file.split("\r\n"))
    assert len(written.sms) <= 612
    assert not re.search(r"[{}]", written.subject + written.text + written.sms + written.file)
    ids = [line for line in unfolded(written.file) if line.startswith("UID:")]
    assert len(set(ids)) == len(ids)


def test_the_letter_says_the_days_in_french() -> None:
    written = letter("Touques")
    assert written.subject == "Le calendrier de collecte à Touques"
    assert "– Les ordures ménagères : le lundi et le jeudi. À sortir la veille au soir" in written.text
    assert "Ces jours restent à confirmer" in written.text
    assert written.file_name == "collecte-touques.ics"
    assert "(au centre) : le lundi, le mercredi et le vendredi" in letter("Deauville").text
    assert "prochains passages le" in letter("Villerville").text


def test_a_pass_moved_from_a_holiday_is_on_its_new_day_and_says_so() -> None:
    lines = unfolded(letter("Deauville").file)
    at = lines.index("DTSTART;VALUE=DATE:20261226")  # Friday 25 December is moved to the day after
    event = lines[at : lines.index("END:VEVENT", at)]
    assert "SUMMARY:Les ordures ménagères (sur les hauteurs)" in event
    assert any("Passage du vendredi 25 décembre reporté." in line for line in event)


def test_a_calendar_escapes_what_would_break_it() -> None:
    event = DayEvent("a;b", date(2026, 1, 2), "Un, deux; trois\\\nquatre", reminder="é" * 80)
    file = icalendar("x", [event], TUESDAY)
    assert "SUMMARY:Un\\, deux\\; trois\\\\\\nquatre" in unfolded(file)
    assert all(len(line.encode()) <= 75 for line in file.split("\r\n"))
    assert f"DESCRIPTION:{'é' * 80}" in unfolded(file)


def test_a_mistake_in_the_words_is_told_with_its_place(tmp_path: Path) -> None:
    text = (ROOT / "prompts" / "calendar.toml").read_text(encoding="utf-8")
    path = tmp_path / "calendar.toml"
    path.write_text(text.replace("{lignes}", "{linges}").replace("rappel =", "rapel ="), encoding="utf-8")
    with pytest.raises(WordsError) as caught:
        load_calendar_words(path)
    assert "courriel.texte: {linges} is unknown" in str(caught.value)
    assert "fichier.rapel: unknown" in str(caught.value)
    assert "fichier.rappel: must be a text" in str(caught.value)


async def asked(
    profile: Profile, folder: Path, slots: dict[str, str], channels: Channels
) -> tuple[list[Message], list[str]]:
    """Ask for a calendar in the chat; return what is in the outbox, and the states of the records."""
    journal = await open_journal(JournalSettings().within(folder), {})
    clock = VirtualClock(TUESDAY)
    post = CalendarPost(journal, Outbox(journal, channels, clock.now), WORDS, lambda name: KNOWLEDGE, clock)
    rote = Rote([reply("C’est noté", actions=(Record("message", "C-0001", "calendrier", slots),)), reply("De rien")])
    contacts: list[str] = []

    def witnesses(contact: str) -> Any:
        contacts.append(contact)
        return JournalWitness(journal, contact, "chat"), post.witness(contact)

    try:
        async with visiting(profile, lambda: rote, witnesses) as visit:
            room = await visit.open()
            await visit.say(room, "le calendrier")
            await visit.say(room, "merci")
            await post.finish()
        await post.finish()
        await journal.settled()
        entries = await Ledger(journal.database).take(clock.now() + timedelta(days=1), 10, 60.0)
        sent = [unpack(entry.kind, journal.seal.open(entry.token)) for entry in entries]
        page = await Listing(journal.database).records(Asked(where={"contact_id": contacts[0]}))
        return sent, [row["state"] for row in page.rows]
    finally:
        await journal.close()


def test_a_calendar_asked_by_e_mail_is_sent_once_and_its_request_closed(profile: Profile, tmp_path: Path) -> None:
    [sent], states = run(asked(profile, tmp_path, BY_MAIL, BOTH))
    assert isinstance(sent, Email)
    assert (sent.to, sent.subject) == ("marie@example.org", "Le calendrier de collecte à Touques")
    [file] = sent.attachments
    assert (file.name, file.media_type) == ("collecte-touques.ics", "text/calendar")
    assert file.data.startswith(b"BEGIN:VCALENDAR")
    assert states == ["done"]


def test_a_calendar_asked_by_text_message_is_sent_to_the_number_left(profile: Profile, tmp_path: Path) -> None:
    [sent], states = run(asked(profile, tmp_path, BY_SMS, BOTH))
    assert isinstance(sent, Sms)
    assert sent.to == "+33639981234"
    assert sent.text.startswith("Collecte à Touques. Les ordures ménagères : le lundi et le jeudi.")
    assert states == ["done"]


@pytest.mark.parametrize(
    ("slots", "channels"),
    [(BY_MAIL, Channels()), (BY_SMS, Channels()), ({"motif": "courrier", "commune": "Touques"}, BOTH)],
    ids=["no mail server", "no gateway", "by post"],
)
def test_a_calendar_that_cannot_be_sent_is_left_to_an_agent(
    profile: Profile, tmp_path: Path, slots: dict[str, str], channels: Channels
) -> None:
    assert run(asked(profile, tmp_path, slots, channels)) == ([], ["open"])


def test_doubtful_days_are_not_sent_outside_a_demonstration(tmp_path: Path) -> None:
    knowledge = replace(KNOWLEDGE, identity=replace(KNOWLEDGE.identity, demo=False))

    async def work() -> int:
        journal = await open_journal(JournalSettings().within(tmp_path), {})
        clock = VirtualClock(TUESDAY)
        post = CalendarPost(journal, Outbox(journal, BOTH, clock.now), WORDS, lambda name: knowledge, clock)
        post.send("c1", "demo", Record("message", "C-0001", "calendrier", BY_MAIL))
        await post.finish()
        await journal.settled()
        waiting = (await Ledger(journal.database).counts(clock.now())).waiting
        await journal.close()
        return waiting

    assert run(work()) == 0


def test_the_brain_takes_the_request_to_a_record_that_can_be_sent(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile) as visit:
            room = await visit.open()
            for text in ("je voudrais recevoir le calendrier de collecte de Touques", "par e-mail"):
                await visit.say(room, text)
            await visit.say(room, "marie.durand@example.org")
            done = await (await visit.say(room, "oui", after=8)).json()
            return visit.follower.kept, texts(done)[-1]

    [record], words = run(work())
    assert (record.type, record.form) == ("message", "calendrier")
    assert record.slots == {"motif": "e-mail", "commune": "Touques", "email": "marie.durand@example.org"}
    assert "par e-mail" in words
