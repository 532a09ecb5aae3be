"""``voicebot transcribe``: recognition alone."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from voicebot.cli.failures import WORK_FAILED
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, expected_errors, print_json, run

EXPECTED_ERRORS = expected_errors()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("transcribe")(transcribe)


def transcribe(
    wavs: Annotated[list[Path], typer.Argument(metavar="WAV...", show_default=False)],
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Recognise each WAV; one that cannot be read is told and the others go on."""
    failed = run(_transcribe(wavs, config, as_json))
    if failed:
        raise typer.Exit(WORK_FAILED)


async def _transcribe(wavs: list[Path], config: Path, as_json: bool) -> bool:
    from voicebot.app import open_recognizer
    from voicebot.audio.frames import AudioError
    from voicebot.config import load_settings
    from voicebot.rehearsal import transcribe as recognise

    table = Table("file", "text", "confidence", "audio s", "compute s", "engine")
    failed = False
    async with AsyncExitStack() as stack:
        recognizer = open_recognizer(load_settings(config), stack)
        for path in wavs:
            try:
                heard = await recognise(recognizer, path)
            except AudioError as error:
                failed = True
                typer.echo(f"voicebot: {error}", err=True)
                continue
            row: dict[str, Any] = {
                "file": str(path),
                "text": heard.text,
                "confidence": round(heard.confidence, 3),
                "duration_s": round(heard.audio_s, 3),
                "compute_s": round(heard.compute_s, 3),
                "engine": heard.engine,
            }
            if as_json:
                print_json(row)
            else:
                table.add_row(*(str(value) for value in row.values()))
    if not as_json:
        console().print(table)
    return failed
