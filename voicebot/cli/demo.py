"""``voicebot demo``: the example calls, turn by turn."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from voicebot.cli.failures import WorkFailed
from voicebot.cli.options import CONFIG, ConfigOption, console, expected_errors, run
from voicebot.cli.shown import show_call

EXPECTED_ERRORS = expected_errors()

EXAMPLES = Path("tests/calls")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    config: ConfigOption = CONFIG,
    folder: Annotated[Path, typer.Option("--calls", metavar="DIR", help="The folder of scripts.")] = EXAMPLES,
    record: Annotated[Path | None, typer.Option("--record", metavar="DIR", help="Keep stereo WAVs there.")] = None,
) -> None:
    """Replay the example calls and print them turn by turn."""
    scripts = sorted([*folder.glob("*.toml"), *folder.glob("*.json")])
    if not scripts:
        raise WorkFailed(f"no script in {folder}: give another folder with --calls")
    if record is not None:
        record.mkdir(parents=True, exist_ok=True)
    run(_demo(scripts, config, record))


async def _demo(scripts: list[Path], config: Path, record: Path | None) -> None:
    from voicebot.app import open_caller_voice, open_service
    from voicebot.config import load_settings
    from voicebot.rehearsal import play, rehearse

    settings = load_settings(config)
    screen = console()
    async with AsyncExitStack() as stack:
        service = await open_service(settings, stack)
        caller = open_caller_voice("", settings, stack)
        for path in scripts:
            with screen.status(f"{path.name}..."):
                out = None if record is None else record / f"{path.stem}.wav"
                call, _leg = await play(service, await rehearse(path, caller), record_to=out)
            show_call(screen, path.name, call.to_json())
