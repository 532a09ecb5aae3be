"""The files of French words in ``prompts/``, which a civil servant edits: read, every mistake told with its place."""

import string
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

NOWHERE: frozenset[str] = frozenset()
"""The places of a text that holds none."""


class WordsError(Exception):
    """A file of words cannot be used; the message lists every mistake, each with the file and the name."""


class WordsFile:
    """One file (TOML): what is asked of it is returned as it stands, and what is wrong is told at ``settle``."""

    def __init__(self, path: Path) -> None:
        """Read ``path``.

        Raises:
            WordsError: it is missing, or is not TOML.
        """
        self._path = path
        try:
            self._document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise WordsError(f"{path}: cannot be read: {error}") from error
        self._asked: set[str] = set()
        self._faults: list[str] = []

    def texts(
        self, table: str, places: Mapping[str, frozenset[str]], *, exact: bool = False, partial: bool = False
    ) -> dict[str, str]:
        """Return the texts of ``table`` (empty: those outside any table) named in ``places``.

        ``places`` are the words between braces that each may hold, or must when ``exact``. ``partial``: the table, or
        some of its names, may be missing.
        """
        found = self._table(table, places, optional=partial)
        texts: dict[str, str] = {}
        for name, known in places.items():
            if name in found or not (partial or found is _MISSING):
                fault = _fault(found.get(name), known, exact)
                self._faults += [f"{_place(table, name)}: {fault}"] if fault else []
                texts[name] = str(found.get(name))
        return texts

    def lists(self, table: str, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the lists of texts of ``table`` (empty: those outside any table); none may be empty."""
        found = self._table(table, names)
        lists: dict[str, tuple[str, ...]] = {}
        for name in names if found is not _MISSING else ():
            texts = found.get(name)
            if isinstance(texts, list) and texts and all(isinstance(text, str) and text.strip() for text in texts):
                lists[name] = tuple(texts)
            else:
                self._faults.append(f"{_place(table, name)}: must be a list of texts")
        return lists

    def settle(self) -> None:
        """Refuse the file when anything in it is wrong, or was not asked for.

        Raises:
            WordsError: it is.
        """
        known = ", ".join(sorted(self._asked))
        unknown = [f"{name}: unknown (known: {known})" for name in sorted(set(self._document) - self._asked)]
        if unknown or self._faults:
            raise WordsError("\n".join(f"{self._path}: {fault}" for fault in [*unknown, *self._faults]))

    def _table(self, table: str, names: Collection[str], *, optional: bool = False) -> Mapping[str, Any]:
        if not table:
            self._asked |= set(names)
            return self._document
        self._asked.add(table)
        found = self._document.get(table)
        if not isinstance(found, dict):
            self._faults += [] if optional and found is None else [f"[{table}]: this table is missing"]
            return _MISSING
        known = ", ".join(names)
        self._faults += [f"{_place(table, name)}: unknown (known: {known})" for name in sorted(set(found) - set(names))]
        return found


_MISSING: Mapping[str, Any] = {}


def _place(table: str, name: str) -> str:
    return f"{table}.{name}" if table else name


def _fault(text: object, known: frozenset[str], exact: bool) -> str:
    if not isinstance(text, str) or not text.strip():
        return "must be a text"
    try:
        places = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        return f"has a mistake in its braces ({error})"
    if exact and places != known:
        return f"must hold {_braces(known) or 'no brace'}"
    unknown = places - known
    return f"{_braces(unknown)} is unknown (known: {_braces(known)})" if unknown else ""


def _braces(places: Collection[str]) -> str:
    return ", ".join(f"{{{one}}}" for one in sorted(places))
