"""The calls in progress, followed live by server-sent events; the state of the service and of its advisers."""

import asyncio
import json
from typing import Any

from aiohttp import web

from voicebot.web.site_contacts import subject_names
from voicebot.web.site_frame import COOKIE, Frame, May, Visit

PATH = "/maintenant"
_BEAT_S = 5.0


def now_routes(frame: Frame) -> list[web.RouteDef]:
    """Return the routes of what goes on now."""
    following: set[asyncio.Task[Any]] = set()
    frame.needs.state["following"] = following
    return [
        web.get(PATH, frame.guarded(May.CALLS, _page)),
        web.get(PATH + "/suivi", frame.guarded(May.CALLS, _follow)),
    ]


async def stop_following(frame: Frame) -> None:
    """End the live pages, so that the service does not wait for them to stop."""
    for task in tuple(frame.needs.state.get("following", ())):
        task.cancel()


async def _page(visit: Visit) -> web.StreamResponse:
    return visit.page("maintenant.html", **_values(visit))


def _values(visit: Visit) -> dict[str, Any]:
    service = visit.needs.service
    return {
        "calls": visit.needs.live.all(),
        "parts": service.health(),
        "advisers": service.advisers(),
        "waiting": 0 if service.journal is None else service.journal.state.waiting,
        "subjects": subject_names(visit),
    }


async def _follow(visit: Visit) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(visit.request)
    task = asyncio.current_task()
    following: set[Any] = visit.needs.state["following"]
    following.add(task)
    live, seen, shown = visit.needs.live, -1, ""
    try:
        while await _still_in(visit):
            seen = live.version if seen < 0 else await live.changed(seen, _BEAT_S)
            fragment = visit.fragment("appels_en_cours.html", **_values(visit))
            # the journal, the advisers and the service change without a word of any call
            told = f"event: calls\ndata: {json.dumps(fragment)}\n\n" if fragment != shown else ": beat\n\n"
            await response.write(told.encode())
            shown = fragment
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        following.discard(task)
    return response


async def _still_in(visit: Visit) -> bool:
    """Return whether the visitor is still signed in: a disabled account sees nothing more."""
    token, needs = visit.request.cookies.get(COOKIE, ""), visit.needs
    return await needs.accounts.find(token, needs.clock.now()) is not None
