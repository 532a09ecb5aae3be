"""Every page, by the table of routes: who is served it, that hostile words are text on it, that all can use it."""

import csv
import io
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import select

from tests.journal.conftest import Base
from tests.web.browser import SharedBrowser, cut_words, open_page, serious_faults
from tests.web.every_page import WORDS, attacked, examples, filled, pages, routes
from tests.web.site_served import PEOPLE, run
from tests.web.test_site_browser import PHONE, entered, shown
from tests.web.whole_site import Whole, whole_site
from voicebot.journal.accounts import Role
from voicebot.journal.schema import outbox
from voicebot.profile import Profile

OPEN = {"/confidentialite", "/accessibilite", "/demo", "/connexion", "/stop/{token}", "/health", "/ready"}
OPEN_PREFIXES = ("/api/chat", "/api/openapi.json", "/widget/", "/pages/")
"""What is served to whoever is not signed in: the chat, the public pages, health, and the dress of the pages."""

MINE = {"/", "/mot-de-passe", "/deconnexion", "/connexion"}
"""What is everybody's once signed in."""

SERVED: dict[Role, tuple[str, ...]] = {
    Role.ELECTED: ("/chiffres",),
    Role.ADVISER: ("/maintenant", "/demandes", "/contacts", "/appels", "/personnes"),
    Role.SUPERVISOR: (
        *("/maintenant", "/demandes", "/contacts", "/appels", "/personnes"),
        *("/chiffres", "/progres", "/messages", "/envois"),
    ),
}
"""What each role is served; an administrator is served everything."""

RESERVED = {
    Role.ADVISER: ("/chiffres", "/progres", "/messages", "/utilisateurs", "/contacts/export", "/envois"),
    Role.SUPERVISOR: ("/utilisateurs",),
}


def is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_PREFIXES)


def test_whoever_is_not_signed_in_is_served_the_chat_the_public_pages_and_health(
    sqlite_base: Base, profile: Profile
) -> None:
    async def visit() -> dict[str, int]:
        async with whole_site(sqlite_base, profile) as site:
            found = {}
            for method, path in routes(site.app):
                address = filled(path, {"token": "x"})
                outside = {"X-Forwarded-For": "192.0.2.7"}  # measures are for this machine: nobody comes from it
                answer = await site.client.request(method, address, allow_redirects=False, headers=outside)
                answer.close()
                found[f"{method} {path}"] = answer.status
            return found

    found = run(visit())
    closed = {route: status for route, status in found.items() if not is_open(route.partition(" ")[2])}
    assert not {route for route, status in closed.items() if status not in (303, 401, 403)}
    programs = {route: status for route, status in closed.items() if "/api/v1" in route}
    assert set(programs.values()) == {401}
    opened = {route: status for route, status in found.items() if route not in closed}
    assert not {route for route, status in opened.items() if status in (303, 401)}
    assert found["GET /confidentialite"] == found["GET /widget/sophie.js"] == found["GET /health"] == 200


@pytest.mark.parametrize("login", ["jeanne", "ahmed", "sylvie", "paul"])
def test_a_role_is_served_its_own_pages_and_no_other(sqlite_base: Base, profile: Profile, login: str) -> None:
    role = PEOPLE[login][1]

    async def visit() -> dict[str, int]:
        async with whole_site(sqlite_base, profile) as site:
            await attacked(site)
            await site.sign_in(login)
            found = {}
            for method, path in routes(site.app):
                if method != "GET" or is_open(path) or path.startswith(("/api/", "/metrics")) or path in MINE:
                    continue
                answer = await site.client.get(filled(path, examples(site)), allow_redirects=False)
                answer.close()
                found[path] = answer.status
            return found

    found = run(visit())
    refused = {path for path, status in found.items() if status == 403}
    if role is Role.ADMINISTRATOR:
        assert refused == set()
        return
    reserved = {path for path in found if path.startswith(RESERVED.get(role, ()))}
    assert not {path for path in refused - reserved if path.startswith(SERVED[role])}
    if role is Role.ELECTED:  # nothing but figures, whatever page is added
        reserved = {path for path in found if not path.startswith(SERVED[role])}
    assert reserved <= refused


def test_forms_are_refused_to_those_whose_role_does_not_allow_them(sqlite_base: Base, profile: Profile) -> None:
    async def visit() -> dict[str, int]:
        async with whole_site(sqlite_base, profile) as site:
            await site.sign_in("jeanne")
            found = {}
            for method, path in routes(site.app):
                if method == "GET" or is_open(path) or path.startswith("/api/") or path in MINE:
                    continue
                answer = await site.client.request(method, filled(path, examples(site)), data={})
                found[path] = answer.status
            return found

    found = run(visit())
    assert found
    assert set(found.values()) == {403}


