"""The page of users, for administrators; and one's own password."""

from collections.abc import Awaitable

from aiohttp import web

from voicebot.journal.accounts import AccountRefused, Role
from voicebot.web.site_frame import SIGN_IN, Away, Frame, May, Visit, Wrong

PATH = "/utilisateurs"


def user_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of users."""
    return [
        web.get(PATH, frame.guarded(May.USERS, _list)),
        web.post(PATH, frame.guarded(May.USERS, _add)),
        web.post(PATH + "/{login}/acces", frame.guarded(May.USERS, _set_active)),
        web.post(PATH + "/{login}/mot-de-passe", frame.guarded(May.USERS, _set_password)),
        web.get("/mot-de-passe", frame.guarded(None, _own)),
        web.post("/mot-de-passe", frame.guarded(None, _change_own)),
    ]


async def _list(visit: Visit) -> web.StreamResponse:
    return visit.page("utilisateurs.html", users=await visit.needs.accounts.all(), roles=list(Role))


async def _add(visit: Visit) -> web.StreamResponse:
    try:
        role = Role(visit.field("role"))
    except ValueError as error:
        raise Wrong("Choisissez un rôle.") from error
    with_password = visit.form.get("password", "")
    await _try(
        visit.needs.accounts.add(
            visit.field("login"), visit.field("name"), role, with_password, visit.needs.clock.now(), visit.user.login
        )
    )
    raise Away(PATH)


async def _set_active(visit: Visit) -> web.StreamResponse:
    login, active = visit.request.match_info["login"], visit.field("active") == "oui"
    await _try(visit.needs.accounts.set_active(login, active, visit.needs.clock.now(), visit.user.login))
    raise Away(PATH)


async def _set_password(visit: Visit) -> web.StreamResponse:
    login, password = visit.request.match_info["login"], visit.form.get("password", "")
    await _try(visit.needs.accounts.set_password(login, password, visit.needs.clock.now(), visit.user.login))
    raise Away(PATH)


async def _own(visit: Visit) -> web.StreamResponse:
    return visit.page("mot_de_passe.html")


async def _change_own(visit: Visit) -> web.StreamResponse:
    accounts, at, login = visit.needs.accounts, visit.needs.clock.now(), visit.user.login
    if await accounts.sign_in(login, visit.form.get("old", ""), at) is None:
        raise Wrong("Le mot de passe actuel n’est pas celui-là.")
    if visit.form.get("password", "") != visit.form.get("again", ""):
        raise Wrong("Les deux nouveaux mots de passe sont différents.")
    await _try(accounts.set_password(login, visit.form.get("password", ""), at, login))
    raise Away(SIGN_IN)


async def _try(work: Awaitable[object]) -> None:
    try:
        await work
    except AccountRefused as error:
        raise Wrong(str(error)) from error
