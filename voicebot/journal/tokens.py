"""The tokens of programs that read or fill the journal over HTTP: shown once, kept as digests, with what they may do.

A token is 256 random bits, so its SHA-256 is enough to keep: there is nothing to guess.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from voicebot.journal.database import Database
from voicebot.journal.schema import tokens

SCOPES = {
    "contacts:read": "contacts and what they were about, without what was said",
    "transcripts:read": "what was heard and said, numbers masked",
    "contacts:write": "add contacts of other channels",
    "records:read": "tickets, callbacks, appointments and messages",
    "records:write": "change the state of a record",
    "coordinates:read": "the numbers, addresses and names left with a record",
    "people:read": "one person's history by their number, their consents, their export",
    "people:write": "one person's consents, and the erasure of their data",
    "metrics:read": "the metrics, from elsewhere than this machine",
}
"""What a token may be allowed, and what each allows."""

_MARK = "vb"
_USED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: everything but its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, at: datetime) -> bool:
        """Return whether it may be used at that moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class Tokens:
    """The tokens of one database. Every method may raise ``JournalAway``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def new(self, name: str, scopes: Sequence[str], at: datetime, days: int | None = None) -> str:
        """Make a token that lasts ``days`` (for ever by default); return it, for the only time.

        Raises:
            ValueError: no scope, or an unknown one.
        """
        unknown = sorted(set(scopes) - SCOPES.keys())
        if unknown or not scopes:
            raise ValueError(f"unknown scope {', '.join(unknown)}" if unknown else "give at least one scope")
        token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = {
            "id": token_id,
            "name": name,
            "digest": _digest(secret),
            "scopes": sorted(set(scopes)),
            "created_at": at,
            "expires_at": None if days is None else at + timedelta(days=days),
        }
        async with self._database.writing() as connection:
            await connection.execute(insert(tokens), row)
        return f"{_MARK}_{token_id}_{secret}"

    async def find(self, text: str, at: datetime) -> Token | None:
        """Return the token that ``text`` is, if it may be used at that moment."""
        mark, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        if mark != _MARK or not secret:
            return None
        async with self._database.reading() as connection:
            row = (await connection.execute(select(tokens).where(tokens.c.id == token_id))).mappings().first()
        if row is None or not hmac.compare_digest(row["digest"], _digest(secret)):
            return None
        token = _token(dict(row))
        if not token.is_valid(at):
            return None
        if token.used_at is None or at - token.used_at >= _USED_EVERY:
            async with self._database.writing() as connection:
                await connection.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=at))
        return token

    async def all(self) -> list[Token]:
        """Return every token, the newest first."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(tokens).order_by(tokens.c.created_at.desc()))).mappings().all()
        return [_token(dict(row)) for row in rows]

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """Revoke a token; return whether there was such a one, not revoked yet."""
        change = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=at)
        async with self._database.writing() as connection:
            return bool((await connection.execute(change)).rowcount)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: dict[str, object]) -> Token:
    del row["digest"]
    return Token(**row | {"scopes": tuple(row["scopes"])})  # type: ignore[arg-type]  # columns carry the fields' types
