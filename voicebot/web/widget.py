"""The chat window served as one script, and the page that shows it alone when the configuration asks for it.

The script carries its own style: a page that embeds it needs to allow one script and one address to connect to.
"""

import hashlib
import json
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler

SCRIPT_PATH = "/widget/sophie.js"
DEMO_PATH = "/demo"

_STYLE_MARK = '"/* style */"'
_DEMO_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)


def widget_routes(demo: bool) -> list[web.RouteDef]:
    """Return the routes of the window; with its page when ``demo``."""
    script = widget_script().encode()
    tag = hashlib.sha256(script).hexdigest()[:32]
    routes = [web.get(SCRIPT_PATH, _served(script, "text/javascript", tag))]
    if demo:
        routes += [
            web.get(DEMO_PATH, _served(_read("demo.html").encode(), "text/html")),
            web.get("/widget/demo.css", _served(_read("demo.css").encode(), "text/css")),
        ]
    return routes


def widget_script() -> str:
    """Return the script with its style in it."""
    script, style = _read("sophie.js"), _read("sophie.css")
    if script.count(_STYLE_MARK) != 1:
        raise RuntimeError(f"sophie.js must hold {_STYLE_MARK} once")
    return script.replace(_STYLE_MARK, json.dumps(style, ensure_ascii=True))


def _read(name: str) -> str:
    return (files("voicebot.web") / "widget" / name).read_text(encoding="utf-8")


def _served(body: bytes, content_type: str, tag: str = "") -> Handler:
    async def serve(request: web.Request) -> web.Response:
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=300"}
        if content_type == "text/html":
            headers["Content-Security-Policy"] = _DEMO_POLICY
        else:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response = web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)
        if tag:
            response.etag = tag
            if any(known.value in (tag, "*") for known in request.if_none_match or ()):
                return web.Response(status=304, headers=headers | {"ETag": f'"{tag}"'})
        return response

    return serve
