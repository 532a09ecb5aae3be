"""Contacts as calls leave them, and a direct look at the tables."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from voicebot.clock import PARIS
from voicebot.journal.database import Database
from voicebot.journal.events import ContactEnded, ContactStarted, Kept, Outcome, TurnHeard, Typing
from voicebot.journal.journal import Journal
from voicebot.journal.schema import metadata

AT = datetime(2026, 11, 24, 10, 0, tzinfo=PARIS)
CALLER = "+33612345678"


def started(contact: str = "c1", at: datetime = AT, caller: str = CALLER) -> ContactStarted:
    return ContactStarted(contact, at, "phone", "+33231000000", caller, "coeur-cote-fleurie", call=f"sip-{contact}")


def turn(contact: str = "c1", seq: int = 1, heard: str = "quand passe le camion", **more: Any) -> TurnHeard:
    fields: dict[str, Any] = {
        "intent": "collecte.jours",
        "confidence": 0.9,
        "entities": {"commune": "Deauville"},
        "said": "Le mardi.",
        "understood": True,
        "delay_ms": 800,
    } | more
    at = fields.pop("at", AT)
    return TurnHeard(contact, seq, at + timedelta(seconds=seq), float(seq), "voice", heard, **fields)


def kept(contact: str = "c1", seq: int = 2, reference: str = "D-472", **more: Any) -> Kept:
    fields: dict[str, Any] = {"type": "ticket", "form": "oubli", "profile": "coeur-cote-fleurie", "caller": CALLER}
    fields |= {"at": AT + timedelta(seconds=30)} | more
    return Kept(contact, seq, reference=reference, **fields)


def ended(contact: str = "c1", outcome: Outcome = "answered", at: datetime = AT, **more: Any) -> ContactEnded:
    fields: dict[str, Any] = {"typing": Typing("collecte", "jours", commune="Deauville")} | more
    return ContactEnded(contact, at + timedelta(seconds=60), 60.0, outcome, **fields)


def whole_contact(journal: Journal, contact: str, at: datetime = AT, **more: Any) -> None:
    """Tell ``journal`` a contact of one turn."""
    journal.contact_started(started(contact, at, more.pop("caller", CALLER)))
    journal.turn(turn(contact, at=at, **more))
    journal.contact_ended(ended(contact, at=at))


async def rows(url: str, table: str) -> list[dict[str, Any]]:
    """Return a whole table, in the order of its key."""
    database = Database(url)
    try:
        asked = metadata.tables[table]
        async with database.reading() as connection:
            found = await connection.execute(select(asked).order_by(*asked.primary_key.columns))
            return [dict(row) for row in found.mappings()]
    finally:
        await database.close()