class _Markup(HTMLParser):
    """Notes what a page would run that is not ours."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        ours = tag == "script" and str(names.get("src", "")).startswith(("/pages/", "/widget/"))
        if (tag in ("script", "img", "iframe", "object") and not ours) or any(one.startswith("on") for one in names):
            self.foreign.append(self.get_starttag_text() or tag)


def foreign(html: str) -> list[str]:
    markup = _Markup()
    markup.feed(html)
    return markup.foreign


def test_words_of_a_hostile_caller_are_text_on_every_page_export_and_message(
    sqlite_base: Base, profile: Profile
) -> None:
    async def visit() -> None:
        async with whole_site(sqlite_base, profile) as site:
            await attacked(site)
            shown = 0
            for address in await pages(site):
                html = await (await site.client.get(address)).text()
                assert foreign(html) == [], address
                shown += "DROP TABLE" in html
            assert shown >= 7  # they were looked for where they are
            await _exports_are_inert(site)
            await site.send("/messages", "/messages/1/envoyer", 303)
            await site.journal.settled()
            await _messages_are_text(site)
            async with site.journal.database.reading() as connection:
                assert (await connection.execute(select(outbox.c.id))).first() is not None  # no table was dropped

    run(visit())


async def _exports_are_inert(site: Whole) -> None:
    """Open every export as a spreadsheet would."""
    openpyxl: Any = pytest.importorskip("openpyxl")
    found = [path for method, path in routes(site.app) if method == "GET" and path.endswith((".csv", ".xlsx"))]
    assert found
    for path in found:
        answer = await site.client.get(path)
        body = await answer.read()
        assert answer.status == 200, path
        if path.endswith(".csv"):
            cells = [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig")), delimiter=";") for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))], path
        else:
            book = openpyxl.load_workbook(io.BytesIO(body))
            assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


async def _messages_are_text(site: Whole) -> None:
    async with site.journal.database.reading() as connection:
        tokens = [row.token for row in await connection.execute(select(outbox.c.token).where(outbox.c.kind == "email"))]
    letters = [site.journal.seal.open(token) for token in tokens]
    assert any(WORDS in letter["text"] for letter in letters)
    assert not [letter for letter in letters if foreign(letter["html"]) or "\n" in letter["subject"]]


def test_every_page_suits_a_screen_reader_a_telephone_a_zoom_and_a_strict_policy(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    """Judged by axe on a telephone; at 320 and 640 CSS pixels (1,280 at 400 and 200 %), nothing is cut off sideways.

    No word is cut in two, however narrow its column, but those of the hostile caller, which are one long word.
    """

    async def visit() -> None:
        async with whole_site(sqlite_base, profile) as site:
            await attacked(site)
            found = await pages(site)
            assert {"/chiffres", "/progres", "/demo", "/confidentialite", "/connexion"} <= set(found)
            faults: list[str] = []
            page = await open_page(shared.browser, site.client.make_url("/connexion"), faults, viewport=PHONE)
            page.on("dialog", lambda dialog: faults.append(dialog.message))
            await shown(page, "connexion.png")
            await entered(page, "paul")
            for address in found:
                await page.goto(str(site.client.make_url(address)))
                assert await serious_faults(page) == [], address
                assert "lost" not in await page.title(), address
                for width in (320, 640, 1280):
                    await page.set_viewport_size({"width": width, "height": 800})
                    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    assert wide <= 0, (address, width)
                    assert [word for word in await cut_words(page) if word not in WORDS] == [], (address, width)
                await page.set_viewport_size(PHONE)
            assert faults == []

    shared.run(visit())


async def tab_to(page: Any, name: str, most: int = 120) -> None:
    """Press Tab until what has the focus is called ``name`` (its label or its text)."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        label = await page.evaluate(
            "() => { const one = document.activeElement; "
            "return (one.labels && one.labels.length ? one.labels[0].innerText : one.innerText) || ''; }"
        )
        if label.strip().startswith(name):
            return
    raise AssertionError(f"{name} is not reached by Tab")


def test_a_supervisor_writes_a_message_for_one_commune_by_keyboard_alone(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    async def visit() -> Any:
        async with whole_site(sqlite_base, profile) as site:
            page = await entered(await open_page(shared.browser, site.client.make_url("/connexion"), []), "sylvie")
            await tab_to(page, "Aller au contenu")
            await tab_to(page, "Messages")
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/messages")
            await tab_to(page, "Message")
            while await page.evaluate("document.activeElement.tagName") != "TEXTAREA":
                await tab_to(page, "Message")
            await page.keyboard.type("La rue Louvel est barrée demain.")
            await tab_to(page, "Touques")
            await page.keyboard.press("Space")
            await tab_to(page, "Enregistrer")
            await page.keyboard.press("Enter")
            await page.get_by_text("La rue Louvel est barrée demain.").wait_for()
            return await page.locator("article").first.inner_text()

    assert "Touques" in shared.run(visit())
