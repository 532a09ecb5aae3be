"""The HTTP side: the site that pages, chat and programs' interface are put on, and whether the service is well.

``/health`` answers as long as the process lives; ``/ready`` only when it can take calls, so that a load balancer can
tell the two apart. Neither says anything of callers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from voicebot.web.settings import WebSettings


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the service: ``ready`` to take calls, and each part's state in a few words.

    ``details`` says more of some parts, for those who are signed in: a mistake in a profile may quote what is written.
    """

    ready: bool
    parts: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)


HEALTH: web.AppKey[Callable[[], Health]] = web.AppKey("health")


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "ready": request.app[HEALTH]().ready})


async def _ready(request: web.Request) -> web.Response:
    health = request.app[HEALTH]()
    return web.json_response({"ready": health.ready, "parts": health.parts}, status=200 if health.ready else 503)


def build_site(health: Callable[[], Health]) -> web.Application:
    """Return the site; ``health`` is asked at each request."""
    site = web.Application()
    site[HEALTH] = health
    site.add_routes([web.get("/health", _health), web.get("/ready", _ready)])
    return site


async def start_site(site: web.Application, settings: WebSettings) -> web.AppRunner:
    """Start serving; ``AppRunner.cleanup`` stops.

    Raises:
        OSError: the address is taken or not ours.
    """
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner
