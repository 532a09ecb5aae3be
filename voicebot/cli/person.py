"""``voicebot person``: one person's data, given to them or erased, by their number."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE, WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, JsonOption, console, print_json, run
from voicebot.config import ConfigError
from voicebot.journal.errors import JournalError

EXPECTED_ERRORS = {ConfigError: WRONG_USAGE, JournalError: WORK_FAILED}

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="Their number, such as 06 12 34 56 78.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(no_args_is_help=True, help="One person's data (GDPR, articles 15 and 17).")
    commands.command("export")(export)
    commands.command("erase")(erase)
    app.add_typer(commands, name="person")


def export(number: NumberArgument, config: ConfigOption = CONFIG) -> None:
    """Print all that is kept of one person, as one JSON document."""
    print(json.dumps(run(_on_person(config, number, "export")), ensure_ascii=False, indent=2))  # noqa: T201 - the command's output


def erase(
    number: NumberArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Erase all that is kept of one person, for good; say how much of each kind went."""
    if not yes:
        typer.confirm("Erase all that is kept of this person, for good?", abort=True, err=True)
    counts = run(_on_person(config, number, "erase"))
    if as_json:
        print_json(counts)
        return
    for kind, count in counts.items():
        console().print(f"{kind}: {count}")


async def _on_person(config: Path, number: str, work: str) -> Any:
    from voicebot.config import load_settings
    from voicebot.journal.opening import open_archive
    from voicebot.journal.people import e164

    written = e164(number)
    if written is None:
        raise WrongUsage(f"person {work}: {number} is no telephone number; write it as 06 12 34 56 78 or +33612345678")
    async with open_archive(load_settings(config).journal) as archive:
        person = archive.seal.pseudonym(written) if archive.seal is not None else None
        if person is None:
            raise JournalError("there are no keys yet, so nothing is kept of anybody")
        return await (archive.export_person(person) if work == "export" else archive.erase_person(person))
