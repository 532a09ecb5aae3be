"""Tickets, callbacks, appointments and messages: the list, one of them, what is done about it."""

from datetime import date
from urllib.parse import urlencode

from aiohttp import web

from voicebot.clock import PARIS
from voicebot.journal.accounts import Role
from voicebot.journal.archive import RequestStatus
from voicebot.journal.desk import Desk
from voicebot.journal.listing import Asked, BadCursor, Listing
from voicebot.journal.seal import mask, masked
from voicebot.journal.voicemail import Voicemail
from voicebot.web.listening import listen
from voicebot.web.site_frame import Away, Frame, May, Visit, Wrong

PATH = "/demandes"

_PAGE = 50
_LONGEST_COMMENT = 4000
_STATES: dict[str, RequestStatus] = {"traiter": "done", "annuler": "cancelled", "rouvrir": "open"}


def request_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of requests."""
    one = PATH + "/{record}"
    return [
        web.get(PATH, frame.guarded(May.CALLS, _list)),
        web.get(one, frame.guarded(May.CALLS, _one)),
        web.get(one + "/message", frame.guarded(May.CALLS, listen)),
        web.post(one + "/suivi", frame.guarded(May.CALLS, _assign)),
        web.post(one + "/commentaire", frame.guarded(May.CALLS, _comment)),
        web.post(one + "/etat", frame.guarded(May.CALLS, _set_state)),
        web.post(one + "/coordonnees", frame.guarded(May.REVEAL, _reveal)),
    ]


async def _list(visit: Visit) -> web.StreamResponse:
    listing, desk = Listing(visit.needs.archive.database), Desk(visit.needs.archive.database)
    state = visit.query("etat") or ("open" if not visit.query("quoi") else "")
    where = {"state": state, "type": visit.query("quoi")}
    asked = Asked(where={name: value for name, value in where.items() if value and value != "tous"})
    try:
        page = await listing.records(Asked(where=asked.where, cursor=visit.query("suite"), limit=_PAGE))
    except BadCursor as error:
        raise Wrong("Cette adresse n’est pas complète. Revenez au début de la liste.") from error
    kept = {"etat": state, "quoi": visit.query("quoi"), "suite": page.cursor}
    today = visit.needs.clock.now().astimezone(PARIS).date()
    await visit.know_people()
    return visit.page(
        "demandes.html",
        rows=page.rows,
        following=f"{PATH}?{urlencode(kept)}" if page.cursor else "",
        counts=await desk.counts(),
        due=await desk.due(today),
        state=state,
        today=today.isoformat(),
    )


async def _one(visit: Visit, revealed: dict[str, str] | None = None) -> web.StreamResponse:
    database = visit.needs.archive.database
    record = await Listing(database).record(visit.request.match_info["record"])
    if record is None:
        raise web.HTTPNotFound
    users = [user for user in await visit.needs.accounts.all() if user.active and user.role is not Role.ELECTED]
    left = await visit.needs.archive.coordinates(record["id"])
    voice = await Voicemail(database, visit.needs.archive.seal).of(record["id"])
    return visit.page(
        "demande.html",
        record=record,
        comments=await Desk(database).comments(record["id"]),
        people=users,
        coordinates=revealed or {name: mask(name, value) for name, value in left.items()},
        revealed=revealed is not None,
        voice=voice,
        transcript="" if voice is None else voice.transcript if revealed is not None else masked(voice.transcript),
        today=visit.needs.clock.now().astimezone(PARIS).date().isoformat(),
    )


async def _reveal(visit: Visit) -> web.StreamResponse:
    record = await _record(visit)
    await visit.keep("reveal_coordinates", record)
    return await _one(visit, await visit.needs.archive.coordinates(record))


async def _assign(visit: Visit) -> web.StreamResponse:
    record, wanted = await _record(visit), visit.field("due")
    assignee = visit.field("assignee") or None
    if assignee is not None and assignee not in {user.login for user in await visit.needs.accounts.all()}:
        raise Wrong("Cette personne n’a pas de compte.")
    try:
        due = date.fromisoformat(wanted) if wanted else None
    except ValueError as error:
        raise Wrong("L’échéance n’est pas une date.") from error
    desk, at = Desk(visit.needs.archive.database), visit.needs.clock.now()
    await desk.assign(record, assignee, due, visit.user.login, at)
    raise Away(f"{PATH}/{record}")


async def _comment(visit: Visit) -> web.StreamResponse:
    record, text = await _record(visit), visit.field("text", _LONGEST_COMMENT)
    if not text:
        raise Wrong("Le commentaire est vide.")
    desk = Desk(visit.needs.archive.database)
    await desk.comment(record, text, visit.user.login, visit.needs.clock.now())
    raise Away(f"{PATH}/{record}")


async def _set_state(visit: Visit) -> web.StreamResponse:
    record, state = await _record(visit), _STATES.get(visit.field("faire"))
    if state is None:
        raise Wrong("Choisissez ce qu’il faut faire de la demande.")
    desk = Desk(visit.needs.archive.database)
    await desk.set_state(record, state, visit.user.login, visit.needs.clock.now())
    raise Away(f"{PATH}/{record}")


async def _record(visit: Visit) -> str:
    found = await Listing(visit.needs.archive.database).record(visit.request.match_info["record"])
    if found is None:
        raise web.HTTPNotFound
    return str(found["id"])
