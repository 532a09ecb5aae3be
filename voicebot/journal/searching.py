"""Contacts found by the words that were heard in them, the newest first.

SQLite has a full-text table beside the turns, kept by triggers; PostgreSQL an index of lexemes. Both take words by
their beginning, without accents in SQLite, so that "poubel" finds "poubelles".
"""

import re

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.journal.database import Database
from voicebot.journal.listing import Asked, Page, contacts_page
from voicebot.journal.schema import contacts, turns

_WORD = re.compile(r"\w+")
_MOST_WORDS = 8


async def find_words(database: Database, words: str, asked: Asked) -> Page:
    """Return a page of the contacts ``asked`` for in one turn of which all ``words`` were heard.

    Raises:
        BadCursor: the cursor is none of ours.
        JournalAway: the database does not answer.
    """
    found = _WORD.findall(words)[:_MOST_WORDS]
    if not found:
        return Page([], "")
    async with database.reading() as connection:
        return await contacts_page(connection, asked, _heard(connection, found))


def _heard(connection: AsyncConnection, words: list[str]) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        wanted = " ".join(f'"{word}"*' for word in words)
        spoken = text("SELECT contact_id FROM turn_words WHERE turn_words MATCH :wanted").bindparams(wanted=wanted)
        return contacts.c.id.in_(spoken.columns(turns.c.contact_id))
    query = func.to_tsquery("simple", " & ".join(f"{word}:*" for word in words))
    lexemes = func.to_tsvector(text("'simple'::regconfig"), turns.c.heard)
    return contacts.c.id.in_(select(turns.c.contact_id).where(lexemes.op("@@")(query)))
