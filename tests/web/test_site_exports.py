"""The list of contacts as a file: with the filters of the page, safe in a spreadsheet, for those who may, and kept."""

import csv
import gc
import io
from datetime import timedelta

import openpyxl  # type: ignore[import-untyped]
import pytest

from tests.journal.conftest import Base
from tests.journal.samples import ended, rows, started, turn
from tests.web.site_served import Site, run, site_of
from tests.web.visitors import TUESDAY
from voicebot.journal.events import Typing
from voicebot.journal.exporting import CONTACT_COLUMNS, CsvSheet, XlsxSheet
from voicebot.journal.listing import LONGEST_PAGE
from voicebot.profile import Profile

HOSTILE = "=cmd|'/c calc'!A1<b>&\x0b"


async def three_contacts(site: Site) -> None:
    for place, commune in enumerate(("Touques", "Deauville", HOSTILE)):
        at = TUESDAY - timedelta(hours=place)
        site.journal.contact_started(started(f"c{place}", at))
        site.journal.turn(turn(f"c{place}", at=at, heard="un bac cassé" if place else "bonjour"))
        end = ended(f"c{place}", "answered", at, typing=Typing("eau", "fuite", "report", "resident", commune))
        site.journal.contact_ended(end)
    await site.journal.settled()


def test_the_file_has_the_contacts_that_the_page_shows(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await three_contacts(site)
            await site.sign_in("sylvie")
            assert "/contacts/export.csv?commune=Touques" in await site.read("/contacts?commune=Touques")
            text = await site.read("/contacts/export.csv?commune=Touques")
            [head, one] = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";")
            assert tuple(head) == CONTACT_COLUMNS
            assert one[:5] == ["24/11/2026", "10:00", "téléphone", "Touques", "eau"]
            assert one[6:10] == ["signalement", "habitant", "répondu", "60"]
            assert (await site.read("/contacts/export.csv?mots=cassé")).count("\r\n") == 3

    run(visit())


def test_callers_words_are_inert_in_both_files(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await three_contacts(site)
            await site.sign_in("sylvie")
            assert f"'{HOSTILE}" in await site.read("/contacts/export.csv")
            answer = await site.client.get("/contacts/export.xlsx")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            sheet = openpyxl.load_workbook(io.BytesIO(await answer.read())).active
            assert sheet is not None
            [cell] = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=cmd")]
            assert (cell.value, cell.data_type) == (HOSTILE.replace("\x0b", ""), "s")
            assert sheet["J2"].value == 60

    run(visit())


def test_a_file_goes_on_for_as_many_pages_as_there_are(sqlite_base: Base, profile: Profile) -> None:
    many = LONGEST_PAGE + 30

    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            for place in range(many):
                site.journal.contact_started(started(f"c{place:04d}", TUESDAY - timedelta(minutes=place)))
            await site.journal.settled()
            await site.sign_in("sylvie")
            lines = (await site.read("/contacts/export.csv")).splitlines()[1:]
            assert [line.rpartition(";")[2] for line in lines] == [f"c{place:04d}" for place in range(many)]

    run(visit())


def test_only_those_who_may_export_do_and_it_is_kept(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            for login in ("ahmed", "jeanne"):
                await site.sign_in(login)
                await site.read("/contacts/export.csv", 403)
                await site.read("/contacts/export.xlsx", 403)
            await site.sign_in("sylvie")
            await site.read("/contacts/export.csv?theme=eau&mots=secret")

    run(visit())
    [kept] = [row for row in run(rows(sqlite_base.settings.url, "actions")) if row["action"] == "export"]
    assert (kept["who"], kept["detail"]["theme"], kept["detail"]["format"]) == ("sylvie", "eau", "csv")
    assert "secret" not in str(kept["detail"])


def test_a_file_that_the_database_cuts_is_not_taken_for_a_whole_one(
    sqlite_base: Base, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiohttp import ClientPayloadError

    from voicebot.journal.errors import JournalAway
    from voicebot.journal.listing import Asked, Listing, Page

    whole = Listing.contacts

    async def cut(listing: Listing, asked: Asked) -> Page:
        if asked.cursor:
            raise JournalAway("gone")
        page = await whole(listing, asked)
        return Page(page.rows, "more")

    async def visit() -> None:
        async with site_of(sqlite_base, profile) as site:
            await three_contacts(site)
            await site.sign_in("sylvie")
            monkeypatch.setattr(Listing, "contacts", cut)
            answer = await site.client.get("/contacts/export.csv")
            with pytest.raises(ClientPayloadError):
                await answer.read()

    run(visit())


def test_a_sheet_left_midway_lets_go_of_its_archive() -> None:
    sheet = XlsxSheet()
    sheet.begin(("un",))
    sheet.add([("a",)])
    sheet.close()
    sheet.close()
    del sheet
    gc.collect()  # an archive still open would be told here, as an error of this test


def test_a_sheet_that_is_full_says_what_to_do() -> None:
    sheet = XlsxSheet(longest=4)
    written = sheet.begin(("un",)) + sheet.add([("a",), ("b",), ("c",), ("d",)]) + sheet.add([("e",)]) + sheet.end()
    read = openpyxl.load_workbook(io.BytesIO(written)).active
    assert read is not None
    values = [row[0].value for row in read.iter_rows()]
    assert values[:3] == ["un", "a", "b"]
    assert len(values) == 4
    assert "choisissez le CSV" in str(values[3])


def test_numbers_are_written_as_the_french_do() -> None:
    assert CsvSheet().add([(1.5, None, 3)]) == b"1,5;;3\r\n"
