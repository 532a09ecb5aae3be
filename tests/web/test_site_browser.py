"""The supervisors' pages in a real browser: by keyboard, on a telephone, judged by axe; the pictures of the guide."""

import os
from typing import Any

import numpy as np
from playwright.async_api import Page, ViewportSize, expect

from tests.journal.conftest import Base
from tests.web.browser import SharedBrowser, open_page, serious_faults
from tests.web.site_served import PASSWORD, Site, site_of
from tests.web.test_site_figures import a_month
from tests.web.test_site_work import HOSTILE, one_call
from tests.web.visitors import ROOT, TUESDAY
from voicebot.calls.live import LiveWitness
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.profile import Profile

IMAGES = ROOT / "docs" / "images"
PHONE: ViewportSize = {"width": 390, "height": 844}


async def entered(page: Page, login: str, towards: str = "**/maintenant") -> Page:
    """Sign in by keyboard alone, and arrive at ``towards``: the first field has the focus."""
    await expect(page.locator("input[name=login]")).to_be_focused()
    await page.keyboard.type(login)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(towards)
    return page


async def shown(page: Page, name: str, full: bool = False) -> None:
    """Keep a picture for the documentation when it is asked for, of the ``full`` page or of what is on screen."""
    if os.environ.get("VOICEBOT_SCREENSHOTS"):
        await page.screenshot(path=IMAGES / name, animations="disabled", full_page=full)


async def filled(site: Site) -> None:
    await one_call(site, "mon bac jaune est cassé", "c1", intent="bac.demande")
    await one_call(site, HOSTILE, "c2", intent=None, understood=False)
    await one_call(site, "je voudrais un badge pour la plage", "c3", intent=None, understood=False)


def test_a_call_appears_with_its_words_while_it_goes_on_and_leaves_at_its_end(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            faults: list[str] = []
            page = await entered(await open_page(shared.browser, site.url, faults), "ahmed")
            await page.get_by_text("Personne n’est en ligne.").wait_for()
            call = CallRecord("sip-1", TUESDAY, "+33231000000", "+33612345678", profile.name)
            witness = LiveWitness(site.live, "c9", "phone", site.clock.now)
            witness.frame(np.zeros(320, np.int16), np.zeros(320, np.int16))
            await page.get_by_text("L’usager n’a encore rien dit.").wait_for()
            heard = f"où jeter {HOSTILE}"
            witness.turn(call, TurnRecord(3.0, "voice", heard, "tri.objet", 0.9, {}, "Dans le bac jaune."))
            await page.get_by_text("Dans le bac jaune.").wait_for()
            assert heard in await page.locator("main").inner_text()
            assert await serious_faults(page) == []
            witness.ended(call)
            await page.get_by_text("Personne n’est en ligne.").wait_for()
            assert faults == []

    shared.run(visit())


def test_a_link_reached_by_keyboard_stays_and_what_came_meanwhile_is_shown_when_it_is_left(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            page = await entered(await open_page(shared.browser, site.url, []), "ahmed")
            call = CallRecord("sip-1", TUESDAY, "+33231000000", "+33612345678", profile.name)
            witness = LiveWitness(site.live, "c9", "phone", site.clock.now)
            witness.turn(call, TurnRecord(3.0, "voice", "bonjour", "saluer", 0.9, {}, "Je vous écoute."))
            await page.get_by_role("link", name="Ouvrir").focus()
            witness.turn(call, TurnRecord(9.0, "voice", "le verre", "tri.objet", 0.9, {}, "Dans la borne."))
            await page.get_by_text("quittez le lien").wait_for()
            await expect(page.get_by_role("link", name="Ouvrir")).to_be_focused()
            assert await page.get_by_text("Dans la borne.").count() == 0
            await page.keyboard.press("Shift+Tab")
            await page.get_by_text("Dans la borne.").wait_for()
            await page.get_by_text("Suivi en direct").wait_for()

    shared.run(visit())


def test_a_request_is_found_and_done_by_keyboard(sqlite_base: Base, profile: Profile, shared: SharedBrowser) -> None:
    async def visit() -> Any:
        async with site_of(sqlite_base, profile) as site:
            await filled(site)
            page = await entered(await open_page(shared.browser, site.url, [], locale="fr-FR"), "ahmed")
            await page.get_by_role("link", name="Demandes").press("Enter")
            await page.get_by_role("link", name="D-4721").first.press("Enter")
            await page.get_by_label("Ajouter un commentaire").fill("Vu avec la régie.")
            await page.get_by_role("button", name="Ajouter").press("Enter")
            await page.get_by_text("Vu avec la régie.").wait_for()
            await page.get_by_role("button", name="Marquer comme traitée").press("Enter")
            await page.get_by_role("button", name="Rouvrir").wait_for()
            await shown(page, "demande.png")

    shared.run(visit())


def test_contacts_are_found_by_filter_and_by_words(sqlite_base: Base, profile: Profile, shared: SharedBrowser) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await filled(site)
            page = await entered(await open_page(shared.browser, site.url, [], locale="fr-FR"), "sylvie")
            await page.get_by_role("link", name="Contacts", exact=True).click()
            await expect(page.locator("tbody tr")).to_have_count(3)
            await shown(page, "contacts.png")
            await page.get_by_label("Mots entendus").fill("badge")
            await page.get_by_role("button", name="Chercher").click()
            await expect(page.locator("tbody tr")).to_have_count(1)
            await page.get_by_label("Canal").select_option("chat")
            await page.get_by_role("button", name="Chercher").click()
            await page.get_by_text("Aucun contact ne correspond").wait_for()

    shared.run(visit())


def test_an_elected_official_reads_the_table_behind_each_chart(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await a_month(site)
            page = await open_page(shared.browser, site.url, [], locale="fr-FR")
            await entered(page, "jeanne", "**/chiffres**")
            charts, tables = page.locator("main svg"), page.locator("main details table")
            assert await charts.count() >= 1
            assert await tables.count() >= await charts.count()
            await page.locator("main summary").first.press("Enter")
            await expect(tables.first).to_be_visible()

    shared.run(visit())
