"""Every page of the supervisors' site, asked for again and again over a full journal.

The pages are those of the site's own route table: a route that nothing here knows how to ask for is an error, so that
no page is left out. What an address needs (a contact, a caller, a request) is found as a visitor finds it, in the links
of the lists.
"""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from voicebot.bench.made_up import COMMON_WORD, RARE_WORD
from voicebot.journal.listing import cursor_before
from voicebot.web.site import Health, build_site
from voicebot.web.site_frame import SIGN_IN, Frame, Needs
from voicebot.web.site_pages import mount_pages, page_routes

TARGET_MS = 300.0
"""What 95 answers in 100 stay under, whatever the page."""

_TRIED_CONTACTS = 15
_FIELD = re.compile(r'name="csrf" value="([^"]+)"')
_LINK = re.compile(r'href="(/(?:contacts|personnes|demandes)/[^"?#.]+)"')
_YEARS = timedelta(days=913)


class CannotAsk(Exception):
    """The site cannot be measured; the message says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What addresses are made with: the days of the journal, a contact, a caller, requests."""

    today: date
    contact: str = ""
    person: str = ""
    records: Sequence[str] = ()

    def days(self, count: int) -> dict[str, str]:
        """Return the period of the last ``count`` days."""
        return {"du": (self.today - timedelta(days=count - 1)).isoformat(), "au": self.today.isoformat()}

    @property
    def ever(self) -> dict[str, str]:
        """The period of all that is there."""
        return {"du": (self.today - _YEARS).isoformat(), "au": self.today.isoformat()}

    @property
    def oldest(self) -> dict[str, str]:
        """The last page of all that is there."""
        early = datetime.combine(self.today - _YEARS + timedelta(days=1), datetime.min.time()).astimezone()
        return {"suite": cursor_before(early)}


@dataclass(frozen=True, slots=True)
class Asked:
    """One address: its route, what it asks for, and whether it is a download, timed to its first byte."""

    route: str
    what: str
    address: str
    download: bool = False


@dataclass(slots=True)
class Timed:
    """How long the answers of one address took, in ms, and the largest answer in bytes."""

    asked: Asked
    times_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    largest: int = 0

    def share_ms(self, share: float) -> float:
        """Return what that share of answers stay under (nearest rank)."""
        ordered = sorted(self.times_ms)
        return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]


_Variants: TypeAlias = Iterable[tuple[str, Mapping[str, str]]]


def _lists(found: Found) -> _Variants:
    yield "thirty days", {}
    yield "ever", found.ever
    yield "last page", found.ever | found.oldest
    yield "one commune, a year", found.days(365) | {"commune": "Touques"}
    yield "theme and channel, ever", found.ever | {"theme": "eau", "canal": "chat"}
    yield "complaints by e-mail, ever", found.ever | {"nature": "complaint", "canal": "email"}
    yield "professionals, ever", found.ever | {"categorie": "professional"}
    yield "nothing found, ever", found.ever | {"categorie": "second_home", "issue": "failed"}
    yield "common word, ever", found.ever | {"mots": COMMON_WORD}
    yield "common word, thirty days", {"mots": COMMON_WORD}
    yield "common word, last page", found.ever | found.oldest | {"mots": COMMON_WORD}
    yield "common word, narrowed, ever", found.ever | {"mots": COMMON_WORD, "nature": "complaint", "canal": "email"}
    yield "common words, ever", found.ever | {"mots": "je poubelle"}
    yield "rare word, ever", found.ever | {"mots": RARE_WORD}
    yield "no such word, ever", found.ever | {"mots": "xylographe"}


def _exports(found: Found) -> _Variants:
    yield "thirty days", {}
    yield "ever", found.ever
    yield "common word, thirty days", {"mots": COMMON_WORD}


def _figures(found: Found) -> _Variants:
    yield "thirty days", {}
    yield "a month", {"du": f"{found.today:%Y-%m}-01", "au": found.today.isoformat()}
    yield "a year", found.days(365)
    yield "ever", found.ever
    yield "a year, telephone", found.days(365) | {"canal": "phone"}
    yield "a year, one commune", found.days(365) | {"commune": "Touques"}
    yield "ever, theme and nature", found.ever | {"theme": "collecte", "nature": "information"}


def _requests(_found: Found) -> _Variants:
    yield "open", {}
    for state in ("assigned", "done", "tous"):
        yield state, {"etat": state}
    yield "appointments", {"quoi": "appointment", "etat": "tous"}


def _missed(found: Found) -> _Variants:
    yield "thirty days", {}
    yield "a year", found.days(365)


def _once(_found: Found) -> _Variants:
    yield "", {}


_QUERIES: Mapping[str, Callable[[Found], _Variants]] = {
    "/contacts": _lists,
    "/contacts/export.csv": _exports,
    "/contacts/export.xlsx": _exports,
    "/chiffres": _figures,
    "/chiffres/export.csv": _figures,
    "/chiffres/export.xlsx": _figures,
    "/demandes": _requests,
    "/progres": _missed,
}
_PLACES: Mapping[str, Callable[[Found], Sequence[str]]] = {
    "{contact}": lambda found: [found.contact],
    "{person}": lambda found: [found.person],
    "{record}": lambda found: found.records,
}
_NOT_FILLED = ("/demandes/{record}/message",)
"""What a seeded journal does not have: the sound of messages."""
_DOWNLOADS = ("/contacts/export.csv", "/contacts/export.xlsx", "/maintenant/suivi")


