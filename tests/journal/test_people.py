"""Pages of contacts, consents and tokens, on both databases."""

from datetime import timedelta
from typing import Any

from tests.journal.conftest import Base, kept_open
from tests.journal.samples import AT, CALLER, whole_contact
from voicebot.journal.journal import Journal
from voicebot.journal.listing import Asked, Listing
from voicebot.journal.people import Consent, People
from voicebot.journal.settings import Retention
from voicebot.journal.tokens import Tokens

NEWS = Consent("information", "sms", AT, "tchat")


def people_of(journal: Journal) -> People:
    assert journal.archive.seal is not None
    return People(journal.archive.database, journal.archive.seal)


def test_pages_follow_each_other_at_one_moment_too(base: Base) -> None:
    async def work(journal: Journal) -> Any:
        for number in range(4):
            whole_contact(journal, f"c{number}")
        await journal.settled()
        listing = Listing(journal.archive.database)
        first = await listing.contacts(Asked(limit=3))
        second = await listing.contacts(Asked(limit=3, cursor=first.cursor))
        return [row["id"] for row in (*first.rows, *second.rows)], second.cursor

    assert kept_open(base, work) == (["c3", "c2", "c1", "c0"], "")


def test_the_last_consent_counts_and_is_purged_in_its_time(base: Base) -> None:
    async def work(journal: Journal) -> Any:
        people = people_of(journal)
        person = people.pseudonym(CALLER)
        assert person is not None
        await people.consent(person, NEWS, "+33600000000")
        await people.consent(person, NEWS, CALLER)
        reachable = await people.reachable("information")
        await journal.archive.purge(AT + timedelta(days=999), Retention(consents=1000))
        kept = len(await people.consents(person))
        await journal.archive.purge(AT + timedelta(days=1001), Retention(consents=1000))
        return [one.address for one in reachable], kept, len(await people.consents(person))

    assert kept_open(base, work) == ([CALLER], 1, 0)


def test_a_consent_goes_with_the_person(base: Base) -> None:
    async def work(journal: Journal) -> Any:
        people = people_of(journal)
        person = people.pseudonym(CALLER)
        assert person is not None
        await people.consent(person, NEWS, CALLER)
        exported = await journal.export_person(person)
        counts = await journal.erase_person(person)
        return exported["consents"][0]["coordinates"], counts["consents"], await people.consents(person)

    assert kept_open(base, work) == ({"sms": CALLER}, 1, [])


def test_a_token_is_found_by_its_secret_alone(base: Base) -> None:
    async def work(journal: Journal) -> Any:
        tokens = Tokens(journal.archive.database)
        text = await tokens.new("CRM", ["contacts:read"], AT, days=1)
        found = await tokens.find(text, AT)
        assert found is not None
        return found.scopes, await tokens.find(text + "x", AT), await tokens.find(text, AT + timedelta(days=2))

    assert kept_open(base, work) == (("contacts:read",), None, None)
