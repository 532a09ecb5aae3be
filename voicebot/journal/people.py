"""One person over every channel: their history by number, and what they agreed to.

A person is known by the pseudonym of their number. Agreeing to be contacted later is noted with the moment, the purpose
and where it was given; the address or number to use is encrypted, and goes when the consent is withdrawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import phonenumbers
from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from voicebot.journal.database import Database
from voicebot.journal.schema import consents
from voicebot.journal.seal import Seal

ConsentChannel: TypeAlias = Literal["email", "sms", "phone"]
PURPOSES = {"information": "works, changes of collection days and advice, sent when there is news"}
"""What people may agree to."""

WRITTEN = ("email", "sms")
"""The channels by which a message can be sent."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to: to be contacted for ``purpose`` by ``channel``, as told at ``source``.

    ``commune`` is the one they want news of (empty: not known), ``wording`` the question they said yes to.
    """

    purpose: str
    channel: ConsentChannel
    consented_at: datetime
    source: str
    commune: str = ""
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Reachable:
    """Someone who agreed to be contacted, and the address or number to use."""

    person: str
    channel: ConsentChannel
    address: str


def e164(number: str, region: str = "FR") -> str | None:
    """Return a number as +33..., however it was written; ``None`` when it is no possible number."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class People:
    """The consents kept in one database. Every method may raise ``JournalAway``."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    def pseudonym(self, number: str) -> str | None:
        """Return what stands for a number, however it was written; ``None`` when it is no number."""
        found = e164(number)
        return None if found is None else self._seal.pseudonym(found)

    async def consent(self, person: str, consent: Consent, address: str) -> None:
        """Note what ``person`` agreed to; the last word counts."""
        row = {
            "person": person,
            "purpose": consent.purpose,
            "channel": consent.channel,
            "consented_at": consent.consented_at,
            "source": consent.source,
            "token": self._seal.close({consent.channel: address}),
            "commune": consent.commune,
            "wording": consent.wording,
        }
        async with self._database.writing() as connection:
            inserting: Any = (sqlite if self._database.is_sqlite else postgresql).insert(consents)
            changed = {name: row[name] for name in ("consented_at", "source", "token", "commune", "wording")}
            keys = [consents.c.person, consents.c.purpose, consents.c.channel]
            await connection.execute(inserting.on_conflict_do_update(index_elements=keys, set_=changed), row)

    async def withdraw(self, person: str, purpose: str) -> int:
        """Forget what ``person`` agreed to for ``purpose``; return how many consents went."""
        removal = delete(consents).where(consents.c.person == person, consents.c.purpose == purpose)
        async with self._database.writing() as connection:
            count = (await connection.execute(removal)).rowcount
        await self._database.forget_deleted()
        return count

    async def consents(self, person: str) -> list[Consent]:
        """Return what ``person`` agreed to."""
        query = select(consents).where(consents.c.person == person).order_by(consents.c.purpose, consents.c.channel)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        names = ("purpose", "channel", "consented_at", "source", "commune", "wording")
        return [Consent(*(row[name] for name in names)) for row in rows]

    async def count(self, purpose: str, communes: Sequence[str] = ()) -> int:
        """Return how many people agreed to be contacted for ``purpose``, of ``communes`` alone when there are any."""
        query = select(func.count(consents.c.person.distinct())).where(_those(purpose, communes))
        async with self._database.reading() as connection:
            return await connection.scalar(query) or 0

    async def reachable(self, purpose: str, communes: Sequence[str] = ()) -> list[Reachable]:
        """Return those who agreed to be contacted for ``purpose``, of ``communes`` alone when there are any.

        Only by a channel that takes a message; by e-mail first.

        Raises:
            KeyTrouble: addresses were encrypted with another key.
        """
        order = (consents.c.person, consents.c.channel)
        query = select(consents).where(_those(purpose, communes)).order_by(*order)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_reachable(row, self._seal) for row in rows]


def _those(purpose: str, communes: Sequence[str]) -> ColumnElement[bool]:
    agreed = (consents.c.purpose == purpose) & consents.c.channel.in_(WRITTEN)
    return and_(agreed, consents.c.commune.in_(communes)) if communes else agreed


def _reachable(row: Mapping[Any, Any], seal: Seal) -> Reachable:
    return Reachable(row["person"], row["channel"], seal.open(row["token"])[row["channel"]])
