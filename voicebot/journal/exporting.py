"""The list of contacts as a file, written as it is read: whatever its length, a few rows are in memory at a time.

CSV is as French spreadsheets read it. XLSX is a workbook of one sheet (ECMA-376), its archive written without ever
going back, so that the first bytes leave at once. In both, text stays text: see ``sheets``.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from xml.sax.saxutils import escape

from voicebot.clock import PARIS
from voicebot.journal.sheets import inert, load_labels

Cell: TypeAlias = str | float | int | None

CONTACT_COLUMNS = (
    *("jour", "heure", "canal", "commune", "thème", "sujet", "nature", "usager", "issue"),
    *("durée en secondes", "passé à", "réponse du conseiller", "qualité de la ligne", "contact"),
)
LONGEST_SHEET = 1_048_576
"""Rows of a sheet, at most."""

_TOO_LONG = "La suite ne tient pas dans une feuille : choisissez le CSV, ou une période plus courte."
_LABELS = load_labels()
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KINDS}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Contacts" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
_UNWRITABLE = {code: None for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}


class Sheet(Protocol):
    """A file being written: its beginning with the names of the columns, rows as they come, its end."""

    def begin(self, columns: Sequence[str]) -> bytes:
        """Return the first bytes."""

    def add(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Return the bytes of more rows; some may be kept for later."""

    def end(self) -> bytes:
        """Return the last bytes."""

    def close(self) -> None:
        """Let go of what is held, whether it was ended or left midway."""


def contact_cells(row: Mapping[str, Any], subjects: Mapping[str, str]) -> tuple[Cell, ...]:
    """Return a contact as cells, with the names of the pages; ``subjects`` names requests by intent."""
    started: datetime = row["started_at"].astimezone(PARIS)
    theme, sub_theme = row["theme"], row["sub_theme"]
    return (
        f"{started:%d/%m/%Y}",
        f"{started:%H:%M}",
        _named("channels", row["channel"]),
        row["commune"],
        _named("themes", theme),
        subjects.get(f"{theme}.{sub_theme}" if sub_theme else theme, sub_theme),
        _named("natures", row["nature"]),
        _named("categories", row["category"]),
        _named("outcomes", row["outcome"]),
        None if row["duration_s"] is None else round(row["duration_s"]),
        row["transfer_target"] or "",
        _named("transfers", row["transfer_result"]),
        row["mos"],
        row["id"],
    )


def _named(kind: str, value: str | None) -> str:
    return _LABELS.get(kind, {}).get(value or "", value or "")


class CsvSheet:
    """Semicolons, decimal commas, and the mark by which spreadsheets know UTF-8."""

    def begin(self, columns: Sequence[str]) -> bytes:
        """Return the mark and the names of the columns."""
        return b"\xef\xbb\xbf" + self.add([columns])

    def add(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Return more rows."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
        return out.getvalue().encode()

    def end(self) -> bytes:
        """Return nothing: a CSV has no end."""
        return b""

    def close(self) -> None:
        """Nothing is held."""


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return inert(cell)
    return "" if cell is None else str(cell).replace(".", ",")


class _Sink:
    """A file that can only be written, and is emptied as it is."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is held."""

    def taken(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


class XlsxSheet:
    """A workbook of one sheet, whose texts are in their cells: ``longest`` rows at most, the last says so."""

    def __init__(self, longest: int = LONGEST_SHEET) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)
        self._longest = longest
        self._rows = 0
        self._sheet: Any = None

    def begin(self, columns: Sequence[str]) -> bytes:
        """Return the parts of the workbook, and the beginning of its sheet."""
        for name, content in _PARTS.items():
            self._archive.writestr(name, _HEAD + content)
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w")
        self._sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        return self._sink.taken() + self.add([columns])

    def add(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Return what is compressed already of more rows."""
        written: list[str] = []
        for row in rows:
            self._rows += 1
            if self._rows >= self._longest:
                if self._rows == self._longest:
                    written.append(_xml_row((_TOO_LONG,)))
                break
            written.append(_xml_row(row))
        self._sheet.write("".join(written).encode())
        return self._sink.taken()

    def end(self) -> bytes:
        """Return the end of the sheet and of the archive."""
        self._sheet.write(b"</sheetData></worksheet>")
        self.close()
        return self._sink.taken()

    def close(self) -> None:
        """Let go of the archive, ended or not: an export may be left midway."""
        if self._sheet is not None:
            self._sheet.close()
        self._archive.close()


def _xml_row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_xml_cell, cells))}</row>"


def _xml_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        text = escape(cell.translate(_UNWRITABLE))
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return "<c/>" if cell is None else f"<c><v>{cell}</v></c>"
