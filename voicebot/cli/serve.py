"""``voicebot serve``: the service, until SIGTERM."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from voicebot.cli.demo import EXAMPLES
from voicebot.cli.failures import WorkFailed
from voicebot.cli.options import CONFIG, ConfigOption, console, expected_errors, run
from voicebot.cli.shown import show_call

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    config: ConfigOption = CONFIG,
    example: Annotated[
        Path | None, typer.Option("--example", metavar="FILE", help="A script to replay once at start.")
    ] = None,
) -> None:
    """Serve the web pages until SIGTERM or Ctrl-C, after replaying an example call."""
    run(_serve(config, example))


async def _serve(config: Path, example: Path | None) -> None:
    from voicebot.app import open_caller_voice, open_service
    from voicebot.config import load_settings
    from voicebot.rehearsal import play, rehearse
    from voicebot.web.site import Health, build_site, start_site

    settings = load_settings(config)
    screen = console()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        service = await open_service(settings, stack)
        health = Health(True, {"recognition": service.recognizer.name, "voice": service.voice.name})
        try:
            runner = await start_site(build_site(lambda: health), settings.web)
        except OSError as error:
            raise WorkFailed(
                f"cannot listen on {settings.web.host}:{settings.web.port} ({error.strerror}); "
                "free the port or choose another in [web]"
            ) from error
        stack.push_async_callback(runner.cleanup)
        screen.print(f"Serving http://{settings.web.host}:{settings.web.port}/ (health: /health)")
        script = example or next(iter(sorted(EXAMPLES.glob("*.toml"))), None)
        if script is not None:
            caller = open_caller_voice("", settings, stack)
            call, _leg = await play(service, await rehearse(script, caller))
            show_call(screen, script.name, call.to_json())
        screen.print("Ready. Stop with Ctrl-C.")
        await stop.wait()
        screen.print("Stopping.")
