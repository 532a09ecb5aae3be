"""What could not be sent is seen by those who may, tried again or dropped; each choice is kept."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.journal.conftest import Base
from tests.journal.samples import rows
from tests.web.site_served import Site, run, site_of
from tests.web.test_site_work import one_call
from tests.web.visitors import ROOT, TUESDAY
from voicebot.delivery.ledger import Ledger, Settled
from voicebot.delivery.outbox import Outbox
from voicebot.delivery.settings import Channels, WebhookSettings
from voicebot.journal.schema import outbox
from voicebot.profile import Profile
from voicebot.web.site_sending import cause_of

CRM = WebhookSettings("crm", "https://crm.example.org/voicebot")


async def given_up(site: Site, trouble: str = "the server answered 503") -> None:
    """Have a webhook on the request of a call that was given up, and one that still waits."""
    await one_call(site)
    box = Outbox(site.journal, Channels(webhooks=(CRM,)), site.clock.now)
    for number, about in enumerate(("c1:2", "")):
        await box.event("ticket.opened", {"reference": "D-4721"}, key=f"record:{number}", about=about)
    await site.journal.settled()
    ledger = Ledger(site.journal.database)
    await ledger.settle([Settled("webhook:record:0:crm", trouble)], TUESDAY)


async def state(site: Site) -> dict[str, str]:
    async with site.journal.database.reading() as connection:
        return {row.id: row.state for row in await connection.execute(select(outbox))}


def test_a_message_given_up_is_shown_with_its_cause_in_french(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await given_up(site)
            await site.sign_in("sylvie")
            page = await site.read("/envois")
            assert "application crm : nouvelle demande" in page
            assert "le serveur a répondu 503" in page
            assert 'href="/demandes/c1:2"' in page
            assert re.findall(r'class="value">(\d+)', page) == ["1", "1"]

    run(visit())


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ({"faire": "reprendre", "message": "webhook:record:0:crm"}, "waiting"),
        ({"faire": "tout-reprendre"}, "waiting"),
        ({"faire": "abandonner", "message": "webhook:record:0:crm"}, "discarded"),
    ],
)
def test_it_is_tried_again_or_dropped_and_that_is_kept(
    sqlite_base: Base, profile: Profile, fields: dict[str, str], after: str
) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await given_up(site)
            await site.sign_in("paul")
            await site.send("/envois", "/envois", 303, **fields)
            assert (await state(site))["webhook:record:0:crm"] == after
            assert "Aucun envoi n’est mis de côté." in await site.read("/envois")
            assert "quelqu’un d’autre" in await site.send("/envois", "/envois", 400, **fields)

    run(visit())
    kept = [row for row in run(rows(sqlite_base.settings.url, "actions")) if row["action"] == "delivery"]
    assert [(row["who"], row["detail"]["choice"]) for row in kept] == [("paul", fields["faire"])]


def test_nobody_else_is_shown_them(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await given_up(site)
            for login in ("ahmed", "jeanne"):
                await site.sign_in(login)
                await site.read("/envois", 403)

    run(visit())


def test_every_cause_that_delivery_tells_has_its_french(tmp_path: Path) -> None:
    sources = "".join((ROOT / "voicebot" / "delivery" / name).read_text("utf-8") for name in ("http.py", "mail.py"))
    told = re.findall(r'NotDelivered\(f?"([^"]+)"', sources)
    assert len(told) >= 10
    assert not [words for words in told if cause_of(re.sub(r"{[^}]*}", "503", words)) == "autre cause"]
    assert cause_of("the secret of VOICEBOT_SMS_TOKEN is missing; set that variable") != "autre cause"
    assert cause_of("<b>") == "autre cause"
