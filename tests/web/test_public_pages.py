"""The pages on privacy and accessibility: true, accessible, and reached from the chat."""

import dataclasses
from typing import Any

import pytest
from playwright.async_api import expect

from tests.web.browser import SharedBrowser, open_page, serious_faults
from tests.web.visitors import Rote, run, visiting
from voicebot.journal.settings import Retention
from voicebot.profile import Profile
from voicebot.web.public_pages import spans


def test_periods_are_told_as_people_say_them() -> None:
    told = spans(Retention(transcripts=90, callers=365, preferences=0, deliveries=10))
    assert (told["transcripts"], told["callers"], told["contacts"]) == ("3 mois", "1 an", "3 ans")
    assert (told["preferences"], told["deliveries"]) == ("Effacé chaque jour", "10 jours")


def test_the_notice_tells_the_period_of_every_kind_of_data_about_people(profile: Profile) -> None:
    async def work() -> str:
        async with visiting(profile, Rote) as visit:
            return await (await visit.client.get("/confidentialite")).text()

    ours = {"actions", "deliveries", "proposals"}  # what agents do and write, and that a message was sent
    text = run(work())
    assert text.count('<tr><th scope="row">') == len({entry.name for entry in dataclasses.fields(Retention)} - ours)
    assert "<td>6 mois</td>" in text


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("path", ["/confidentialite", "/accessibilite"])
def test_a_page_is_accessible_and_fits(shared: SharedBrowser, profile: Profile, path: str, width: int) -> None:
    faults: list[str] = []

    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            url = visit.client.make_url(path)
            page = await open_page(shared.browser, url, faults, viewport={"width": width, "height": 800})
            wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found = await serious_faults(page), wide, await page.locator("h1").inner_text()
            await page.context.close()
            return found

    serious, wide, title = shared.run(work())
    assert serious + faults == []
    assert not wide
    assert title in ("Vos données et vos droits", "Déclaration d’accessibilité")


def test_the_window_leads_to_the_notice(shared: SharedBrowser, profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, demo=True) as visit:
            page = await open_page(shared.browser, visit.client.make_url("/demo"), [])
            await page.get_by_role("button", name="Poser une question").click()
            async with page.context.expect_page() as opened:
                await page.get_by_role("link", name="Vos données et vos droits").click()
            notice = await opened.value
            await expect(notice.get_by_role("heading", level=1)).to_have_text("Vos données et vos droits")
            told = await notice.get_by_text("assistante automatique de la communauté").count()
            await page.context.close()
            return told

    assert shared.run(work()) == 1
