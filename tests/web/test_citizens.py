"""What citizens do in the chat window, and what agents then find, in a browser on all that the service shows."""

import json
from typing import Any

from playwright.async_api import Page, expect
from sqlalchemy import select

from tests.journal.conftest import Base
from tests.journal.samples import CALLER
from tests.web.browser import SharedBrowser, open_page, serious_faults
from tests.web.site_served import PASSWORD
from tests.web.test_every_page import tab_to
from tests.web.test_site_browser import entered
from tests.web.test_site_work import one_call
from tests.web.whole_site import Whole, whole_site
from voicebot.journal.schema import outbox, surveys
from voicebot.profile import Profile

_FOCUSED = """() => {
  let one = document.activeElement;
  while (one && one.shadowRoot && one.shadowRoot.activeElement) one = one.shadowRoot.activeElement;
  return one ? one.innerText || one.tagName : '';
}"""


class ByKeyboard:
    """Somebody at the window of the chat who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._said = page.locator(".message.assistant")

    async def open(self) -> None:
        """Reach the button of the chat from the top of the page."""
        await self.page.get_by_role("button", name="Poser une question à Sophie").wait_for()
        await self._reach("Tab", "Poser une question à Sophie")
        await self.page.keyboard.press("Enter")
        await self._said.first.wait_for()

    async def write(self, text: str) -> str:
        """Write in the field, which has the focus after every answer; return the answer."""
        await self._reach("Tab", "TEXTAREA")
        await self.page.keyboard.type(text)
        return await self._sent()

    async def choose(self, label: str) -> str:
        """Go back from the field to the button of this name and press it; return the answer."""
        await self.page.get_by_role("button", name=label, exact=True).wait_for()
        await self._reach("Shift+Tab", label)
        return await self._sent()

    async def leave(self) -> str:
        """End the conversation; return the last words."""
        await self._reach("Tab", "Terminer")
        return await self._sent()

    async def _sent(self) -> str:
        count = await self._said.count()
        await self.page.keyboard.press("Enter")
        await expect(self._said).to_have_count(count + 1)
        return await self._said.last.inner_text()

    async def _reach(self, key: str, name: str) -> None:
        for _ in range(40):
            if str(await self.page.evaluate(_FOCUSED)).startswith(name):
                return
            await self.page.keyboard.press(key)
        raise AssertionError(f"{name} is not reached by {key}")


async def at_the_window(site: Whole, shared: SharedBrowser, faults: list[str]) -> ByKeyboard:
    visitor = ByKeyboard(await open_page(shared.browser, site.client.make_url("/demo"), faults))
    await visitor.open()
    return visitor


async def missed_round(visitor: ByKeyboard) -> str:
    """Report a collection that was forgotten; return what is said once it is kept."""
    await visitor.write("mon bac n’a pas été ramassé")
    await visitor.choose("Les emballages")
    await visitor.choose("Touques")
    await visitor.write("12 rue des Fleurs")
    await visitor.choose("Oui")
    return await visitor.write("lundi")


def test_a_ticket_is_opened_followed_and_judged_by_keyboard_alone(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    """From the top of the page to the reference, its state, the three questions; then on the page of an adviser."""

    async def visit() -> None:
        async with whole_site(sqlite_base, profile) as site:
            faults: list[str] = []
            visitor = await at_the_window(site, shared, faults)
            kept = await missed_round(visitor)
            reference = kept.partition("référence : ")[2].split()[0].strip(".")
            await site.journal.settled()
            assert "attend d’être traitée" in await visitor.write(f"où en est ma demande {reference} ?")
            assert "trois questions" in await visitor.leave()
            for answer in ("Oui", "Oui", "Oui", "5"):
                await visitor.choose(answer)
            assert "Merci" in await visitor.write("très bien")
            await site.journal.settled()
            async with site.journal.database.reading() as connection:
                found = {row.question: row.score for row in await connection.execute(select(surveys))}
            assert found == {"facile": 1, "resolu": 1, "global": 5, "commentaire": None}
            page = await entered(await open_page(shared.browser, site.client.make_url("/connexion"), faults), "ahmed")
            await page.get_by_role("link", name="Demandes").press("Enter")
            await page.get_by_role("link", name=reference).press("Enter")
            shown = await page.locator("main").inner_text()
            assert "Collecte oubliée" in shown
            assert "23/11/2026" in shown
            assert faults == []

    shared.run(visit())


def test_the_calendar_asked_for_in_the_window_leaves_by_e_mail(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    async def visit() -> Any:
        async with whole_site(sqlite_base, profile) as site:
            visitor = await at_the_window(site, shared, [])
            await visitor.write("je voudrais recevoir le calendrier de collecte par e-mail à Touques")
            await visitor.write("marie@example.org")
            await visitor.choose("Oui")
            await site.calendars.finish()
            await site.journal.settled()
            async with site.journal.database.reading() as connection:
                rows = (await connection.execute(select(outbox).where(outbox.c.kind == "email"))).all()
            return [site.journal.seal.open(row.token) for row in rows]

    letters = shared.run(visit())
    [letter] = [letter for letter in letters if letter["to"] == "marie@example.org"]
    assert json.loads(letter["attachments"])[0]["name"].endswith(".ics")


def test_the_link_of_a_transferred_call_leads_through_signing_in_to_the_history_over_every_channel(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    """A visit to the front desk typed in by an agent, then a call of the same person, whose link the adviser opens."""

    async def visit() -> None:
        async with whole_site(sqlite_base, profile) as site:
            faults: list[str] = []
            page = await entered(await open_page(shared.browser, site.client.make_url("/connexion"), faults), "sylvie")
            await page.get_by_role("link", name="Contacts", exact=True).press("Enter")
            await page.get_by_role("link", name="Saisir un contact").press("Enter")
            await page.get_by_label("Canal").select_option("desk")
            await page.get_by_label("Sujet").select_option("bac.demande")
            await page.get_by_label("Ce que la personne demande").fill("Son bac est fendu.")
            await tab_to(page, "Ouvrir une demande")
            await page.keyboard.press("Space")
            await page.get_by_label("Téléphone").fill("06 12 34 56 78")
            await tab_to(page, "La personne accepte que son numéro")
            await page.keyboard.press("Space")
            await page.get_by_role("button", name="Enregistrer").press("Enter")
            await page.get_by_role("heading", name="Contact du").wait_for()
            assert "Demande : une demande de bac ou de sacs" in await page.locator("main").inner_text()
            await one_call(site, "je vous rappelle pour mon bac", "c9")
            adviser = await open_page(shared.browser, site.client.make_url("/appels/c9"), faults)
            await adviser.get_by_label("Identifiant").fill("ahmed")
            await adviser.get_by_label("Mot de passe").fill(PASSWORD)
            await adviser.get_by_label("Mot de passe").press("Enter")
            await adviser.wait_for_url("**/appels/c9")
            shown = await adviser.locator("main").inner_text()
            assert "je vous rappelle pour mon bac" in shown
            assert "accueil" in shown
            assert "une demande de bac ou de sacs" in shown
            assert CALLER not in shown
            assert await serious_faults(adviser) == []
            assert faults == []

    shared.run(visit())
