"""Reads the TOML and CSV files of a profile, and notes every mistake with its file and line instead of raising.

``tomllib`` forgets line numbers: ``line_index`` finds them again by a scan of headers and keys, good enough to lead
the editor to the place.
"""

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

from voicebot.dialog.errors import Mistake

KeyPath: TypeAlias = tuple[str, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$"""
)
_FENCES = ('"""', "'''")


def line_index(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every table and key of a TOML ``text``; items of array tables count from 0."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    here: KeyPath = ()
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            if fence in line:
                fence = ""
            continue
        header = _HEADER.match(line)
        if header:
            path = _indexed(_parts(header[2] + " = 0"), counts)
            if header[1] == "[[":
                counts[path] = counts.get(path, -1) + 1
                path = (*path, str(counts[path]))
            here = path
            lines.setdefault(here, number)
            continue
        key = _KEY.match(line)
        if key:
            lines.setdefault((*here, *_parts(key[1] + " = 0")), number)
        fence = next((mark for mark in _FENCES if line.count(mark) % 2), "")
    return lines


def _parts(assignment: str) -> KeyPath:
    try:
        node: Any = tomllib.loads(assignment)
    except tomllib.TOMLDecodeError:
        return (assignment,)
    path: list[str] = []
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        path.append(name)
    return tuple(path)


def _indexed(path: KeyPath, counts: Mapping[KeyPath, int]) -> KeyPath:
    """Insert the current item number after each parent of ``path`` that is an array of tables."""
    full: KeyPath = ()
    for position, part in enumerate(path):
        full = (*full, part)
        if full in counts and position < len(path) - 1:
            full = (*full, str(counts[full]))
    return full


class Table:
    """One TOML table being read. Getters return a usable value and note what is wrong in ``mistakes``.

    ``done`` must be called last: it reports the keys nobody asked for.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        path: KeyPath,
        file: str,
        lines: Mapping[KeyPath, int],
        mistakes: list[Mistake],
    ) -> None:
        self.data = data
        self.path = path
        self.file = file
        self._lines = lines
        self._mistakes = mistakes
        self._asked: set[str] = set()

    def line(self, key: str = "") -> int:
        """Return the line of ``key``, or of the nearest table above it."""
        path = (*self.path, key) if key else self.path
        while path not in self._lines and path:
            path = path[:-1]
        return self._lines.get(path, 0)

    def wrong(self, key: str, message: str) -> None:
        """Note a mistake at ``key`` (empty: the table itself)."""
        shown = ".".join((*self.path, key)) if key else ".".join(self.path)
        self._mistakes.append(Mistake(self.file, self.line(key), shown, message))

    def has(self, key: str) -> bool:
        """Tell whether ``key`` is present."""
        return key in self.data

    def keys(self) -> Iterator[str]:
        """Iterate over the names present."""
        return iter(self.data)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a non-empty text; required when there is no ``default``."""
        value = self._get(key, default)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong(key, "un texte entre guillemets est attendu")
            return default or ""
        if not value.strip() and default is None:
            self.wrong(key, "le texte est vide")
        return value.strip()

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return a list of texts; one text alone is a list of one."""
        value = self._get(key, default)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item.strip() for item in value):
            self.wrong(key, "une liste de textes non vides est attendue")
            return tuple(default or ())
        return tuple(item.strip() for item in value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "true ou false est attendu, sans guillemets")
            return default
        return value

    def number(self, key: str, default: float | None = None, least: float | None = None) -> float:
        """Return a number, at least ``least``."""
        value = self._get(key, default)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.wrong(key, "un nombre est attendu, sans guillemets")
            return default or 0.0
        if least is not None and value < least:
            self.wrong(key, f"le nombre doit être au moins {least:g}")
        return float(value)

    def day(self, key: str, default: date | None = None) -> date | None:
        """Return a date written 2026-12-25 without quotation marks, or the default."""
        self._asked.add(key)
        value = self.data.get(key, default)
        if value is None or (isinstance(value, date) and not hasattr(value, "hour")):
            return value
        self.wrong(key, "une date est attendue, écrite comme 2026-12-25, sans guillemets")
        return default

    def one_of(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return one of the ``allowed`` texts."""
        value = self.text(key, default)
        if value and value not in allowed:
            self.wrong(key, f"« {value} » n’est pas prévu ; choisir parmi : {', '.join(allowed)}")
            return default or (allowed[0] if allowed else "")
        return value

    def table(self, key: str) -> "Table | None":
        """Return the sub-table ``key`` if there is one."""
        self._asked.add(key)
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, f"une table [{key}] est attendue")
            return None
        return self._below(value, (key,))

    def tables(self, key: str) -> list["Table"]:
        """Return the items of the array of tables ``key``."""
        self._asked.add(key)
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(key, f"des tables [[{key}]] sont attendues")
            return []
        return [self._below(item, (key, str(number))) for number, item in enumerate(value)]

    def named_tables(self) -> Iterator[tuple[str, "Table"]]:
        """Iterate over all sub-tables by name; any other value is a mistake."""
        for key in self.data:
            below = self.table(key)
            if below is not None:
                yield key, below

    def done(self) -> None:
        """Report the keys that were never asked for."""
        for key in self.data:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.wrong(key, f"clé inconnue ; clés possibles : {known}")

    def _get(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key not in self.data and default is None:
            self.wrong(key, "cette clé est obligatoire")
        return self.data.get(key, default)

    def _below(self, data: Mapping[str, Any], path: KeyPath) -> "Table":
        return Table(data, (*self.path, *path), self.file, self._lines, self._mistakes)


def read_toml(path: Path, mistakes: list[Mistake]) -> Table | None:
    """Read one TOML file; ``None`` and a mistake noted when it cannot be parsed."""
    text = _read_text(path, mistakes)
    if text is None:
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        mistakes.append(
            Mistake(shown(path), line, "", f"le fichier n’est pas du TOML valable ({error}) : vérifier guillemets")
        )
        return None
    return Table(data, (), shown(path), line_index(text), mistakes)


def read_csv(
    path: Path, columns: Sequence[str], mistakes: list[Mistake], optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield ``(line, row)`` of a semicolon-separated file with a header; blank lines and ``#`` lines are skipped."""
    text = _read_text(path, mistakes)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text.removeprefix("﻿")), delimiter=";")
    header: list[str] | None = None
    for row in reader:
        if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in row]
        if header is None:
            header = cells
            missing = [name for name in columns if name not in header]
            unknown = [name for name in header if name not in columns and name not in optional]
            if missing or unknown:
                wanted = ";".join((*columns, *optional))
                mistakes.append(Mistake(shown(path), reader.line_num, "", f"la première ligne doit être : {wanted}"))
                return
            continue
        if len(cells) != len(header):
            message = f"{len(cells)} colonnes au lieu de {len(header)} : vérifier les points-virgules"
            mistakes.append(Mistake(shown(path), reader.line_num, "", message))
            continue
        yield reader.line_num, dict(zip(header, cells, strict=True))


def shown(path: Path) -> str:
    """Return the path as told to the editor: its last three parts."""
    return "/".join(path.parts[-3:])


def _read_text(path: Path, mistakes: list[Mistake]) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        mistakes.append(Mistake(shown(path), line, "", "le fichier n’est pas enregistré en UTF-8"))
    except OSError as error:
        mistakes.append(Mistake(shown(path), 0, "", f"le fichier ne peut pas être lu ({error.strerror})"))
    return None
