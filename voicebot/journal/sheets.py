"""A report as rows for a table, a CSV file or a spreadsheet.

A cell is text or a number. Text that a spreadsheet would take for a formula is made inert in CSV by a leading
apostrophe (OWASP, CSV injection); in XLSX a cell has a type and text stays text.
"""

import csv
import importlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TextIO

from voicebot.journal.errors import JournalError
from voicebot.journal.figures import Report

RATES = ("containment", "transferred", "abandoned", "first_call", "no_match")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its name, what it is of (empty for the whole period), its value; ``rate`` is from 0 to 1."""

    figure: str
    of: str
    value: float | int | None
    rate: bool = False


def load_labels() -> dict[str, dict[str, str]]:
    """Return the French names of the figures (``chiffres``) and of their values, by figure."""
    return tomllib.loads(resources.files("voicebot.journal").joinpath("labels.toml").read_text(encoding="utf-8"))


def report_rows(report: Report) -> list[Row]:
    """Return every figure of ``report``, with the French names of ``labels.toml``."""
    labels = load_labels()
    names = labels["chiffres"]
    rows = [Row(names[name], "", getattr(report, name)) for name in ("contacts", "ended")]
    rows += [Row(names[name], "", getattr(report, name), rate=True) for name in RATES]
    rows.append(Row(names["complaints"], "", report.complaints))
    rows += [Row(names[f"delays_{name}"], "", value) for name, value in asdict(report.delays).items()]
    for name, counts in asdict(report.volumes).items():
        known = labels.get(name, {})
        rows += [Row(names[name], _of(name, value, known), count) for value, count in counts.items()]
    rows += [
        Row(names["satisfaction"], question, round(score.mean, 2)) for question, score in report.satisfaction.items()
    ]
    return rows


def report_document(report: Report) -> dict[str, Any]:
    """Return ``report`` as JSON values, with the names of the code."""
    document = asdict(report)
    return document | {"first": report.first.isoformat(), "last": report.last.isoformat()}


def write_csv(rows: Iterable[Row], out: TextIO) -> None:
    """Write ``rows`` as French spreadsheets read them: semicolons, decimal commas."""
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(("chiffre", "de", "valeur"))
    for row in rows:
        value = "" if row.value is None else str(row.value).replace(".", ",")
        writer.writerow((inert(row.figure), inert(row.of), value))


def write_xlsx(rows: Iterable[Row], path: Path) -> None:
    """Write ``rows`` as a workbook of one sheet.

    Raises:
        JournalError: openpyxl is not installed.
        OSError: the file cannot be written.
    """
    try:
        openpyxl: Any = importlib.import_module("openpyxl")
        cells: Any = importlib.import_module("openpyxl.cell")
    except ImportError as error:
        raise JournalError("a workbook needs the package openpyxl: install it, or choose --format csv") from error
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Bilan")
    sheet.append(("chiffre", "de", "valeur"))
    for row in rows:
        texts = [cells.WriteOnlyCell(sheet, value=text) for text in (row.figure, row.of)]
        for cell in texts:
            cell.data_type = "s"
        value = cells.WriteOnlyCell(sheet, value=row.value)
        value.number_format = "0.0%" if row.rate else "General"
        sheet.append((*texts, value))
    book.save(path)


def inert(text: str) -> str:
    """Return ``text`` so that no spreadsheet runs it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _of(name: str, value: Any, known: Mapping[str, str]) -> str:
    return f"{value} h" if name == "hours" else known.get(value, str(value))
