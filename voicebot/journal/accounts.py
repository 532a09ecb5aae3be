"""Who may sign in to the pages, and who is signed in.

Passwords are kept as argon2 hashes and compared in a worker thread, because a comparison is made slow on purpose. A
session is known to the browser by a random token, and here by its SHA-256 only. It ends after ``IDLE`` without a
request, ``LONGEST`` after it was opened, when the password changes, and when its user signs out or is disabled.
"""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from voicebot.journal.database import Database
from voicebot.journal.errors import JournalError
from voicebot.journal.schema import actions, sessions, users

IDLE = timedelta(minutes=45)
LONGEST = timedelta(hours=10)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256

_SEEN_EVERY = timedelta(minutes=1)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


class Role(StrEnum):
    """What a user is there for."""

    ELECTED = "elected"
    ADVISER = "adviser"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class AccountRefused(JournalError):
    """A user cannot be made or changed so; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may sign in, unless no longer ``active``."""

    login: str
    name: str
    role: Role
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Someone signed in. ``csrf`` must come back with every form."""

    key: str
    user: User
    csrf: str


class Accounts:
    """Users and sessions. ``hasher`` makes and compares the hashes of passwords."""

    def __init__(self, database: Database, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._hasher = hasher or PasswordHasher()

    async def add(self, login: str, name: str, role: Role, password: str, at: datetime, who: str) -> User:
        """Add a user in the name of ``who``.

        Raises:
            AccountRefused: the login is taken or badly written, or the password too short.
            JournalAway: the database does not answer. So may every method here.
        """
        login = login.strip().lower()
        if not _LOGIN.fullmatch(login):
            raise AccountRefused("L’identifiant s’écrit avec 2 à 40 lettres sans accent, chiffres, points ou tirets.")
        hashed = await self._hash(password)
        user = User(login, name.strip()[:80] or login, role, True, at)
        row = {"login": login, "name": user.name, "role": role.value, "password": hashed, "active": True}
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(users), row | {"created_at": at})
                await connection.execute(insert(actions), _action(who, "add_user", login, at, role=role.value))
        except IntegrityError as error:
            raise AccountRefused(f"L’identifiant « {login} » est déjà pris.") from error
        return user

    async def all(self) -> Sequence[User]:
        """Return every user, by login."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(users).order_by(users.c.login))
            return [_user(row) for row in found]

    async def set_active(self, login: str, active: bool, at: datetime, who: str) -> None:
        """Enable or disable a user; a disabled one is signed out.

        Raises:
            AccountRefused: there is no such user, or nobody would be left to manage users.
        """
        action = "enable_user" if active else "disable_user"
        async with self._database.writing() as connection:
            administrators = set(
                await connection.scalars(
                    select(users.c.login).where(users.c.role == Role.ADMINISTRATOR.value, users.c.active.is_(True))
                )
            )
            if not active and administrators == {login}:
                raise AccountRefused("Il doit rester au moins un administrateur.")
            changed = await connection.execute(update(users).where(users.c.login == login).values(active=active))
            if not changed.rowcount:
                raise AccountRefused(f"Il n’y a pas d’utilisateur « {login} ».")
            if not active:
                await connection.execute(delete(sessions).where(sessions.c.login == login))
            await connection.execute(insert(actions), _action(who, action, login, at))

    async def set_password(self, login: str, password: str, at: datetime, who: str) -> None:
        """Change a password; whoever was signed in with the old one no longer is.

        Raises:
            AccountRefused: there is no such user, or the password is too short.
        """
        hashed = await self._hash(password)
        async with self._database.writing() as connection:
            changed = await connection.execute(update(users).where(users.c.login == login).values(password=hashed))
            if not changed.rowcount:
                raise AccountRefused(f"Il n’y a pas d’utilisateur « {login} ».")
            await connection.execute(delete(sessions).where(sessions.c.login == login))
            await connection.execute(insert(actions), _action(who, "change_password", login, at))

    async def sign_in(self, login: str, password: str, at: datetime) -> tuple[str, Session] | None:
        """Open a session; return its token and itself, ``None`` when login and password do not go together.

        It takes as long whether the user exists or not. Sessions that are over are forgotten on the way.
        """
        login = login.strip().lower()[:40]
        async with self._database.reading() as connection:
            row = (await connection.execute(select(users).where(users.c.login == login))).first()
        if row is None:
            # takes as long as to compare, so that nobody learns which logins there are
            await asyncio.to_thread(self._hasher.hash, password[:LONGEST_PASSWORD])
            return None
        if not await self._matches(row.password, password) or not row.active:
            return None
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        session = Session(_key(token), _user(row), csrf)
        opened = {"key": session.key, "login": login, "csrf": csrf, "opened_at": at, "seen_at": at}
        async with self._database.writing() as connection:
            over = (sessions.c.seen_at < at - IDLE) | (sessions.c.opened_at < at - LONGEST)
            await connection.execute(delete(sessions).where(over))
            await connection.execute(insert(sessions), opened)
            await connection.execute(insert(actions), _action(login, "sign_in", login, at))
        return token, session

    async def refused(self, login: str, address: str, at: datetime) -> None:
        """Keep that somebody at ``address`` could not sign in as ``login``."""
        async with self._database.writing() as connection:
            row = _action("", "sign_in_refused", login.strip().lower()[:40], at, address=address)
            await connection.execute(insert(actions), row)

    async def find(self, token: str, at: datetime) -> Session | None:
        """Return the session of a browser, ``None`` when it is over or there never was one."""
        if not token or len(token) > 100:
            return None
        joined = select(users, sessions.c.csrf, sessions.c.seen_at, sessions.c.opened_at).join_from(sessions, users)
        key = _key(token)
        async with self._database.reading() as connection:
            row = (await connection.execute(joined.where(sessions.c.key == key))).first()
        if row is None or not row.active or row.seen_at < at - IDLE or row.opened_at < at - LONGEST:
            return None
        if row.seen_at < at - _SEEN_EVERY:
            async with self._database.writing() as connection:
                await connection.execute(update(sessions).where(sessions.c.key == key).values(seen_at=at))
        return Session(key, _user(row), row.csrf)

    async def sign_out(self, session: Session, at: datetime) -> None:
        """End a session."""
        login = session.user.login
        async with self._database.writing() as connection:
            await connection.execute(delete(sessions).where(sessions.c.key == session.key))
            await connection.execute(insert(actions), _action(login, "sign_out", login, at))

    async def _hash(self, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise AccountRefused(f"Le mot de passe doit compter au moins {SHORTEST_PASSWORD} caractères.")
        return await asyncio.to_thread(self._hasher.hash, password)

    async def _matches(self, hashed: str, password: str) -> bool:
        try:
            return await asyncio.to_thread(self._hasher.verify, hashed, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _user(row: Row[Any]) -> User:
    return User(row.login, row.name, Role(row.role), row.active, row.created_at)


def _action(who: str, action: str, subject: str, at: datetime, **detail: str) -> dict[str, object]:
    return {"who": who, "action": action, "subject": subject, "at": at, "detail": detail}
