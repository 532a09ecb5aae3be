"""The messages left after the beep, in ``voicebot serve``: where they are put, and what transcribes them."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicebot.app import Service
    from voicebot.asr.base import Hints
    from voicebot.clock import Clock
    from voicebot.journal.journal import Journal

log = logging.getLogger(__name__)


def take_messages(service: "Service", journal: "Journal", clock: "Clock", stack: AsyncExitStack) -> None:
    """Give ``service`` the journal's sealed files, and transcribe what they hold until ``stack`` ends.

    What was left before is transcribed even when no message is taken any more.
    """
    from voicebot.asr.base import Hints
    from voicebot.calls.transcription import Transcriber
    from voicebot.calls.voice_store import SealedVoices
    from voicebot.journal.voicemail import Voicemail
    from voicebot.profile import ProfileError

    files = journal.archive.files
    if files is None:
        return
    service.voices = SealedVoices(files, clock.now)

    def hints(profile: str) -> "Hints":
        try:
            return Hints(phrases=service.profile(profile).knowledge.vocabulary)
        except ProfileError as error:
            log.warning("a message is transcribed without the vocabulary of its profile: %s", error)
            return Hints()

    voicemail = Voicemail(journal.database, journal.seal)
    transcriber = Transcriber(voicemail, files, service.recognizer, hints, lambda: service.calls == 0)
    working = asyncio.get_running_loop().create_task(transcriber.run(), name="transcriber")

    async def stop() -> None:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    stack.push_async_callback(stop)
