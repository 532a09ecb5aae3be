"""What is said to whoever leaves a message after the beep: French sentences in ``prompts/message.toml``."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voicebot.words import NOWHERE, WordsFile

KEEP, LISTEN, AGAIN, ERASE = "garder", "ecouter", "refaire", "effacer"
"""What may be done with what was recorded."""
CHOICES = (KEEP, LISTEN, AGAIN, ERASE)

_PLACES: Mapping[str, frozenset[str]] = {
    "accord": frozenset({"jours"}),
    "numero": frozenset({"fin"}),
    "consigne": frozenset({"duree"}),
    "consigne_sans_numero": frozenset({"duree"}),
    "relecture": frozenset({"duree"}),
    "garde": frozenset({"reference"}),
}
"""What each sentence must hold between braces: the consent says how long, the end gives the reference."""


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
        WordsError: it is missing or invalid, a sentence is missing or unknown, or its braces are not right.
    """
    file = WordsFile(path)
    words = file.texts("", {name: _PLACES.get(name, NOWHERE) for name in _NAMES}, exact=True)
    choices = file.lists("mots", CHOICES)
    file.settle()
    return MessageWords(**words, choices=choices)


def spoken_duration(seconds: float) -> str:
    """Return a duration as it is said: "23 secondes", "1 minute et 5 secondes"."""
    minutes, left = divmod(max(1, round(seconds)), 60)
    parts = [f"{count} {unit}{'s' if count > 1 else ''}" for count, unit in ((minutes, "minute"), (left, "seconde"))]
    return " et ".join(part for part in parts if not part.startswith("0"))
