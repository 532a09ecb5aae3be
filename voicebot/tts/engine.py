"""What an engine is, inside the voice: text that can be spoken as it is in, raw samples out, one thread at a time."""

import hashlib
import importlib.metadata
from pathlib import Path
from typing import Protocol

from voicebot.tts.clauses import Strides
from voicebot.tts.shaping import Samples
from voicebot.tts.worker import Stop

_SAMPLED_BYTES = 1 << 20


class Engine(Protocol):
    """A synthesis engine with its model loaded. Only the voice's worker thread calls ``synthesise``."""

    name: str
    """Engine and voice, as in ``kokoro/ff_siwis``."""
    version: str
    """Changes with whatever changes the sound of a same text."""
    rate_hz: int
    spelling: str
    """Which pronunciation lexicon it reads by: ``espeak`` or ``pico``."""
    strides: Strides
    """How long its clauses may be for the sound to start soon and go on without a gap."""

    def synthesise(self, text: str, speed: float, language: str, stop: Stop) -> Samples:
        """Return the sound of a clause, empty when there is nothing to pronounce.

        Raises:
            Exception: whatever the native engine raises; the worker makes a ``SynthesisError`` of it.
        """


def fingerprint(*files: Path) -> str:
    """Return a short digest of model files: their sizes and their first and last megabyte, read in milliseconds."""
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.name}:{size};".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_SAMPLED_BYTES))
            stream.seek(max(0, size - _SAMPLED_BYTES))
            digest.update(stream.read(_SAMPLED_BYTES))
    return digest.hexdigest()[:16]


def package_version(package: str) -> str:
    """Return the version of an installed package, ``unknown`` when it is not known."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
