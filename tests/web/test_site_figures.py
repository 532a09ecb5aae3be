"""Figures on the pages: counted, compared, narrowed, exported and sent once a month, on both databases."""

import io
import re
from datetime import date, timedelta

import openpyxl  # type: ignore[import-untyped]

from tests.journal.conftest import Base
from tests.journal.samples import ended, started, turn
from tests.web.site_served import Site, plain, run, site_of
from tests.web.visitors import TUESDAY
from voicebot.journal.events import Surveyed, Typing
from voicebot.journal.sheets import load_labels
from voicebot.profile import Profile
from voicebot.web.commitments import Commitments, measure
from voicebot.web.monthly import Letter, Sender, send_report
from voicebot.web.site_figures import Reading

HOSTILE = "=cmd|'/c calc'!A1<script>alert(1)</script>"
READING = Reading(Commitments(), {})


async def a_month(site: Site) -> None:
    """Twelve contacts this month and three the month before."""
    for place in range(15):
        at = TUESDAY - timedelta(days=2 * place if place < 12 else 40 + place)
        commune = ("Touques", "Deauville", HOSTILE)[place % 3]
        site.journal.contact_started(started(f"c{place}", at, caller=f"+3361234560{place % 10}"))
        site.journal.turn(turn(f"c{place}", 1, at=at, delay_ms=700))
        about = Typing("eau", "fuite", "report", "", commune)
        end = ended(f"c{place}", "answered", at, typing=about) if place % 4 else ended(f"c{place}", "transferred", at)
        site.journal.contact_ended(end)
    await site.journal.settled()


def test_an_elected_official_reads_the_figures_and_what_they_were_before(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await a_month(site)
            await site.sign_in("jeanne")
            page = await site.read("/chiffres")
            assert 'class="value">12<' in page
            assert "Période précédente : 3" in page
            assert page.count("<svg") == page.count("Voir le tableau")

    run(visit())


def test_figures_are_narrowed_to_a_commune(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await a_month(site)
            await site.sign_in("sylvie")
            assert 'class="value">3<' in await site.read("/chiffres?commune=Touques")

    run(visit())


def test_words_left_to_the_survey_are_shown_to_who_may_read_contacts_with_the_whole_opinion(
    base: Base, profile: Profile
) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await a_month(site)
            answers = (("facile", 1, ""), ("resolu", 0, ""), ("global", 4, ""), ("commentaire", None, "c’était long"))
            for place, (question, score, words) in enumerate(answers, start=10):
                site.journal.survey(Surveyed("c3", place, TUESDAY, question, score, words))
            await site.journal.settled()
            await site.sign_in("sylvie")
            page = await site.read("/chiffres")
            assert re.search(r'<a href="/contacts/c3">[^<]+</a> : c’était long', page)
            assert "c’était long" not in await site.read("/chiffres?theme=tri")
            opinion = re.sub(r"<[^>]*>|\s+", " ", (await site.read("/contacts/c3")).split("Avis laissé")[1])
            told = ("Joint facilement oui", "selon l’usager non", "Note sur 5 4", "Commentaire c’était long")
            assert all(words in re.sub(" +", " ", opinion) for words in told), opinion
            await site.sign_in("jeanne")
            assert "c’était long" not in await site.read("/chiffres")

    run(visit())


def test_callers_words_are_text_in_pages_and_inert_in_files(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await a_month(site)
            await site.sign_in("sylvie")
            assert "<script>alert" not in await site.read("/chiffres")
            csv = await site.read("/chiffres/export.csv")
            assert f";'{HOSTILE};" in csv or f'"\'{HOSTILE}"' in csv
            answer = await site.client.get("/chiffres/export.xlsx")
            sheet = openpyxl.load_workbook(io.BytesIO(await answer.read())).active
            assert sheet is not None
            cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == HOSTILE]
            assert cells
            assert all(cell.data_type == "s" for cell in cells)

    run(visit())


def test_a_whole_year_is_drawn_by_month(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await a_month(site)
            await site.sign_in("jeanne")
            page = await site.read("/chiffres?du=2026-01-01&au=2026-12-31")
            assert "Contacts par mois" in page
            assert ">11/2026<" in page

    run(visit())


def test_a_wrong_month_or_period_is_told(base: Base, profile: Profile) -> None:
    async def visit() -> None:
        async with site_of(base, profile) as site:
            await site.sign_in("jeanne")
            assert "n’est pas un mois" in await site.read("/chiffres/bilan?mois=hier", 400)
            assert "après le dernier" in await site.read("/chiffres?du=2026-11-24&au=2026-11-01", 400)
            assert "d’octobre 2026" in await site.read("/chiffres/bilan")

    run(visit())


def test_the_report_of_the_month_is_posted_to_each_with_a_key_that_is_always_the_same(
    base: Base, profile: Profile
) -> None:
    posted: list[tuple[str, Letter, str]] = []

    async def post(to: str, letter: Letter, key: str) -> None:
        posted.append((to, letter, key))

    async def send() -> None:
        async with site_of(base, profile) as site:
            await a_month(site)
            sender = Sender(("elus@example.org", "direction@example.org"), "la communauté", post)
            for day in (1, 2, 8):
                await send_report(site.journal.archive, date(2026, 12, day), READING, sender)

    run(send())
    assert [to for to, _, _ in posted] == ["elus@example.org", "direction@example.org"] * 2
    assert len({key for _, _, key in posted}) == 2
    letter = posted[0][1]
    assert letter.subject == "Bilan de novembre 2026"
    assert "Contacts : 12" in plain(letter.text)
    assert "<script>alert" not in letter.html


def test_every_commitment_has_a_french_name(base: Base) -> None:
    async def names() -> list[str]:
        journal = await base.open()
        try:
            report = await journal.archive.report(date(2026, 11, 1), date(2026, 11, 30))
        finally:
            await journal.close()
        return [one.name for one in measure(report, Commitments())]

    labels = load_labels()
    assert set(run(names())) <= labels["chiffres"].keys() | labels["engagements"].keys()
