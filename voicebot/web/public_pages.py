"""The pages that anyone may read: what is done with their data and their rights, and how accessible the chat is.

They are true of the configuration in force: the periods shown are those that the purge applies.
"""

from collections.abc import Callable
from dataclasses import fields
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment, PackageLoader, StrictUndefined

from voicebot.dialog.knowledge.identity import Identity
from voicebot.journal.settings import Retention

PRIVACY_PATH = "/confidentialite"
ACCESSIBILITY_PATH = "/accessibilite"

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MONTH_DAYS = 30.4
_YEAR_DAYS = 365


def spans(periods: Retention) -> dict[str, str]:
    """Return how long each kind of data is kept, as people say it."""
    return {entry.name: _span(getattr(periods, entry.name)) for entry in fields(periods)}


def public_routes(identity: Callable[[], Identity], periods: Retention) -> list[web.RouteDef]:
    """Return the routes of the pages; ``identity`` is that of the profile in force."""
    templates = Environment(
        loader=PackageLoader("voicebot.web", "public"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = (files("voicebot.web") / "public" / "public.css").read_bytes()

    def page(name: str) -> Handler:
        async def serve(request: web.Request) -> web.Response:
            who = identity()
            facts = {
                fact: who.facts[fact].value if fact in who.facts else "" for fact in ("adresse", "email", "telephone")
            }
            text = templates.get_template(name).render(identity=who, facts=facts, kept=spans(periods))
            headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
            return web.Response(text=text, content_type="text/html", headers=headers)

        return serve

    async def serve_style(request: web.Request) -> web.Response:
        return web.Response(body=style, content_type="text/css", headers={"Cache-Control": "public, max-age=300"})

    return [
        web.get(PRIVACY_PATH, page("confidentialite.html")),
        web.get(ACCESSIBILITY_PATH, page("accessibilite.html")),
        web.get("/widget/public.css", serve_style),
    ]


def _span(days: int) -> str:
    """Return a number of days as people say it."""
    if days == 0:
        return "Effacé chaque jour"
    if days % _YEAR_DAYS == 0:
        years = days // _YEAR_DAYS
        return f"{years} an{'s' if years > 1 else ''}"
    months = round(days / _MONTH_DAYS)
    return f"{months} mois" if months else f"{days} jours"
