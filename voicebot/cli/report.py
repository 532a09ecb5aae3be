"""``voicebot report``: the figures of a period."""

import io
import json
import sys
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from voicebot.cli.failures import WORK_FAILED, WRONG_USAGE, WrongUsage
from voicebot.cli.options import CONFIG, ConfigOption, console, run
from voicebot.clock import PARIS
from voicebot.config import ConfigError
from voicebot.journal.errors import JournalError

if TYPE_CHECKING:
    from voicebot.journal.figures import Report
    from voicebot.journal.sheets import Row

EXPECTED_ERRORS = {ConfigError: WRONG_USAGE, JournalError: WORK_FAILED}

_DAYS = 30


class Format(StrEnum):
    """How the figures are shown."""

    table = "table"
    json = "json"
    csv = "csv"
    xlsx = "xlsx"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day (default: 30 days ago).")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day (default: today).")] = "",
    form: Annotated[Format, typer.Option("--format", help="How to show them.")] = Format.table,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write them.")] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Count contacts, outcomes, delays and satisfaction over a period."""
    until = _day("--to", last) or datetime.now(PARIS).date()
    since = _day("--from", first) or until - timedelta(days=_DAYS - 1)
    if since > until:
        raise WrongUsage(f"--from {since} is after --to {until}: exchange them")
    if form is Format.xlsx and output is None:
        raise WrongUsage("--format xlsx needs a file: add -o FILE.xlsx")
    _show(run(_read(config, since, until)), form, output)


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f"{option} {text!r}: write an ISO date such as 2026-11-24") from error


async def _read(config: Path, since: date, until: date) -> "Report":
    from voicebot.config import load_settings
    from voicebot.journal.opening import open_archive

    async with open_archive(load_settings(config).journal) as archive:
        return await archive.report(since, until)


def _show(found: "Report", form: Format, output: Path | None) -> None:
    from voicebot.journal.sheets import report_document, report_rows, write_csv, write_xlsx

    if form is Format.table and output is None:
        console().print(_table(found, report_rows(found)))
    elif form is Format.table:
        raise WrongUsage("--output needs --format json, csv or xlsx")
    elif form is Format.xlsx and output is not None:
        write_xlsx(report_rows(found), output)
    else:
        text = io.StringIO(newline="")
        if form is Format.json:
            text.write(json.dumps(report_document(found), ensure_ascii=False) + "\n")
        else:
            write_csv(report_rows(found), text)
        if output is None:
            sys.stdout.write(text.getvalue())
        else:  # the mark at the start tells spreadsheets that a CSV is UTF-8
            output.write_text(text.getvalue(), encoding="utf-8-sig" if form is Format.csv else "utf-8", newline="")


def _table(found: "Report", rows: "list[Row]") -> Table:
    table = Table(title=f"Du {found.first} au {found.last}", box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column()
    table.add_column(justify="right")
    shown = ""
    for row in rows:
        value = "–" if row.value is None else f"{row.value:.1%}" if row.rate else f"{row.value}"
        name, of = ("" if row.figure == shown else row.figure), row.of
        table.add_row(name.replace("[", r"\["), of.replace("[", r"\["), value.replace(".", ","))
        shown = row.figure
    return table
