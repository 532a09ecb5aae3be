"""The few sentences that belong to the line rather than to the brain: signs of life, holding, trouble.

They are French, kept in ``prompts/calls.toml`` where a civil servant can edit them, and rendered ahead.
"""

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path


class SentencesError(Exception):
    """The file of sentences cannot be used; the message says why."""


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
        SentencesError: the file is missing or invalid, or a name is missing, unknown or not a list of texts.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SentencesError(f"{path}: cannot be read: {error}") from error
    names = [entry.name for entry in dataclasses.fields(Sentences)]
    faults = [f"{name}: unknown (known: {', '.join(names)})" for name in sorted(set(document) - set(names))]
    for name in names:
        texts = document.get(name)
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
            faults.append(f"{name}: must be a list of sentences")
    if faults:
        raise SentencesError("\n".join(f"{path}: {fault}" for fault in faults))
    return Sentences(**{name: tuple(document[name]) for name in names})
