"""What citizens and supervisors go through from end to end, on all that the service shows, its line apart."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.calls.company import says
from tests.journal.conftest import Base
from tests.web.browser import SharedBrowser, open_page, serious_faults
from tests.web.site_served import run
from tests.web.test_site_browser import entered, shown
from tests.web.visitors import ROOT, TUESDAY, texts
from tests.web.whole_site import Whole, whole_site
from voicebot.app import open_call
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.calls.work import Work
from voicebot.clock import VirtualClock
from voicebot.journal.people import People
from voicebot.profile import Profile, load_profile
from voicebot.reloading import Shelf
from voicebot.telephony.base import CallInfo, Tick
from voicebot.telephony.replay import CallerScript, ReplayLeg

NAME = "coeur-cote-fleurie"
EVERYBODY = "Le pont de la Touques est fermé jusqu’à lundi."
TOUQUES = "La rue Louvel est barrée demain."
DAYS = {"first": "2026-11-24", "last": "2026-11-25"}
CALLER = "+33612345678"


async def notices(site: Whole) -> None:
    """Have a supervisor write a message for everybody, and one for Touques."""
    await site.sign_in("sylvie")
    await site.send("/messages", "/messages", 303, text=EVERYBODY, **DAYS)
    await site.send("/messages", "/messages", 303, text=TOUQUES, communes="Touques", **DAYS)


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Votre message").fill(text)
    await page.get_by_role("button", name="Envoyer").click()


def test_a_message_written_by_a_supervisor_reaches_the_chat_window_by_commune(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    async def visit() -> Any:
        async with whole_site(sqlite_base, profile) as site:
            await notices(site)
            page = await open_page(shared.browser, site.client.make_url("/demo"), [])
            await page.get_by_role("button", name="Poser une question à Sophie").click()
            log = page.get_by_role("log")
            await log.get_by_text(EVERYBODY).wait_for()
            before = await log.inner_text()
            await say(page, "quand passe le camion du verre à Touques ?")
            await log.get_by_text(TOUQUES).wait_for()
            return before, await log.inner_text()

    before, after = shared.run(visit())
    assert TOUQUES not in before
    assert (after.count(EVERYBODY), after.count(TOUQUES)) == (1, 1)


def test_a_visitor_agrees_to_news_of_their_commune_is_sent_them_and_stops_them(
    sqlite_base: Base, profile: Profile
) -> None:
    """By the chat, the page of messages, the outbox, and the link in the e-mail; the second home is told in passing."""

    async def visit() -> None:
        async with whole_site(sqlite_base, profile) as site:
            await notices(site)
            session = (await (await site.client.post("/api/chat/sessions")).json())["session"]
            room = f"/api/chat/sessions/{session}"

            async def said(text: str) -> str:
                answer = await site.client.post(f"{room}/messages", json={"text": text, "after": 0})
                return texts(await answer.json())[-1]

            await said("c'est pour ma résidence secondaire, quand passe le camion du verre à Touques ?")
            left = await site.client.post(f"{room}/end", json={"after": 0})
            assert "par e-mail" in texts(await left.json())[-1]
            assert "adresse" in await said("oui")
            assert "C’est noté" in await said("marie@example.org")
            await site.client.post(f"{room}/end", json={"after": 0, "now": True})
            await site.journal.settled()
            people = People(site.journal.database, site.journal.seal)
            [found] = await people.reachable("information", ["Touques"])
            assert (found.channel, found.address) == ("email", "marie@example.org")
            await site.send("/messages", "/messages/2/envoyer")
            await site.journal.settled()
            exported = await site.journal.export_person(found.person)
            assert exported["consents"][0]["wording"].startswith("Voulez-vous recevoir par e-mail")
            await site.client.post(f"/stop/{site.journal.seal.stop_token(found.person)}")
            assert await people.reachable("information") == []
            rows = await site.read("/contacts?categorie=second_home")
            assert "tchat" in rows
            assert "Résidence secondaire" in await site.read("/chiffres")

    run(visit())


class Stepped:
    """A line that stands still after each answer, until it is let on: a call that can be looked at."""

    def __init__(self, leg: ReplayLeg) -> None:
        self._leg = leg
        self.going = asyncio.Event()
        self.going.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._leg, name)

    async def tick(self) -> Tick | None:
        await self.going.wait()
        return await self._leg.tick()

    def frame(self, caller: Any, assistant: Any) -> None:
        """Sound goes on."""

    def turn(self, call: CallRecord, turn: TurnRecord) -> None:
        """Stand still after an answer."""
        self.going.clear()

    def ended(self, call: CallRecord) -> None:
        """The call is over."""


def test_a_replayed_call_is_followed_live_with_its_words_then_found_among_contacts(
    sqlite_base: Base, profile: Profile, shared: SharedBrowser
) -> None:
    heard = ("quand passe le camion du verre à Touques", "vous êtes ouverts le samedi")

    async def visit() -> None:
        async with whole_site(sqlite_base, profile, heard=heard) as site:
            faults: list[str] = []
            page = await entered(await open_page(shared.browser, site.client.make_url("/connexion"), faults), "ahmed")
            await page.get_by_text("Personne n’est en ligne.").wait_for()
            assert "0 en attente, 0 en ligne" in await page.locator("main").inner_text()  # advisers
            assert "whisper" in await page.locator("main").inner_text()  # the state of the service
            work, clock = Work(), VirtualClock(TUESDAY)
            leg = ReplayLeg(CallInfo("c1", CALLER, "+33231000000"), CallerScript((says(), says())), clock, work.settle)
            line = Stepped(leg)
            witnesses = (*site.followers.of("phone", "c7"), line)
            service = site.service
            call = asyncio.create_task(open_call(service, profile, line, work, clock, witnesses).run())
            await page.get_by_text(heard[0]).wait_for()
            assert await page.get_by_text(heard[1]).count() == 0
            assert not call.done()
            line.going.set()
            await page.get_by_text(heard[1]).wait_for()
            assert await serious_faults(page) == []
            await shown(page, "en-direct.png")
            while not call.done():
                line.going.set()
                await asyncio.sleep(0)
            await page.get_by_text("Personne n’est en ligne.").wait_for()
            await site.journal.settled()
            await page.get_by_role("link", name="Contacts", exact=True).click()
            await page.wait_for_url("**/contacts")
            contacts = page.url
            await page.locator("tbody a").first.click()
            await page.wait_for_url(lambda url: url != contacts)
            await expect(page.locator("main")).to_contain_text(heard[1])
            assert faults == []

    shared.run(visit())


def few_examples(folder: Path, most: int = 3) -> Path:
    """Return a copy of the profiles that is learnt sooner: of each intent, the first examples."""
    profiles = Path(shutil.copytree(ROOT / "profiles", folder / "profiles"))
    for path in (profiles / "base" / "intents").glob("*.toml"):
        kept, count = [], 0
        for line in path.read_text(encoding="utf-8").splitlines():
            inside = line and not line.startswith(("[", "#", "'''")) and " = " not in line
            count = 0 if line.startswith("[") else count + bool(inside)
            if not inside or count <= most:
                kept.append(line)
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return profiles


LOST = "Voulez-vous parler à un conseiller"
MISSED = "mon machin jaune a rendu l'âme"
BADGE = ("je voudrais un badge pour la plage", "comment obtenir le badge de plage", "le badge de plage")


async def answered(site: Whole, text: str) -> str:
    """Return the answer to ``text`` of a chat that begins now."""
    session = (await (await site.client.post("/api/chat/sessions")).json())["session"]
    given = await site.client.post(f"/api/chat/sessions/{session}/messages", json={"text": text, "after": 1})
    await site.client.post(f"/api/chat/sessions/{session}/end", json={"after": 0, "now": True})
    await site.journal.settled()
    return texts(await given.json())[-1]


async def improving(site: Whole, browser: Browser, login: str) -> Page:
    """Return the page of improvement in a browser of ``login``'s own."""
    page = await entered(await open_page(browser, site.client.make_url("/connexion"), []), login)
    await page.get_by_role("link", name="Progrès").click()
    return page


