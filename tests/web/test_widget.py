"""The chat window in a real browser, on the real brain: by mouse, by keyboard, cut off, embedded, attacked."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.web.browser import SharedBrowser, open_page, page_of_another_site, serious_faults
from tests.web.visitors import ROOT, Rote, Visit, reply, visiting
from voicebot.profile import Profile

OPEN = "Poser une question à Sophie"
IMAGES = ROOT / "docs" / "images"
HOSTILE = "<img src=x onerror=\"document.title='lost'\"><script>document.title='lost'</script>'; DROP TABLE turns;--"


async def opened(page: Page) -> Page:
    """Open the window and wait for the first words."""
    await page.get_by_role("button", name=OPEN).click()
    await page.get_by_role("log").get_by_text("Bonjour").wait_for()
    return page


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Votre message").fill(text)
    await page.get_by_role("button", name="Envoyer").click()


def last(page: Page) -> Any:
    """The last message of the assistant."""
    return page.locator(".message.assistant").last


async def shown(page: Page, name: str) -> None:
    """Keep a picture for the documentation when it is asked for."""
    if os.environ.get("VOICEBOT_SCREENSHOTS"):
        await page.wait_for_timeout(400)
        await page.get_by_role("dialog").screenshot(path=IMAGES / name, animations="disabled")


def on_demo(
    shared: SharedBrowser,
    profile: Profile,
    work: Callable[[Page, Visit], Awaitable[Any]],
    brain: Any = None,
    **context: Any,
) -> tuple[Any, list[str]]:
    """Run ``work`` on the demonstration page; return what it gives and the faults of the page."""
    faults: list[str] = []

    async def visit() -> Any:
        async with visiting(profile, brain, demo=True) as chat:
            page = await open_page(shared.browser, chat.client.make_url("/demo"), faults, **context)
            try:
                return await work(page, chat)
            finally:
                await page.context.close()

    return shared.run(visit()), faults


TICKET = (
    ("est bien", "Oui"),
    ("déchets", "Les emballages"),
    ("commune", "Touques"),
    ("adresse", "12 rue des Fleurs"),
    ("jour", "lundi"),
    ("numéro", "06 39 98 12 34"),
)
"""What the visitor answers to a question with this word in it: a button of that name, or words."""


async def answered(page: Page, known: str) -> str:
    """Answer the question of the last message; return the next message."""
    said = next((say for word, say in TICKET if word in known), "Oui")
    count = await page.locator(".message.assistant").count()
    button = page.get_by_role("button", name=said, exact=True)
    if await button.count():
        await button.click()
    else:
        await say(page, said)
    await expect(page.locator(".message.assistant")).to_have_count(count + 1)
    return str(await last(page).inner_text())


def test_a_conversation_goes_to_a_ticket_by_buttons_and_words(shared: SharedBrowser, profile: Profile) -> None:
    async def work(page: Page, chat: Visit) -> Any:
        await opened(page)
        await shown(page, "tchat.png")
        await say(page, "mon bac n’a pas été ramassé")
        await expect(page.locator(".message.assistant")).to_have_count(2)
        words = await last(page).inner_text()
        for _ in range(9):
            if chat.follower.kept:
                break
            words = await answered(page, words)
        return words, chat.follower.kept

    (words, kept), faults = on_demo(shared, profile, work)
    [record] = kept
    assert record.type == "ticket"
    assert record.slots["commune"] == "Touques"
    assert record.reference in words
    assert not faults


def test_the_keyboard_alone_is_enough(shared: SharedBrowser, profile: Profile) -> None:
    async def work(page: Page, chat: Visit) -> Any:
        focused = "document.activeElement.shadowRoot.activeElement.className"
        await page.get_by_role("button", name=OPEN).wait_for()
        await page.keyboard.press("Tab")
        opener = await page.evaluate(focused)
        await page.keyboard.press("Enter")
        await page.get_by_role("log").get_by_text("Bonjour").wait_for()
        box = await page.evaluate("document.activeElement.shadowRoot.activeElement.tagName")
        await page.keyboard.press("Shift+Tab")
        suggestion = await page.evaluate(focused)
        outline = await page.evaluate("getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineStyle")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.visitor")).to_have_count(1)
        await page.keyboard.type("quand passe le camion à Touques ?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.assistant")).to_have_count(3)
        await page.keyboard.press("Escape")
        hidden = await page.get_by_role("dialog").count()
        return opener, box, suggestion, outline, hidden, await page.evaluate(focused)

    found, faults = on_demo(shared, profile, work)
    assert found == ("launcher", "TEXTAREA", "choice", "solid", 0, "launcher")
    assert not faults


def test_words_of_a_hostile_visitor_or_profile_show_as_text(shared: SharedBrowser, profile: Profile) -> None:
    rote = Rote([reply(HOSTILE, HOSTILE)])

    async def work(page: Page, chat: Visit) -> Any:
        await opened(page)
        await say(page, HOSTILE)
        await expect(last(page)).to_contain_text("DROP TABLE")
        texts = [await page.locator(one).last.inner_text() for one in (".visitor", ".assistant p", ".choice")]
        return texts, await page.title(), await page.locator("#sophie-chat img, #sophie-chat script").count()

    (texts, title, injected), faults = on_demo(shared, profile, work, lambda: rote)
    assert [HOSTILE in text for text in texts] == [True] * 3
    assert (title, injected) == ("Démonstration du tchat", 0)
    assert not faults


async def drop_sockets(chat: Visit) -> None:
    """Cut every socket, as a network does."""
    for connection in list(chat.client.server.handler.connections):
        if connection.transport is not None:
            connection.transport.abort()


def test_a_cut_connection_is_taken_up_again_without_loss(shared: SharedBrowser, profile: Profile) -> None:
    rote = Rote()

    async def work(page: Page, chat: Visit) -> Any:
        await opened(page)
        await say(page, "un")
        await expect(page.locator(".message.assistant")).to_have_count(2)
        await drop_sockets(chat)
        await say(page, "deux")
        await expect(page.locator(".message.assistant")).to_have_count(3)
        return await page.locator(".message").all_inner_texts(), await page.locator(".pending").count()

    (messages, pending), _ = on_demo(shared, profile, work, lambda: rote)
    assert [text.rpartition("\n")[2] for text in messages][1:] == ["un", "Vous dites : un", "deux", "Vous dites : deux"]
    assert [heard.text for heard in rote.heard] == ["un", "deux"]
    assert pending == 0


def test_without_sockets_the_conversation_goes_by_http(shared: SharedBrowser, profile: Profile) -> None:
    async def work(page: Page, chat: Visit) -> Any:
        await page.route_web_socket("**/socket*", lambda socket: socket.close())
        await page.evaluate("Math.random = () => 0")
        await opened(page)
        await say(page, "un")
        await expect(page.locator(".message.assistant")).to_have_count(2)
        await say(page, "deux")
        await expect(page.locator(".message.assistant")).to_have_count(3)
        return await page.locator(".message.visitor").all_inner_texts()

    found, _ = on_demo(shared, profile, work, Rote)
    assert [text.rpartition("\n")[2] for text in found] == ["un", "deux"]


def test_the_conversation_follows_from_page_to_page_and_survives_a_restart(
    shared: SharedBrowser, profile: Profile
) -> None:
    async def work(page: Page, chat: Visit) -> Any:
        await opened(page)
        await say(page, "un")
        await expect(page.locator(".message.assistant")).to_have_count(2)
        await page.reload()
        await expect(page.locator(".message")).to_have_count(3)
        chat.clock.advance(10_000)
        await chat.rooms.sweep()
        await page.reload()
        await expect(page.get_by_text("a été interrompue")).to_be_visible()
        return await page.locator(".message").count()

    count, faults = on_demo(shared, profile, work, Rote)
    assert count == 1
    assert not faults


def test_the_end_gives_way_to_a_new_conversation(shared: SharedBrowser, profile: Profile) -> None:
    async def work(page: Page, chat: Visit) -> Any:
        await opened(page)
        await page.get_by_role("button", name="Terminer").click()
        await page.get_by_role("button", name="Nouvelle conversation").click()
        await expect(page.locator(".message")).to_have_count(1)
        await say(page, "encore")
        await expect(page.locator(".message.assistant")).to_have_count(2)
        return chat.rooms.counts.opened

    found, faults = on_demo(shared, profile, work, Rote)
    assert found == 2
    assert not faults


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 800), (640, 400), (320, 568)], ids=["screen", "zoom of 200 %", "telephone"]
)
def test_the_window_is_accessible_and_fits(shared: SharedBrowser, profile: Profile, width: int, height: int) -> None:
    async def work(page: Page, chat: Visit) -> Any:
        closed = await serious_faults(page)
        await opened(page)
        await say(page, "quand passe le camion des poubelles ?")
        await page.get_by_role("button", name="Villerville").wait_for()
        if width < 400:
            await shown(page, "tchat-telephone.png")
        choosing = await serious_faults(page)
        await say(page, "il y a le feu chez moi")
        await page.get_by_text("Important").wait_for()
        telling = await serious_faults(page)
        fits = await page.evaluate(
            """() => { const root = document.getElementById('sophie-chat').shadowRoot;
            const box = (name) => root.querySelector(name).getBoundingClientRect();
            const panel = box('.panel'), input = box('textarea'), scroll = root.querySelector('.scroll');
            return [panel.left >= 0, panel.right <= innerWidth, panel.bottom <= innerHeight,
                    input.bottom <= innerHeight, scroll.scrollWidth <= scroll.clientWidth,
                    document.documentElement.scrollWidth <= innerWidth, panel.width >= innerWidth - 1]; }"""
        )
        return closed + choosing + telling, fits

    (faults, fits), _ = on_demo(shared, profile, work, viewport={"width": width, "height": height})
    assert not faults
    assert fits == [True] * 6 + [width < 500 or height < 480]


def test_nothing_moves_for_those_who_ask_for_it(shared: SharedBrowser, profile: Profile) -> None:
    async def work(page: Page, chat: Visit) -> Any:
        await opened(page)
        panel = page.get_by_role("dialog")
        return await panel.evaluate("panel => getComputedStyle(panel).animationName")

    assert on_demo(shared, profile, work, Rote, reduced_motion="reduce")[0] == "none"


PAGE = """<!doctype html><html lang="fr"><head><title>Mairie</title><style>html{{font-size:62.5%}}
button,p,h2{{color:red!important;text-transform:uppercase;font-size:40px!important}}</style></head>
<body><h1>Mairie</h1><script src="{script}" async></script></body></html>"""


@pytest.mark.parametrize("allowed", [True, False])
def test_a_page_of_another_site_shows_it_only_if_it_is_allowed(
    shared: SharedBrowser, profile: Profile, allowed: bool
) -> None:
    faults: list[str] = []

    async def work() -> Any:
        async with visiting(profile, Rote, origins=("*",) if allowed else ()) as chat:
            script = str(chat.client.make_url("/widget/sophie.js"))
            ours = script.removesuffix("/widget/sophie.js")
            policy = f"default-src 'none'; script-src {ours}; connect-src {ours} {ours.replace('http', 'ws')}; "
            policy += "style-src 'unsafe-inline'"
            async with page_of_another_site(PAGE.format(script=script), policy) as site:
                page = await open_page(shared.browser, site.make_url("/"), faults)
                if not allowed:
                    await page.wait_for_load_state("networkidle")
                    return await page.locator("#sophie-chat").count()
                await opened(page)
                await say(page, "bonjour")
                await expect(page.locator(".message.assistant")).to_have_count(2)
                return await page.locator(".choice").first.evaluate(
                    "button => [getComputedStyle(button).fontSize, getComputedStyle(button).textTransform]"
                )

    assert shared.run(work()) == (["16px", "none"] if allowed else 0)
    assert not [fault for fault in faults if "favicon" not in fault]
