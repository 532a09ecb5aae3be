"""Which pages of other sites may call us from a browser (CORS), and what they are told.

A request without ``Origin`` comes from no page: it is a program's, and passes. Cookies are never allowed across.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from voicebot.web.problems import Refusal

_A_DAY_S = "86400"


def is_allowed(request: web.Request, origins: Collection[str]) -> bool:
    """Return whether the page that sent ``request``, if any, is one of ours or of ``origins``."""
    origin = request.headers.get("Origin")
    if origin is None or "*" in origins or origin in origins:
        return True
    return urlsplit(origin).netloc == request.host


def cross_origin(origins: Collection[str]) -> Middleware:
    """Return a middleware that answers preflights, refuses other origins, and shows problems as documents."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not is_allowed(request, origins):
                raise Refusal(403, "origin_not_allowed", "This site may not embed the chat.")
            if request.method == "OPTIONS":
                response: web.StreamResponse = web.Response(status=204)
            else:
                response = await handler(request)
        except Refusal as refusal:
            response = refusal.response()
        except web.HTTPException as error:
            if error.status < 400:
                raise
            response = Refusal(error.status, "not_found" if error.status == 404 else "refused", error.reason).response()
        if not response.prepared:
            _allow(request, response, origins)
        return response

    return middleware


def _allow(request: web.Request, response: web.StreamResponse, origins: Collection[str]) -> None:
    response.headers["Vary"] = "Origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    origin = request.headers.get("Origin")
    if origin is None or not is_allowed(request, origins):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Max-Age"] = _A_DAY_S
