"""``voicebot purge``: what is past its retention period goes."""

from datetime import datetime
from pathlib import Path

import typer

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, print_json, run
from voicebot.clock import PARIS
from voicebot.config import ConfigError
from voicebot.journal.errors import JournalError

EXPECTED_ERRORS = {ConfigError: WRONG_USAGE, JournalError: WORK_FAILED}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("purge")(purge)


def purge(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Apply the retention periods now: delete what is past them, and say how much of each kind went."""
    counts = run(_purge(config))
    if as_json:
        print_json(counts)
        return
    screen = console()
    for kind, count in counts.items():
        screen.print(f"{kind}: {count}")


async def _purge(config: Path) -> dict[str, int]:
    from voicebot.config import load_settings
    from voicebot.journal.opening import open_archive, purge_journal

    settings = load_settings(config).journal
    async with open_archive(settings) as archive:
        return await purge_journal(archive, settings, datetime.now(PARIS))
