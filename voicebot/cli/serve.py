"""``voicebot serve``: the service, until SIGTERM."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from voicebot.cli.failures import WorkFailed
from voicebot.cli.options import CONFIG, ConfigOption, console, expected_errors, run, serve_logs

if TYPE_CHECKING:
    from aiohttp import web

    from voicebot.app import Service
    from voicebot.clock import Clock
    from voicebot.config import Settings
    from voicebot.journal.journal import Journal
    from voicebot.profile import Profile
    from voicebot.reloading import Version
    from voicebot.switchboard import Switchboard
    from voicebot.web.site import Health

EXPECTED_ERRORS = expected_errors()

log = logging.getLogger(__name__)

RESTART_ME = 75
"""Exit status (EX_TEMPFAIL of sysexits) on which systemd or the container starts the service again."""

_AFTER_DRAIN_S = 2.0
_DAY_S = 86_400.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(config: ConfigOption = CONFIG) -> None:
    """Answer SIP calls and serve the web pages until SIGTERM or Ctrl-C, then drain."""
    worn_out = run(_serve(config))
    if worn_out:
        log.error("the SIP engine has lost too many calls: this process must be replaced")
        _leave(RESTART_ME)


def _leave(status: int) -> NoReturn:
    """End the process without taking the interpreter down: an engine that has lost calls still has threads in it.

    They crashed one process in twenty on its way out, with a core dump and another status.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


async def _serve(config: Path) -> bool:
    from voicebot.app import open_service, spare_real_time
    from voicebot.calls.live import LiveCalls
    from voicebot.cli.serve_delivery import open_delivery
    from voicebot.cli.serve_follow import Followers, open_calendars
    from voicebot.cli.serve_pages import write_by_itself
    from voicebot.cli.serve_site import Shown, build_whole_site
    from voicebot.clock import WallClock
    from voicebot.config import load_settings
    from voicebot.load import Load, Pressure
    from voicebot.switchboard import Switchboard
    from voicebot.telephony.engines import load_line
    from voicebot.web.metrics import Metrics

    settings = load_settings(config)
    serve_logs(settings.log)
    screen = console()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        clock = WallClock()
        load = Load(clock.monotonic, settings.load)
        service = await open_service(settings, stack, _profiles(settings), load)
        journal = await _open_shared(settings, service, clock, stack)
        outbox, courier = await open_delivery(settings, service, journal, clock, stack)
        line = load_line(settings.sip, clock, lambda: load.at_least(Pressure.REFUSING))
        metrics, live = Metrics(), LiveCalls()
        calendars = open_calendars(settings, service, journal, outbox, clock)
        stack.push_async_callback(calendars.finish)
        followers = Followers(journal, metrics, calendars, live, clock)
        board = Switchboard(
            service,
            line,
            clock,
            lambda called: _profile_of(settings, called),
            lambda leg: followers.of("phone"),
        )
        spare_real_time()
        service.shelf.on_change(lambda _: spare_real_time())
        await line.start()
        stack.push_async_callback(line.stop)
        health = _health(service, board, stop)
        shown = Shown(settings, service, journal, outbox, clock, live)
        site = build_whole_site(shown, followers, metrics, health, lambda: _gauges(board, stop))
        await _start_pages(site, settings, stack)
        loop.add_signal_handler(signal.SIGHUP, service.shelf.hint)
        watching = loop.create_task(service.shelf.watch(), name="watch-profiles")
        rendering = loop.create_task(_render_ahead(service), name="render-ahead")
        purging = loop.create_task(_purge_daily(settings, clock), name="purge")
        writing = loop.create_task(write_by_itself(settings, service, journal, clock, outbox), name="write-by-itself")
        delivering = loop.create_task(courier.run(), name="courier")
        answering = loop.create_task(board.run(), name="switchboard")
        for address in line.addresses:
            screen.print(f"Dial   {address}")
        screen.print(f"Pages  http://{settings.web.host}:{settings.web.port}/")
        screen.print("Ready. Stop with Ctrl-C or SIGTERM: calls in progress are finished first.")
        loop.add_signal_handler(signal.SIGUSR1, _tell_state, board)
        stopping = loop.create_task(stop.wait(), name="stop")
        await asyncio.wait({stopping, answering}, return_when=asyncio.FIRST_COMPLETED)
        screen.print(f"Draining: {board.live} calls in progress.")
        await line.drain()
        await board.finish(_AFTER_DRAIN_S)
        tasks = (stopping, answering, watching, rendering, purging, writing, delivering)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return line.worn_out


def _gauges(board: "Switchboard", stop: asyncio.Event) -> dict[str, float]:
    """What the page of measures asks of calls."""
    load = board.load
    told: dict[str, float] = {
        "load_step": load.pressure,
        "load_waiting": load.waiting,
        "load_wait_seconds": load.wait_s,
    }
    return told | {"calls_live": board.live, "ready": not stop.is_set()}


