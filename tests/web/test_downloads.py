"""Files asked for in a browser: downloaded as anybody does, opened again, and found to say what the page says."""

import csv
import os
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
from playwright.async_api import Page

from tests.journal.conftest import Base
from tests.web.browser import SharedBrowser, open_page
from tests.web.site_served import Site, site_of
from tests.web.test_site_browser import entered, shown
from tests.web.visitors import ROOT, TUESDAY
from voicebot.bench.made_up import Sizes, made_contacts, material_of
from voicebot.dialog.nlu.data import load_nlu_data
from voicebot.journal.bulk import add_made_up
from voicebot.profile import Profile, profile_folders

SEASON = Sizes(400, 1600, date(2026, 9, 20), TUESDAY.date(), seed=3)
BUSY_SEASON = Sizes(6000, 28_000, date(2026, 9, 20), TUESDAY.date(), seed=3)
"""As many contacts as a service of this size has: for the picture of the guide."""


async def a_season(site: Site, profile: Profile) -> None:
    """Have made-up contacts over two months, like those of a real service."""
    words = load_nlu_data(profile_folders(profile.name, ROOT / "profiles"))
    material = material_of(profile.name, profile.knowledge, words)
    sizes = BUSY_SEASON if os.environ.get("VOICEBOT_SCREENSHOTS") else SEASON
    await add_made_up(site.journal.database, site.journal.seal, list(made_contacts(material, sizes)), "season")


async def downloaded(page: Page, link: str, folder: Path) -> Path:
    """Follow ``link`` and keep the file that the browser was given under the name it was given."""
    async with page.expect_download() as waited:
        await page.get_by_role("link", name=link).click()
    file = await waited.value
    path = folder / file.suggested_filename
    await file.save_as(path)
    return path


def sheet_of(path: Path) -> list[list[Any]]:
    """Return the rows of a file as a spreadsheet opens it."""
    if path.suffix == ".csv":
        return list(csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_contacts_and_figures_are_downloaded_and_say_what_the_pages_say(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser, tmp_path: Path
) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await a_season(site, profile)
            page = await entered(await open_page(shared.browser, site.url, [], locale="fr-FR"), "sylvie")
            await page.get_by_role("link", name="Contacts", exact=True).click()
            await page.get_by_label("Canal").select_option("chat")
            await page.get_by_label("Commune").select_option("Blonville-sur-Mer")
            await page.get_by_role("button", name="Chercher").click()
            await page.wait_for_url("**canal=chat**")
            await page.locator("tbody tr").first.wait_for()
            listed = await page.locator("tbody tr").count()
            assert 0 < listed <= 50 or os.environ.get("VOICEBOT_SCREENSHOTS")
            files = [await downloaded(page, f"Exporter en {kind}", tmp_path) for kind in ("CSV", "XLSX")]
            await page.get_by_role("link", name="Chiffres").click()
            await page.set_viewport_size({"width": 1280, "height": 1560})
            await shown(page, "chiffres.png")
            tile = page.locator(".tile").filter(has_text="Contacts").locator(".value")
            counted = int("".join(filter(str.isdigit, await tile.first.inner_text())))
            figures = [await downloaded(page, f"Exporter en {kind}", tmp_path) for kind in ("CSV", "XLSX")]
        for path in files:
            rows = sheet_of(path)
            assert len(rows) - 1 == listed or os.environ.get("VOICEBOT_SCREENSHOTS"), path
            assert all("Blonville-sur-Mer" in row and "tchat" in row for row in rows[1:])
        for path in figures:
            [row] = [row for row in sheet_of(path) if row[0] == "Contacts"]
            assert counted in row or str(counted) in row, path

    shared.run(visit())
