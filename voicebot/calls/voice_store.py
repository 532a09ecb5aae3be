"""Where the messages of calls are put: the journal's sealed files, or memory for a call that is only replayed."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from voicebot.calls.ports import VoiceLost
from voicebot.journal.errors import JournalError
from voicebot.journal.voices import VoiceFiles


class SealedVoices:
    """Puts messages in ``files``; encryption and the disk are at work in a thread. ``now`` dates them."""

    def __init__(self, files: VoiceFiles, now: Callable[[], datetime]) -> None:
        self._files = files
        self._now = now

    def ready(self) -> bool:
        """Return whether a message could be put there now."""
        return self._files.ready()

    async def keep(self, wav: bytes) -> str:
        """Put a WAV there; return its id.

        Raises:
            VoiceLost: the disk is full, or the key is missing.
        """
        try:
            return await asyncio.to_thread(self._files.keep, wav, self._now().date())
        except JournalError as error:
            raise VoiceLost(str(error)) from error

    async def drop(self, voice: str) -> None:
        """Take a message out."""
        await asyncio.to_thread(self._files.remove, voice)


class ReplayedVoices:
    """Holds the messages of a replayed call in memory: nothing of a rehearsal is kept."""

    def __init__(self) -> None:
        self.wavs: dict[str, bytes] = {}
        self._count = 0

    def ready(self) -> bool:
        """Return True: there is always room."""
        return True

    async def keep(self, wav: bytes) -> str:
        """Hold a WAV; return its id."""
        self._count += 1
        voice = f"message-{self._count}"
        self.wavs[voice] = wav
        return voice

    async def drop(self, voice: str) -> None:
        """Forget a message."""
        self.wavs.pop(voice, None)
