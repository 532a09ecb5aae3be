"""The supervisors' pages served on a journal of the test, by their real application."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from yarl import URL

from tests.journal.conftest import Base
from tests.web.visitors import TUESDAY
from voicebot.calls.live import LiveCalls
from voicebot.clock import VirtualClock
from voicebot.journal.accounts import Accounts, Role
from voicebot.journal.journal import Journal
from voicebot.profile import Profile
from voicebot.web.site import Health, build_site
from voicebot.web.site_frame import Needs, Service
from voicebot.web.site_pages import mount_pages
from voicebot.web.stopping import stop_routes

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "la mer monte à Deauville"
PEOPLE = {
    "sylvie": ("Sylvie Martin", Role.SUPERVISOR),
    "ahmed": ("Ahmed Benali", Role.ADVISER),
    "jeanne": ("Jeanne Le Goff", Role.ELECTED),
    "paul": ("Paul Duval", Role.ADMINISTRATOR),
}


@dataclass
class Site:
    """The pages being served. ``client`` keeps cookies like a browser; ``clock`` is their time."""

    client: "TestClient[web.Request, web.Application]"
    journal: Journal
    accounts: Accounts
    live: LiveCalls
    clock: VirtualClock
    app: web.Application

    def sealed(self, wav: bytes) -> str:
        """Put a sound where messages are kept; return its id there."""
        assert self.journal.archive.files is not None
        return self.journal.archive.files.keep(wav, TUESDAY.date())

    @property
    def url(self) -> URL:
        return self.client.make_url("/")

    async def sign_in(self, login: str, password: str = PASSWORD, towards: str = "") -> int:
        """Fill in the form of signing in; return the status of the answer."""
        page = await (await self.client.get("/connexion")).text()
        form = {"csrf": field(page, "csrf"), "login": login, "password": password, "vers": towards}
        answer = await self.client.post("/connexion", data=form, allow_redirects=False)
        return answer.status

    async def read(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path, allow_redirects=False)
        text = await answer.text()
        assert answer.status == status, (path, answer.status, text[:2000])
        return plain(text)

    async def send(self, page: str, action: str, status: int = 303, **fields: str) -> str:
        """Send a form of ``page`` to ``action`` with its token; return where it leads, or what it says."""
        token = field(await self.read(page), "csrf")
        answer = await self.client.post(action, data={"csrf": token, **fields}, allow_redirects=False)
        text = await answer.text()
        assert answer.status == status, (action, answer.status, text[:2000])
        return answer.headers.get("Location", "") or plain(text)


def plain(text: str) -> str:
    """Return ``text`` with plain spaces for those of French that do not break."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def field(page: str, name: str) -> str:
    """Return the value of the first field of this name."""
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


@asynccontextmanager
async def site_of(base: Base, profile: Profile, **service: Any) -> AsyncIterator[Site]:
    """Serve the pages on the database of ``base``, with one user of each role."""
    clock = VirtualClock(TUESDAY)
    journal = await base.open()
    accounts, live = Accounts(journal.archive.database, QUICK_HASHER), LiveCalls()
    for login, (name, role) in PEOPLE.items():
        await accounts.add(login, name, role, PASSWORD, clock.now(), "test")
    app = build_site(lambda: Health(True))
    served = Service(lambda: profile, journal=journal, **service)
    app.add_routes(stop_routes(lambda: profile.knowledge.identity, journal.archive))
    mount_pages(app, Needs(journal.archive, accounts, clock, served, live))
    try:
        async with TestClient(TestServer(app)) as client:
            yield Site(client, journal, accounts, live, clock, app)
    finally:
        await journal.close()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run ``work`` on a loop of its own."""
    return asyncio.run(work)