def _tell_state(board: "Switchboard") -> None:
    """Log what the process holds, for whoever looks for a leak: calls, tasks by name, memory in use."""
    from voicebot.heap import heap_use

    names = [task.get_name() for task in asyncio.all_tasks()]
    tasks = Counter("unnamed" if name.startswith("Task-") else name for name in names)
    log.info("state %s", json.dumps({"calls": board.live, "tasks": dict(tasks), "heap": asdict(heap_use())}))


async def _open_shared(settings: "Settings", service: "Service", clock: "Clock", stack: AsyncExitStack) -> "Journal":
    """Open what all calls share and the journal keeps; return the journal, which ``stack`` closes."""
    from voicebot.app import REQUESTS
    from voicebot.calls.desk import Desk
    from voicebot.calls.requests import Requests, load_request_words
    from voicebot.cli.serve_messages import take_messages
    from voicebot.journal.opening import open_journal

    words = load_request_words(settings.paths.prompts / REQUESTS)
    journal = await open_journal(settings.journal)
    stack.push_async_callback(journal.close)
    service.requests = Requests(journal, words, clock.now)
    service.desk = Desk(clock.monotonic)
    take_messages(service, journal, clock, stack)
    return journal


async def _purge_daily(settings: "Settings", clock: "Clock") -> None:
    """Apply the retention periods at start, then every day."""
    from voicebot.journal.errors import JournalError
    from voicebot.journal.opening import open_archive, purge_journal

    while True:
        try:
            async with open_archive(settings.journal) as archive:
                log.info("retention applied: %s", await purge_journal(archive, settings.journal, clock.now()))
        except JournalError as error:
            log.error("retention could not be applied: %s", error)
        await asyncio.sleep(_DAY_S)


def _profiles(settings: "Settings") -> tuple[str, ...]:
    """Return the profiles that answer, each once."""
    return tuple(dict.fromkeys(line.profile or settings.call.profile for line in settings.sip.lines))


def _profile_of(settings: "Settings", called: str) -> str:
    line = settings.sip.line_of(called)
    return (line.profile if line is not None else "") or settings.call.profile


def _health(service: "Service", board: "Switchboard", stop: asyncio.Event) -> "Callable[[], Health]":
    from voicebot.web.site import Health

    def health() -> Health:
        parts = {
            "reconnaissance": service.recognizer.name,
            "voix": service.voice.name,
            "appels en cours": str(board.live),
        }
        details = {}
        for name, version in service.shelf.versions.items():
            parts[f"contenu {name}"] = _state(version)
            if version.refused:
                details[f"à corriger dans {name}"] = " ; ".join(version.refused)
        return Health(not stop.is_set(), parts, details)

    return health


async def _start_pages(site: "web.Application", settings: "Settings", stack: AsyncExitStack) -> None:
    from voicebot.web.site import start_site

    try:
        runner = await start_site(site, settings.web)
    except OSError as error:
        raise WorkFailed(
            f"cannot listen on {settings.web.host}:{settings.web.port} ({error.strerror}); "
            "free the port or choose another in [web]"
        ) from error
    stack.push_async_callback(runner.cleanup)


def _state(version: "Version") -> str:
    """Say which version of a profile answers, and whether its last edit does not; never what is written in it."""
    state = f"version {version.number} en service"
    return f"{state} ; dernière modification refusée ({len(version.refused)} à corriger)" if version.refused else state


async def _render_ahead(service: "Service") -> None:
    """Render the likeliest sentences while nobody waits, so that they are answered at once later.

    Those of the profiles in force first, then those of every new version.
    """
    from voicebot.app import message_texts, prompt_texts
    from voicebot.audio.frames import LINE_HZ
    from voicebot.tts.base import Manner, SynthesisError
    from voicebot.tts.cache import CachedVoice

    voice = service.voice
    if not isinstance(voice, CachedVoice):
        return
    waiting: asyncio.Queue[Profile] = asyncio.Queue()
    service.shelf.on_change(waiting.put_nowait)
    for version in service.shelf.versions.values():
        waiting.put_nowait(version.profile)

    async def render(profile: "Profile") -> None:
        manner = Manner(speed=profile.knowledge.identity.voice.speed)
        try:
            said = message_texts(service.settings, service.message_words)
            texts = await asyncio.to_thread(prompt_texts, profile, service.sentences, service.closing, said)
            # an answer that can begin at once gives the time to make the rest of it
            await voice.render(texts, LINE_HZ, manner, first_only=True)
            await voice.render(texts, LINE_HZ, manner)
        except SynthesisError as error:
            log.warning("prompts are not all rendered: %s", error)

    while True:
        # a task of its own, so that whoever measures sees that it is at work
        await asyncio.create_task(render(await waiting.get()), name="rendering")