def addresses(routes: Iterable[web.RouteDef], found: Found) -> list[Asked]:
    """Return every address to ask for: each page of ``routes`` with sensible parameters.

    Raises:
        CannotAsk: a page has a parameter that nothing is known of, or nothing was found to put there.
    """
    asked: list[Asked] = []
    for route in routes:
        if route.method != "GET" or route.path in _NOT_FILLED:
            continue
        for place in re.findall(r"\{[^}]*\}", route.path) or [""]:
            if place and place not in _PLACES:
                raise CannotAsk(f"{route.path}: nothing is known of {place}; say in bench/pages.py what it may be")
            values = _PLACES[place](found) if place else [""]
            if not any(values) and place:
                raise CannotAsk(f"{route.path}: the journal has nothing to show there; fill it first")
            for value, (what, query) in _each(values, _QUERIES.get(route.path, _once)(found)):
                path = route.path.replace(place, value) if place else route.path
                address = f"{path}?{urlencode(query)}" if query else path
                asked.append(Asked(route.path, what, address, route.path in _DOWNLOADS))
    return asked


def _each(values: Sequence[str], variants: _Variants) -> list[tuple[str, tuple[str, Mapping[str, str]]]]:
    return [(value, variant) for variant in variants for value in values]


@asynccontextmanager
async def served(needs: Needs) -> AsyncIterator[str]:
    """Serve the site on a port of this machine; give its address."""
    app = build_site(lambda: Health(True))
    mount_pages(app, needs)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def routes_of(needs: Needs) -> list[web.RouteDef]:
    """Return the route table of the site."""
    return page_routes(Frame(needs))


class Visitor:
    """Somebody who asks for pages at ``url``, signed in."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    async def sign_in(self, login: str, password: str) -> None:
        """Fill in the form of signing in.

        Raises:
            CannotAsk: the site does not answer, or refuses.
        """
        try:
            async with self._http.get(self._url + SIGN_IN) as page:
                token = _FIELD.search(await page.text())
            form = {"csrf": token[1] if token else "", "login": login, "password": password, "vers": ""}
            async with self._http.post(self._url + SIGN_IN, data=form, allow_redirects=False) as answer:
                if answer.status != 303:
                    raise CannotAsk(f"{self._url} does not let {login} in (status {answer.status})")
        except aiohttp.ClientError as error:
            raise CannotAsk(f"{self._url} does not answer: {error}") from error

    async def read(self, address: str) -> str:
        """Return a page."""
        async with self._http.get(self._url + address) as page:
            return await page.text()

    async def look_around(self, today: date) -> Found:
        """Find a contact, a caller met often, and requests, in the links of the lists."""
        ever = urlencode(Found(today).ever)
        links = _LINK.findall(await self.read(f"/contacts?{ever}"))
        contacts = [link.rpartition("/")[2] for link in links if link.startswith("/contacts/")]
        people: list[str] = []
        for contact in contacts[:_TRIED_CONTACTS]:
            page = await self.read(f"/contacts/{contact}")
            people += [link.rpartition("/")[2] for link in _LINK.findall(page) if link.startswith("/personnes/")]
        requests = _LINK.findall(await self.read("/demandes?etat=tous"))
        records = [link.rpartition("/")[2] for link in requests if link.startswith("/demandes/")]
        person = max(people, key=people.count, default="")
        return Found(today, contacts[0] if contacts else "", person, records[:1])

    async def time(self, timed: Timed) -> None:
        """Ask once, and note how long it took.

        Raises:
            CannotAsk: the page is not served.
        """
        began = time.perf_counter()
        async with self._http.get(self._url + timed.asked.address, allow_redirects=False) as answer:
            first = await answer.content.readany()
            first_ms = (time.perf_counter() - began) * 1000
            if answer.status not in (200, 303):
                raise CannotAsk(f"{timed.asked.address}: status {answer.status}")
            if answer.content_type == "text/event-stream":
                answer.close()
                timed.times_ms.append(first_ms)
                return
            size = len(first)
            async for chunk in answer.content.iter_any():
                size += len(chunk)
        whole_ms = (time.perf_counter() - began) * 1000
        timed.times_ms.append(first_ms if timed.asked.download else whole_ms)
        timed.whole_ms.append(whole_ms)
        timed.largest = max(timed.largest, size)


async def time_pages(
    visitor: Visitor, asked: Sequence[Asked], rounds: int, seed: int, each: Callable[[], None] = lambda: None
) -> list[Timed]:
    """Ask for each address ``rounds`` times, in an order drawn by ``seed``; downloads a tenth as often."""
    chance = random.Random(seed)  # noqa: S311 -- an order, not a secret
    timed = [Timed(one) for one in asked]
    order = [one for one in timed for _ in range(max(1, rounds // 10) if one.asked.download else rounds)]
    chance.shuffle(order)
    for one in order:
        await visitor.time(one)
        each()
    return timed


@asynccontextmanager
async def watching_the_loop(held_ms: list[float], every_s: float = 0.005) -> AsyncIterator[None]:
    """Note by how many ms whatever else runs on this event loop was late, while the block runs."""

    async def watch() -> None:
        while True:
            due = time.perf_counter() + every_s
            await asyncio.sleep(every_s)
            held_ms.append(max(0.0, (time.perf_counter() - due) * 1000))

    watcher = asyncio.get_running_loop().create_task(watch(), name="watch-loop")
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
