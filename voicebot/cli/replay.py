"""``voicebot replay``: a whole call without a telephone."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from voicebot.cli.failures import WorkFailed
from voicebot.cli.options import (
    CONFIG,
    AtOption,
    CallerVoiceOption,
    ConfigOption,
    JsonOption,
    ProfileOption,
    console,
    expected_errors,
    moment,
    print_json,
    run,
)
from voicebot.cli.shown import show_call

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(replay)


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A caller's WAV, or a script (.json, .toml).")],
    record: Annotated[
        Path | None, typer.Option("--record", metavar="OUT.wav", help="Both sides: caller left, assistant right.")
    ] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the pace of a real call, with delays.")] = False,
    caller_voice: CallerVoiceOption = "",
    config: ConfigOption = CONFIG,
    profile: ProfileOption = "",
    at: AtOption = "",
    as_json: JsonOption = False,
) -> None:
    """Hold a whole call offline with a recorded or scripted caller, and show what happened."""
    call = run(_replay(file, record, realtime, caller_voice, config, profile, at))
    if as_json:
        print_json(call)
    else:
        show_call(console(), str(file), call)


async def _replay(
    file: Path, record: Path | None, realtime: bool, caller_voice: str, config: Path, profile: str, at: str
) -> dict[str, Any]:
    from voicebot.app import open_caller_voice, open_service
    from voicebot.config import load_settings
    from voicebot.rehearsal import play, rehearse

    settings = load_settings(config)
    async with AsyncExitStack() as stack:
        rehearsal = await rehearse(file, open_caller_voice(caller_voice, settings, stack))
        service = await open_service(settings, stack, [profile] if profile else ())
        call, _leg = await play(service, rehearsal, profile=profile, at=moment(at), realtime=realtime, record_to=record)
    if call.failed:
        raise WorkFailed(f"{file}: the call failed; run again with VOICEBOT_LOG=DEBUG to see where")
    return call.to_json()