async def decide(page: Page, text: str, decision: str) -> None:
    """Press the button ``decision`` of the proposal with ``text``; it is gone once that is in force."""
    await page.reload()
    button = page.get_by_role("row").filter(has_text=text).get_by_role("button", name=decision)
    await button.click()
    await expect(button).to_have_count(0)


async def suggest(page: Page) -> None:
    """Suggest the missed sentence as an example of a subject, and the missed subject as a new one."""
    card = page.get_by_role("article").filter(has_text=MISSED)
    await expect(card.get_by_text("Le plus proche")).to_be_visible()
    await card.get_by_label("Un autre sujet").select_option("bac.demande")
    await card.get_by_role("button", name=f"Proposer ce sujet pour « {MISSED} »").click()
    await page.get_by_role("row").filter(has_text=MISSED).wait_for()
    card = page.get_by_role("article").filter(has_text=BADGE[0])
    await card.get_by_text("C’est un sujet nouveau").click()
    await card.get_by_label("Nom du sujet").fill("le badge de plage")
    await card.get_by_label("Façons de le demander").fill("\n".join(BADGE))
    await card.get_by_label("Réponse").fill("Le badge se retire en mairie.")
    await card.get_by_role("button", name="Proposer ce sujet", exact=True).click()
    await page.get_by_role("row").filter(has_text=BADGE[1]).wait_for()


def test_what_was_not_understood_is_taught_without_a_restart_and_unlearnt(
    sqlite_base: Base, tmp_path: Path, shared: SharedBrowser
) -> None:
    """Missed in the chat, proposed, accepted by somebody else, understood in the next chat, taken back, missed."""
    profiles = few_examples(tmp_path)
    shelf = Shelf(profiles, lambda name: load_profile(name, profiles, tmp_path / "learnt"))

    async def visit() -> None:
        async with whole_site(sqlite_base, shelf=shelf, profiles=profiles) as site:
            assert LOST in await answered(site, MISSED)
            assert LOST in await answered(site, BADGE[0])
            sylvie = await improving(site, shared.browser, "sylvie")
            await suggest(sylvie)
            assert await sylvie.get_by_role("button", name="Accepter").count() == 0
            assert LOST in await answered(site, MISSED)
            await shown(sylvie, "progres.png", full=True)
            await site.sign_in("sylvie")
            assert "Une autre personne" in await site.send("/progres", "/progres/1", 400, decision="accepter")
            paul = await improving(site, shared.browser, "paul")
            await decide(paul, MISSED, "Accepter")
            await decide(paul, BADGE[1], "Accepter")
            assert LOST not in await answered(site, MISSED)
            assert "Le badge se retire en mairie." in await answered(site, BADGE[1])
            await decide(paul, BADGE[1], "Revenir en arrière")
            await decide(paul, MISSED, "Revenir en arrière")
            row = paul.get_by_role("row").filter(has_text=MISSED)
            assert "retirée par paul" in (await row.inner_text()).lower()
            assert LOST in await answered(site, MISSED)
            assert LOST in await answered(site, BADGE[1])

    shared.run(visit())
