"""What a voice is, for whoever makes it speak.

A ``Voice`` is loaded once and shared by every call. ``speak`` yields sound clause by clause at the line's rate, so
that the first clause can be played while the next is being computed. Levels, pauses between clauses and fades are the
voice's affair: what it yields can be joined end to end.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from voicebot.audio.frames import Pcm


class SynthesisError(Exception):
    """The voice failed; rendered prompts still play."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to say it: ``speed`` 1.0 is the profile's normal pace (0.85 slower), ``gain_db`` louder or softer."""

    speed: float = 1.0
    gain_db: float = 0.0
    language: str = "fr"


class Voice(Protocol):
    """A synthesis engine with its model loaded, shared by all calls."""

    name: str
    """Engine and voice, as in ``kokoro/ff_siwis``; part of the prompt cache's key."""

    def speak(self, text: str, rate_hz: int, manner: Manner = Manner()) -> AsyncIterator[Pcm]:
        """Yield the sound of ``text`` at ``rate_hz``, one clause at a time, about -20 dBFS active level.

        Raises:
            SynthesisError: the engine failed.
        """

    async def close(self) -> None:
        """Stop the workers."""
