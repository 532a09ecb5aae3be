"""The French word lists, read once from ``fr.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure in words."""

    singular: str
    plural: str
    feminine: bool


@dataclass(frozen=True, slots=True)
class FrenchWords:
    """What is written and how it is said: the lists and the tables of ``fr.toml`` by name."""

    lists: dict[str, tuple[str, ...]]
    tables: dict[str, dict[str, str]]
    units: dict[str, Unit]

    def feminine(self, noun: str) -> bool:
        """Whether a counted noun, as written, is known to be feminine."""
        word = noun.lower()
        singular = word[:-1] if word.endswith(("s", "x")) else word
        return word in self.lists["feminine"] or singular in self.lists["feminine"] or singular.endswith("tion")


@cache
def french_words() -> FrenchWords:
    """Return the French word lists."""
    text = resources.files("voicebot.tts.normalise").joinpath("fr.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    lists["words"] = tuple(data["words"]["list"])
    units = {symbol: Unit(forms[0], forms[1], forms[2:] == ["f"]) for symbol, forms in data["units"].items()}
    tables = {name: value for name, value in data.items() if isinstance(value, dict) and name not in ("units", "words")}
    return FrenchWords(lists, tables, units)
