"""The supervisors' pages, put on the site: every family of pages, and what they are dressed with."""

import hashlib
from collections.abc import Callable
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler

from voicebot.web.site_contacts import contact_routes
from voicebot.web.site_exports import export_routes
from voicebot.web.site_figures import figure_routes
from voicebot.web.site_frame import Frame, Needs
from voicebot.web.site_improve import improve_routes
from voicebot.web.site_notices import notice_routes
from voicebot.web.site_now import now_routes, stop_following
from voicebot.web.site_requests import request_routes
from voicebot.web.site_sending import sending_routes
from voicebot.web.site_signin import sign_in_routes
from voicebot.web.site_users import user_routes

_FAMILIES: tuple[Callable[[Frame], list[web.RouteDef]], ...] = (
    sign_in_routes,
    user_routes,
    export_routes,
    contact_routes,
    now_routes,
    figure_routes,
    request_routes,
    notice_routes,
    improve_routes,
    sending_routes,
)
_STATIC = {"site.css": "text/css", "live.js": "text/javascript"}


def page_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of every page."""
    return [route for family in _FAMILIES for route in family(frame)]


def mount_pages(site: web.Application, needs: Needs) -> Frame:
    """Add the pages to ``site``; return the frame they share."""
    frame = Frame(needs)
    site.add_routes(page_routes(frame))
    site.add_routes([web.get(f"/pages/{name}", _served(name, kind)) for name, kind in _STATIC.items()])

    async def stop(app: web.Application) -> None:
        await stop_following(frame)

    site.on_shutdown.append(stop)
    return frame


def _served(name: str, kind: str) -> Handler:
    body = files("voicebot.web").joinpath("pages", "static", name).read_bytes()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

    async def serve(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

    return serve
