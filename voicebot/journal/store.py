"""Lines of the spool into the tables: a batch in one transaction, every line exactly once.

Rows are inserted unless their key is there already, and updates give the same row when made twice, so a batch may be
offered again after a crash or a lost connection.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from voicebot.journal import schema
from voicebot.journal.classify import classify
from voicebot.journal.errors import KeyTrouble
from voicebot.journal.lines import Line

_ENDING: tuple[str, ...] = (
    *("ended_at", "duration_s", "outcome"),
    *("theme", "sub_theme", "nature", "category", "commune"),
    *("transfer_target", "transfer_result", "mos", "quality"),
)
"""What the end of a contact says of it."""


async def store(connection: AsyncConnection, lines: Iterable[Line], run: str) -> None:
    """Write ``lines``, noted by ``run``. Any order of kinds is right that keeps each kind's own."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        rows.setdefault(line.kind, []).append(line.row)
    started = [{**row, "run": run} for row in rows.get("started", ())]
    await _insert(connection, schema.contacts, started)
    await _insert(connection, schema.turns, rows.get("turn", ()))
    await _update_turns(connection, rows.get("answered", ()))
    await _insert_records(connection, rows.get("kept", ()))
    await _insert(connection, schema.surveys, rows.get("surveyed", ()))
    await _prefer(connection, rows.get("preferred", ()))
    await _agree(connection, rows.get("agreed", ()))
    await _withdraw(connection, rows.get("withdrew", ()))
    await _end(connection, rows.get("ended", ()))
    await _insert(connection, schema.outbox, rows.get("posted", ()))
    await _announce(connection, "record", ((row["id"], row["opened_at"]) for row in rows.get("kept", ())))
    await _announce(connection, "ended", ((row["id"], row["ended_at"]) for row in rows.get("ended", ())))


async def close_abandoned(connection: AsyncConnection, run: str) -> int:
    """End the contacts that ``run`` was following when its process died, as failed; return how many.

    They ended, as far as anybody knows, with their last turn.
    """
    contacts, turns = schema.contacts, schema.turns
    found = await connection.execute(
        select(contacts.c.id, contacts.c.started_at).where(contacts.c.run == run, contacts.c.ended_at.is_(None))
    )
    cut: list[tuple[str, datetime]] = [(row.id, row.started_at) for row in found]
    for contact, started_at in cut:
        said = (
            await connection.execute(
                select(turns.c.at, turns.c.intent, turns.c.entities)
                .where(turns.c.contact_id == contact)
                .order_by(turns.c.seq)
            )
        ).all()
        kept = await connection.scalars(select(schema.records.c.type).where(schema.records.c.contact_id == contact))
        typing = classify(((row.intent, row.entities) for row in said), kept)
        ended_at = max([started_at, *(row.at for row in said)])
        await connection.execute(
            update(contacts)
            .where(contacts.c.id == contact)
            .values(
                ended_at=ended_at,
                duration_s=(ended_at - started_at).total_seconds(),
                outcome="failed",
                theme=typing.theme,
                sub_theme=typing.sub_theme,
                nature=typing.nature,
                category=typing.category,
                commune=typing.commune,
            )
        )
        await _announce(connection, "ended", [(contact, ended_at)])
    return len(cut)


async def check_keys(connection: AsyncConnection, fingerprints: Mapping[str, str]) -> None:
    """Make sure that the stored data were written with the same keys; remember these when there is nothing stored.

    Raises:
        KeyTrouble: they were written with others.
    """
    wanted = [{"name": name, "fingerprint": fingerprint} for name, fingerprint in fingerprints.items()]
    await _insert(connection, schema.key_checks, wanted)
    for name, fingerprint in (await connection.execute(select(schema.key_checks))).all():
        if fingerprints.get(name) != fingerprint:
            raise KeyTrouble(f"the {name} key is not the one the journal was written with; put that one back")


async def knows_keys(connection: AsyncConnection) -> bool:
    """Return whether data were stored already, with keys that must then be found again."""
    return bool(await connection.scalar(select(func.count()).select_from(schema.key_checks)))


def _inserting(connection: AsyncConnection, table: Table) -> Any:
    """Return an INSERT that can say what to do on conflict: the same words in both dialects."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


async def _insert(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await connection.execute(_inserting(connection, table).on_conflict_do_nothing(), rows)


async def _announce(connection: AsyncConnection, kind: str, subjects: Iterable[tuple[str, datetime]]) -> None:
    """Leave word, in the same transaction, of what the outside may have to be told."""
    rows = [{"kind": kind, "subject": subject, "at": at} for subject, at in subjects]
    await _insert(connection, schema.announcements, rows)


async def _update_turns(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    turns = schema.turns
    change = update(turns).where(turns.c.contact_id == bindparam("of_contact"), turns.c.seq == bindparam("of_seq"))
    values = [
        {
            "of_contact": row["contact_id"],
            "of_seq": row["seq"],
            "delay_ms": row["delay_ms"],
            "parts_ms": row["parts_ms"],
        }
        for row in rows
    ]
    await connection.execute(change.values(delay_ms=bindparam("delay_ms"), parts_ms=bindparam("parts_ms")), values)


async def _insert_records(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = set(schema.records.columns.keys())
    records = [{name: row[name] for name in row if name in columns} | {"changed_at": row["opened_at"]} for row in rows]
    private = [
        {"record_id": row["id"], "token": row["coordinates"], "kept_at": row["opened_at"]}
        for row in rows
        if row["coordinates"]
    ]
    await _insert(connection, schema.records, records)
    await _insert(connection, schema.coordinates, private)
    voices = [{**row["voice"], "record_id": row["id"], "kept_at": row["opened_at"]} for row in rows if row.get("voice")]
    await _insert(connection, schema.voices, voices)


async def _prefer(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    inserting = _inserting(connection, schema.preferences)
    newer = inserting.excluded.consented_at >= schema.preferences.c.consented_at
    changed = {"value": inserting.excluded.value, "consented_at": inserting.excluded.consented_at}
    keys = [schema.preferences.c.person, schema.preferences.c.name]
    await connection.execute(inserting.on_conflict_do_update(index_elements=keys, set_=changed, where=newer), rows)


async def _agree(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    inserting = _inserting(connection, schema.consents)
    newer = inserting.excluded.consented_at >= schema.consents.c.consented_at
    changed = {name: inserting.excluded[name] for name in ("consented_at", "source", "token", "commune", "wording")}
    keys = [schema.consents.c.person, schema.consents.c.purpose, schema.consents.c.channel]
    await connection.execute(inserting.on_conflict_do_update(index_elements=keys, set_=changed, where=newer), rows)


async def _withdraw(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Forget what was agreed to before; what is agreed to later in the same batch stays."""
    consents = schema.consents
    for row in rows:
        mine = (consents.c.person == row["person"]) & (consents.c.purpose == row["purpose"])
        await connection.execute(delete(consents).where(mine, consents.c.consented_at <= row["at"]))


async def _end(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    contacts = schema.contacts
    change = update(contacts).where(contacts.c.id == bindparam("of_contact"), contacts.c.ended_at.is_(None))
    values = [{"of_contact": row["id"], **{name: row[name] for name in _ENDING}} for row in rows]
    await connection.execute(change.values({name: bindparam(name) for name in _ENDING}), values)
