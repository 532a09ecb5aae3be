"""The page by which whoever receives messages stops them: reached from the link in each, by anybody who has it.

Asking for the page stops nothing, since mail servers follow links on their own: a button does, or the one-click request
of a mail program (RFC 8058), which is a POST too.
"""

from collections.abc import Callable

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from voicebot.dialog.knowledge.identity import Identity
from voicebot.journal.archive import Archive
from voicebot.journal.errors import JournalAway
from voicebot.journal.people import People
from voicebot.web.circulars import STOP_PATH

_PURPOSE = "information"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def stop_routes(identity: Callable[[], Identity], archive: Archive) -> list[web.RouteDef]:
    """Return the routes of the page; none without the keys that its links are made with."""
    seal = archive.seal
    if seal is None:
        return []
    templates = Environment(
        loader=PackageLoader("voicebot.web", "public"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    people = People(archive.database, seal)

    def page(state: str, status: int = 200) -> web.Response:
        text = templates.get_template("arret.html").render(identity=identity(), state=state)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=_HEADERS)

    async def ask(request: web.Request) -> web.Response:
        person = seal.person_of_stop(request.match_info["token"])
        return page("unknown", 404) if person is None else page("ask")

    async def stop(request: web.Request) -> web.Response:
        person = seal.person_of_stop(request.match_info["token"])
        if person is None:
            return page("unknown", 404)
        try:
            await people.withdraw(person, _PURPOSE)
        except JournalAway:
            return page("away", 503)
        return page("done")

    return [web.get(STOP_PATH + "/{token}", ask), web.post(STOP_PATH + "/{token}", stop)]
