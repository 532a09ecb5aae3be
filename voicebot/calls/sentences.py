"""The few sentences that belong to the line rather than to the brain: signs of life, holding, trouble.

They are French, kept in ``prompts/calls.toml`` where a civil servant can edit them, and rendered ahead.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from voicebot.words import WordsFile


@dataclass(frozen=True, slots=True)
class Sentences:
    """What is said when the line itself needs words; each is a list from which one is taken in turn."""

    sign_of_life: tuple[str, ...]
    transferring: tuple[str, ...]
    still_ringing: tuple[str, ...]
    connected: tuple[str, ...]
    not_heard: tuple[str, ...]
    crowded: tuple[str, ...]
    queued: tuple[str, ...]
    trouble: tuple[str, ...]
    too_long: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """Every sentence, for rendering ahead."""
        return tuple(text for entry in dataclasses.fields(self) for text in getattr(self, entry.name))


def load_sentences(path: Path) -> Sentences:
    """Read ``path`` (TOML: one list of texts for each name).

    Raises:
        WordsError: the file is missing or invalid, or a name is missing, unknown or not a list of texts.
    """
    file = WordsFile(path)
    sentences = file.lists("", tuple(entry.name for entry in dataclasses.fields(Sentences)))
    file.settle()
    return Sentences(**sentences)
