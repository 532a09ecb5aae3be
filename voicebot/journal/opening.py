"""Opening the journal: keys, spool, database, in the order in which their troubles can be told apart."""

import logging
import os
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from voicebot.journal.archive import Archive
from voicebot.journal.database import Database
from voicebot.journal.errors import JournalAway, JournalError, KeyTrouble
from voicebot.journal.journal import Journal, Patience
from voicebot.journal.seal import Keys, Seal, load_keys, make_keys
from voicebot.journal.settings import JournalSettings, Retention
from voicebot.journal.spool import open_run, purge_refused
from voicebot.journal.store import knows_keys
from voicebot.journal.voices import VoiceFiles

log = logging.getLogger(__name__)

DATABASE_VARIABLE = "VOICEBOT_DATABASE_URL"


async def open_journal(
    settings: JournalSettings, environment: Mapping[str, str] = os.environ, patience: Patience = Patience()
) -> Journal:
    """Open the journal and start writing in the background; ``settings`` come from ``JournalSettings.within``.

    A database that does not answer is no obstacle once the keys exist: calls are answered, and what they leave is
    stored when it comes back. The keys are made with the first database.

    Raises:
        KeyTrouble: a key is missing or wrong.
        JournalAway: there are no keys yet, and no database to tell whether there should be.
        JournalError: the database is of a later version, or the spool cannot be written.
    """
    database = Database(environment.get(DATABASE_VARIABLE) or settings.url)
    try:
        keys = load_keys(settings, environment) or await _first_keys(database, settings)
        try:
            run = open_run(settings.spool, uuid.uuid4().hex)
        except OSError as error:
            raise JournalError(f"{settings.spool}: the spool cannot be written ({error.strerror})") from error
        seal = Seal(keys)
        archive = Archive(database, seal, VoiceFiles(settings.voices, seal))
        journal = Journal(database, keys, run, archive, patience)
        try:
            await journal.prepare()
        except JournalAway as error:
            log.error("%s; what happens waits in the spool", error)
        except BaseException:
            run.close()
            raise
    except BaseException:
        await database.close()
        raise
    journal.start()
    return journal


@asynccontextmanager
async def open_archive(
    settings: JournalSettings, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[Archive]:
    """Open what is stored, to read it or to purge it, beside whatever writes it.

    Raises:
        KeyTrouble: a key is missing or wrong.
        JournalAway: the database does not answer.
        JournalError: it is of a later version.
    """
    database = Database(environment.get(DATABASE_VARIABLE) or settings.url)
    try:
        await database.prepare()
        keys = load_keys(settings, environment)
        seal = Seal(keys) if keys is not None else None
        yield Archive(database, seal, VoiceFiles(settings.voices, seal))
    finally:
        await database.close()


async def purge_journal(
    archive: Archive, settings: JournalSettings, now: datetime, periods: Retention | None = None
) -> dict[str, int]:
    """Apply the retention periods (those of ``settings`` by default) at ``now``; return how much of each kind went.

    Raises:
        JournalAway: the database does not answer.
    """
    periods = periods or settings.retention
    counts = await archive.purge(now, periods)
    before_s = (now - timedelta(days=periods.transcripts)).timestamp()
    return counts | {"refused": purge_refused(settings.spool, before_s)}


async def _first_keys(database: Database, settings: JournalSettings) -> Keys:
    """Make the keys, unless the database was written with keys that are to be found again first."""
    await database.prepare()
    async with database.reading() as connection:
        if await knows_keys(connection):
            raise KeyTrouble(
                f"{settings.pseudonym_key} and {settings.encryption_key} are missing while the journal was written "
                "with such keys; put them back from their copy"
            )
    return make_keys(settings)
