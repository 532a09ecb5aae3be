"""Every page of the whole site, found in its table of routes, on a site where a hostile caller has been everywhere."""

import re
from collections.abc import Iterator

from aiohttp import web

from tests.journal.samples import AT, CALLER
from tests.web.test_site_work import one_call
from tests.web.whole_site import Whole
from voicebot.journal.events import ContactEnded, Surveyed
from voicebot.journal.people import Consent, People

HOSTILE = "<script>alert(1)</script><img src=x onerror=\"document.title='lost'\">'; DROP TABLE turns;--"
FORMULA = '=HYPERLINK("http://mal.example";"cliquez")'
WORDS = f"{FORMULA} {HOSTILE}"
"""What a hostile caller says: HTML, SQL, and a formula for whoever opens an export."""

FOR_PROGRAMS = ("/api/", "/metrics", "/widget/", "/pages/", "/health", "/ready")
"""What is not read by people: JSON, scripts, styles."""


def routes(app: web.Application) -> Iterator[tuple[str, str]]:
    """Yield the method and the address of every route, applications within it included."""
    for route in app.router.routes():
        if route.resource is not None and route.method in ("GET", "POST", "PUT"):
            yield route.method, route.resource.canonical


def examples(site: Whole) -> dict[str, str]:
    """Return what stands in an address for each of its variables, on a site that was ``attacked``."""
    seal = site.journal.seal
    return {
        "contact": "c1",
        "record": "c1:2",
        "request": "c1:2",
        "person": seal.pseudonym(CALLER) or "",
        "token": seal.stop_token(seal.pseudonym(CALLER) or ""),
    }


def filled(path: str, known: dict[str, str]) -> str:
    """Return the address of a route with its variables replaced; those that are not known by 1."""
    return re.sub(r"{(\w+)[^{}]*(?:{[^{}]*})?[^{}]*}", lambda found: known.get(found[1], "1"), path)


async def attacked(site: Whole) -> None:
    """Have a hostile caller leave their words wherever words can be left; the administrator is signed in."""
    await one_call(site, WORDS, "c1", b"RIFF", intent="bac.demande", entities={"commune": WORDS}, said=WORDS)
    await one_call(site, WORDS, "c2", intent=None, understood=False)
    site.journal.survey(Surveyed("c2", 8, AT, "commentaire", None, WORDS))
    site.journal.contact_ended(ContactEnded("c2", AT, 10.0, "answered"))
    room = (await (await site.client.post("/api/chat/sessions")).json())["session"]
    await site.client.post(f"/api/chat/sessions/{room}/messages", json={"text": WORDS})
    people = People(site.journal.database, site.journal.seal)
    consent = Consent("information", "email", AT, WORDS, "Touques", WORDS)
    await people.consent(site.journal.seal.pseudonym(CALLER) or "", consent, "marie@example.org")
    await site.sign_in("paul")
    desk = {"channel": "desk", "intent": "collecte.jours", "note": WORDS, "answer": WORDS, "ticket": "oui"}
    await site.send("/contacts-saisie", "/contacts-saisie", 303, **desk)
    await site.send("/demandes/c1:2", "/demandes/c1:2/commentaire", 303, text=WORDS)
    await site.send("/messages", "/messages", 303, text=WORDS, first="2026-11-24", last="2026-11-25")
    await site.send("/progres", "/progres", 303, kind="example", target="collecte.jours", text=WORDS)
    await site.send("/progres", "/progres", 303, kind="answer", target="service.contact", text=WORDS)
    subject = {"name": WORDS[:80], "text": f"{WORDS}\nun\ndeux", "answer": WORDS}
    await site.send("/progres", "/progres", 303, kind="subject", **subject)
    await site.journal.settled()


async def pages(site: Whole) -> list[str]:
    """Return the addresses of every page, as whoever is signed in sees it; one known by its variables must be there."""
    known, found = examples(site), []
    for method, path in routes(site.app):
        if method != "GET" or path == "/" or path.startswith(FOR_PROGRAMS):
            continue
        address = filled(path, known)
        answer = await site.client.get(address, allow_redirects=False)
        expected = set(re.findall(r"{(\w+)", path)) <= set(known)
        assert answer.status == 200 or not expected, (path, address, answer.status)
        if answer.content_type == "text/html":
            found.append(address)
        answer.close()
    return found
