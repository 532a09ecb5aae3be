"""The pronunciations that engines get wrong, as data: a word and how to spell it for them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from voicebot.tts.clauses import NO_BREAK

SPELLINGS = ("espeak", "pico")
_COMMON = "all"
_LETTERS_ONLY = re.compile(r"[^\W\d_][^\d_<>\\]*")


class LexiconError(Exception):
    """A pronunciation file that cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Respellings by engine family; keys in lower case."""

    tables: Mapping[str, Mapping[str, str]]
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict, compare=False)

    def respell(self, words: str, spelling: str) -> str:
        """Return ``words`` with every entry of the common table and of ``spelling``'s replaced, longest first."""
        table = {**self.tables.get(_COMMON, {}), **self.tables.get(spelling, {})}
        if not table:
            return words
        pattern = self._patterns.get(spelling)
        if pattern is None:
            pattern = self._patterns[spelling] = _pattern(table)

        def replaced(match: re.Match[str]) -> str:
            found = match[0]
            respelt = table[found.replace(NO_BREAK, " ").lower()]
            return respelt.replace(" ", NO_BREAK) if NO_BREAK in found else respelt

        return pattern.sub(replaced, words)


def load_lexicon(override: Path | None = None) -> Lexicon:
    """Return the default pronunciations, those of the file ``override`` laid over them.

    Raises:
        LexiconError: the file is missing, is not TOML, or holds something else than tables of words.
    """
    default = resources.files("voicebot.tts.normalise").joinpath("lexicon.toml").read_text(encoding="utf-8")
    tables = _tables(tomllib.loads(default), "lexicon.toml")
    if override is not None:
        for name, words in _tables(_read(override), str(override)).items():
            tables[name] = {**tables.get(name, {}), **words}
    return Lexicon(tables)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LexiconError(f"{path}: not a TOML file ({error})") from error


def _tables(data: dict[str, Any], where: str) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for name, words in data.items():
        if name not in (_COMMON, *SPELLINGS):
            raise LexiconError(f"{where}: unknown table [{name}]; use [{_COMMON}], [espeak] or [pico]")
        if not isinstance(words, dict):
            raise LexiconError(f"{where}: [{name}] must be a table of words")
        table = tables.setdefault(name, {})
        for word, respelt in words.items():
            if not isinstance(respelt, str) or not _LETTERS_ONLY.fullmatch(respelt):
                raise LexiconError(f"{where}: [{name}] {word!r} must be respelt with letters only, not {respelt!r}")
            table[word.lower()] = respelt
    return tables


def _pattern(table: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(table, key=len, reverse=True)
    alternatives = "|".join(re.escape(word).replace(r"\ ", f"[ {NO_BREAK}]") for word in longest_first)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)
