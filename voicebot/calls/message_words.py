"""What is said to whoever leaves a message after the beep: French sentences in ``prompts/message.toml``."""

import dataclasses
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEEP, LISTEN, AGAIN, ERASE = "garder", "ecouter", "refaire", "effacer"
"""What may be done with what was recorded."""
CHOICES = (KEEP, LISTEN, AGAIN, ERASE)

_WORDS = "mots"
_PLACES: Mapping[str, frozenset[str]] = {
    "accord": frozenset({"jours"}),
    "numero": frozenset({"fin"}),
    "consigne": frozenset({"duree"}),
    "consigne_sans_numero": frozenset({"duree"}),
    "relecture": frozenset({"duree"}),
    "garde": frozenset({"reference"}),
}
"""What each sentence must hold between braces: the consent says how long, the end gives the reference."""


class MessageWordsError(Exception):
    """The file of sentences cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class MessageWords:
    """One sentence for each moment; ``choices`` are the ways of naming what to do with what was recorded."""

    accord: str
    refus: str
    indisponible: str
    numero: str
    consigne: str
    consigne_sans_numero: str
    reprise: str
    rien: str
    toujours_rien: str
    coupe: str
    relecture: str
    choix: str
    ecoute: str
    garde: str
    efface: str
    echec: str
    pardon: str
    choices: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def all(self, days: int, longest_s: float) -> tuple[str, ...]:
        """Return every sentence that can be rendered ahead of calls."""
        known = {"jours": str(days), "duree": spoken_duration(longest_s)}
        fixed = (name for name in _NAMES if _PLACES.get(name, frozenset()) <= known.keys() and name != "relecture")
        return tuple(getattr(self, name).format_map(known) for name in fixed)


_NAMES = tuple(entry.name for entry in dataclasses.fields(MessageWords) if entry.name != "choices")


def load_message_words(path: Path) -> MessageWords:
    """Read ``path`` (TOML: a sentence for each name, and the table ``mots``).

    Raises:
        MessageWordsError: it is missing or invalid, a sentence is missing or unknown, or its braces are not right.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MessageWordsError(f"{path}: cannot be read: {error}") from error
    words = document.pop(_WORDS, {})
    faults = [f"{name}: unknown (known: {', '.join(_NAMES)})" for name in sorted(set(document) - set(_NAMES))]
    faults += [f"{name}: {fault}" for name in _NAMES if (fault := _fault(name, document.get(name)))]
    for name in CHOICES:
        texts = words.get(name) if isinstance(words, dict) else None
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
            faults.append(f"{_WORDS}.{name}: must be a list of words")
    if faults:
        raise MessageWordsError("\n".join(f"{path}: {fault}" for fault in faults))
    choices = {name: tuple(words[name]) for name in CHOICES}
    return MessageWords(**{name: document[name] for name in _NAMES}, choices=choices)


def spoken_duration(seconds: float) -> str:
    """Return a duration as it is said: "23 secondes", "1 minute et 5 secondes"."""
    minutes, left = divmod(max(1, round(seconds)), 60)
    parts = [f"{count} {unit}{'s' if count > 1 else ''}" for count, unit in ((minutes, "minute"), (left, "seconde"))]
    return " et ".join(part for part in parts if not part.startswith("0"))


def _fault(name: str, sentence: Any) -> str:
    if not isinstance(sentence, str) or not sentence:
        return "must be a sentence"
    wanted = _PLACES.get(name, frozenset())
    try:
        places = {place for _, place, _, _ in string.Formatter().parse(sentence) if place is not None}
    except ValueError as error:
        return f"has a mistake in its braces ({error})"
    if places != wanted:
        return f"must hold {', '.join(f'{{{one}}}' for one in sorted(wanted)) or 'no brace'}"
    return ""
