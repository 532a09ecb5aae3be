"""What the journal knows of the messages left after the beep: which wait for a transcription, and what they say.

A transcription is encrypted like coordinates are: people say their name, their number and their street in a message.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Row, case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.journal.archive import TRANSCRIPT
from voicebot.journal.database import Database
from voicebot.journal.schema import records, voices
from voicebot.journal.seal import Seal

VoiceState: TypeAlias = Literal["waiting", "done", "failed"]

MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """A message: its record and that record's profile, its sound among the sealed files, and what was made of it."""

    record: str
    profile: str
    voice: str
    kept_at: datetime
    duration_s: float
    ended: str
    state: VoiceState
    transcript: str = ""


class Voicemail:
    """The messages of one database. Every method may raise ``JournalAway``. ``seal`` opens transcriptions."""

    def __init__(self, database: Database, seal: Seal | None) -> None:
        self._database = database
        self._seal = seal

    async def of(self, record: str, within: AsyncConnection | None = None) -> StoredVoice | None:
        """Return the message of a record, read ``within`` a transaction if one is given; ``None`` when it has none.

        Raises:
            KeyTrouble: its transcription was encrypted with another key.
        """
        query = _query().where(voices.c.record_id == record)
        if within is not None:
            row = (await within.execute(query)).first()
        else:
            async with self._database.reading() as connection:
                row = (await connection.execute(query)).first()
        return None if row is None else self._stored(row)

    async def waiting(self, limit: int = 20) -> list[StoredVoice]:
        """Return the messages that wait for a transcription, the oldest first."""
        query = _query().where(voices.c.state == "waiting").order_by(voices.c.kept_at).limit(limit)
        async with self._database.reading() as connection:
            return [self._stored(row) for row in await connection.execute(query)]

    async def transcribed(self, record: str, text: str) -> None:
        """Note what a message says; empty when nothing could be understood."""
        if self._seal is None:
            raise RuntimeError("a transcription is not kept without the encryption key")
        token = self._seal.close({TRANSCRIPT: text})
        change = update(voices).where(voices.c.record_id == record, voices.c.state == "waiting")
        async with self._database.writing() as connection:
            await connection.execute(change.values(state="done", token=token))

    async def failed(self, record: str, *, for_good: bool = False) -> None:
        """Note that a transcription failed; it is tried ``MOST_ATTEMPTS`` times, unless it failed ``for_good``."""
        attempts = voices.c.attempts + 1
        tried_enough = case((attempts >= MOST_ATTEMPTS, "failed"), else_="waiting")
        change = update(voices).where(voices.c.record_id == record, voices.c.state == "waiting")
        async with self._database.writing() as connection:
            await connection.execute(change.values(attempts=attempts, state="failed" if for_good else tried_enough))

    def _stored(self, row: Row[Any]) -> StoredVoice:
        text = self._seal.open(row.token).get(TRANSCRIPT, "") if self._seal is not None and row.token else ""
        return StoredVoice(
            row.record_id, row.profile, row.voice, row.kept_at, row.duration_s, row.ended, row.state, text
        )


def _query() -> Any:
    return select(voices, records.c.profile).join(records, records.c.id == voices.c.record_id)
