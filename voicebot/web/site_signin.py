"""Signing in and out. Attempts are bounded by address and by account; each refusal is kept.

The form carries a token that its page also put in a cookie: another site can read neither.
"""

import secrets

from aiohttp import web

from voicebot.web.rates import RateLimit, client_address
from voicebot.web.site_frame import COOKIE, SIGN_IN, Away, Frame, Visit, home, read_form, same_token, set_cookie

_FORM_COOKIE = "voicebot_connexion"
_WRONG = "Identifiant ou mot de passe inconnu."
_EXPIRED = "Cette page était ouverte depuis trop longtemps. Recommencez."
_TOO_MANY = "Trop d’essais. Attendez une minute avant de recommencer."


def sign_in_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of signing in and out, and of the first page."""
    pages = _SignIn(frame)
    return [
        web.get(SIGN_IN, frame.public(pages.form)),
        web.post(SIGN_IN, frame.public(pages.enter)),
        web.post("/deconnexion", frame.guarded(None, _leave)),
        web.get("/", frame.guarded(None, _first)),
    ]


class _SignIn:
    def __init__(self, frame: Frame) -> None:
        monotonic = frame.needs.clock.monotonic
        self._frame = frame
        self._by_address = RateLimit(10.0, 15.0, monotonic)
        self._by_account = RateLimit(5.0, 10.0, monotonic)

    async def form(self, request: web.Request) -> web.StreamResponse:
        return self._show(_inside(request.query.get("vers", "")))

    async def enter(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        needs, towards = self._frame.needs, _inside(form.get("vers", ""))
        login, token = form.get("login", "").strip()[:40], request.cookies.get(_FORM_COOKIE, "")
        if not token or not same_token(token, form.get("csrf", "")):
            return self._show(towards, _EXPIRED, login, 403)
        address = client_address(request, needs.proxies)
        if self._by_address.wait_s(address) or self._by_account.wait_s(login.lower()):
            return self._show(towards, _TOO_MANY, login, 429)
        at = needs.clock.now()
        entered = await needs.accounts.sign_in(login, form.get("password", ""), at)
        if entered is None:
            await needs.accounts.refused(login, address, at)
            return self._show(towards, _WRONG, login, 403)
        browser, session = entered
        response = web.Response(status=303, headers={"Location": towards or home(session.user)})
        set_cookie(response, COOKIE, browser, needs.secure)
        response.del_cookie(_FORM_COOKIE, path="/")
        return response

    def _show(self, towards: str, trouble: str = "", login: str = "", status: int = 200) -> web.Response:
        token = secrets.token_urlsafe(24)
        text = self._frame.render("connexion.html", trouble=trouble, login=login, towards=towards, csrf=token)
        response = web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
        set_cookie(response, _FORM_COOKIE, token, self._frame.needs.secure)
        return response


async def _leave(visit: Visit) -> web.StreamResponse:
    await visit.needs.accounts.sign_out(visit.session, visit.needs.clock.now())
    response = web.Response(status=303, headers={"Location": SIGN_IN})
    response.del_cookie(COOKIE, path="/")
    return response


async def _first(visit: Visit) -> web.StreamResponse:
    raise Away(home(visit.user))


def _inside(address: str) -> str:
    """Return an address of ours to go on to; nothing for one that leads elsewhere."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if plain and address.isprintable() and "\\" not in address else ""
