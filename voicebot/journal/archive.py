"""What the journal holds, read back: requests, appointments, preferences, one person's data; and supervisors' actions.

It needs no spool, so a command or another node reads while calls go on.
"""

import asyncio
import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Row, Select, Table, delete, false, insert, literal, or_, select, update

from voicebot.clock import PARIS
from voicebot.journal.database import Database
from voicebot.journal.errors import KeyTrouble
from voicebot.journal.facts import report
from voicebot.journal.figures import Report, read_comments
from voicebot.journal.lines import reference_key
from voicebot.journal.retention import purge
from voicebot.journal.schema import (
    actions,
    consents,
    contacts,
    coordinates,
    outbox,
    preferences,
    records,
    surveys,
    turns,
    voices,
)
from voicebot.journal.seal import Seal
from voicebot.journal.settings import Retention
from voicebot.journal.voices import VoiceFiles, VoiceTrouble

log = logging.getLogger(__name__)

TRANSCRIPT = "transcript"
"""The name under which what a message says is encrypted."""

SUBSCRIBED = "nouvelles"
"""Among the preferences of a person: they agreed to be told of news."""

RequestStatus: TypeAlias = Literal["open", "assigned", "done", "cancelled"]


@dataclass(frozen=True, slots=True)
class RequestState:
    """Where an earlier request stands: all that may be told to whoever gives its reference.

    ``day`` and ``moment`` are those of an appointment.
    """

    reference: str
    type: str
    form: str
    state: RequestStatus
    opened_at: datetime
    changed_at: datetime
    day: date | None = None
    moment: str = ""

    @classmethod
    def of_line(cls, row: Mapping[str, Any]) -> "RequestState":
        """Return the state of a record that was just kept."""
        opened = row["opened_at"]
        return cls(
            row["reference"], row["type"], row["form"], "open", opened, opened, _day(row), row["booked_moment"] or ""
        )


def _day(row: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(row["booked_day"] or "")
    except ValueError:
        return None


class Archive:
    """The stored journal. ``seal`` opens coordinates; without it they stay closed.

    ``files`` hold the sound of the messages left after the beep.
    """

    def __init__(self, database: Database, seal: Seal | None = None, files: VoiceFiles | None = None) -> None:
        self._database = database
        self._seal = seal
        self._files = files

    @property
    def database(self) -> Database:
        """The database it reads."""
        return self._database

    @property
    def seal(self) -> Seal | None:
        """What opens coordinates, if the keys are there."""
        return self._seal

    @property
    def files(self) -> VoiceFiles | None:
        """Where the sound of messages is."""
        return self._files

    async def find_request(self, reference: str, person: str | None = None) -> RequestState | None:
        """Return the latest request with this reference, ``None`` when there is none.

        Its digits alone are enough for a request of ``person`` (a pseudonym): a keypad has no letters.

        Raises:
            JournalAway: the database does not answer. So may every method here.
        """
        wanted = records.c.reference_key == reference_key(reference)
        if person is not None and reference.isdigit():
            wanted = wanted | ((records.c.person == person) & records.c.reference_key.endswith(reference))
        async with self._database.reading() as connection:
            row = (
                (await connection.execute(select(records).where(wanted).order_by(records.c.opened_at.desc()).limit(1)))
                .mappings()
                .first()
            )
        if row is None:
            return None
        return RequestState(
            row["reference"],
            row["type"],
            row["form"],
            row["state"],
            row["opened_at"],
            row["changed_at"],
            _day(dict(row)),
            row["booked_moment"] or "",
        )

    async def booked(self, form: str, day: date, moment: str) -> set[str]:
        """Return the ids of the appointments made with ``form`` for that day and moment, cancelled ones left out."""
        query = select(records.c.id).where(
            records.c.form == form,
            records.c.booked_day == day.isoformat(),
            records.c.booked_moment == moment,
            records.c.state != "cancelled",
        )
        async with self._database.reading() as connection:
            return set(await connection.scalars(query))

    async def preferences(self, person: str) -> dict[str, str]:
        """Return the preferences of a pseudonym, by name.

        Under ``SUBSCRIBED``, the commune of which they agreed to be told the news (empty: all), if they did.
        """
        query = select(preferences.c.name, preferences.c.value).where(preferences.c.person == person)
        agreed = select(literal(SUBSCRIBED), consents.c.commune).where(
            consents.c.person == person, consents.c.purpose == "information"
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.union_all(agreed))).all()
        return {row.name: row.value for row in rows}

    async def report(self, first: date, last: date, only: Mapping[str, str] | None = None) -> Report:
        """Return the figures of the days from ``first`` to ``last``, both included, of the contacts ``only`` keeps.

        Raises:
            ValueError: ``only`` names something that figures cannot be narrowed by.
        """
        return await report(self._database, first, last, only)

    async def comments(self, first: date, last: date, only: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the last words left to the survey in a period (see ``read_comments``).

        Raises:
            ValueError: ``only`` names something that figures cannot be narrowed by.
        """
        async with self._database.reading() as connection:
            return await read_comments(connection, first, last, only)

    async def purge(self, now: datetime, periods: Retention) -> dict[str, int]:
        """Delete what is past its period at ``now``; return how many of each kind were."""
        before = now - timedelta(days=periods.voices)
        async with self._database.writing() as connection:
            past = list(await connection.scalars(select(voices.c.voice).where(voices.c.kept_at < before)))
            counts = await purge(connection, now, periods)
        await self._database.forget_deleted()
        counts["voice_files"] = await asyncio.to_thread(self._remove, past, before.astimezone(PARIS).date())
        return counts

    async def coordinates(self, record: str) -> dict[str, str]:
        """Return how to reach the person of record ``record``; empty when nothing was left or it was purged.

        Raises:
            KeyTrouble: they were encrypted with another key.
        """
        query = select(coordinates.c.token).where(coordinates.c.record_id == record)
        async with self._database.reading() as connection:
            token = await connection.scalar(query)
        return {} if token is None or self._seal is None else self._seal.open(token)

    async def act(self, who: str, action: str, subject: str, at: datetime, detail: Mapping[str, Any]) -> None:
        """Keep what a supervisor did to ``subject``."""
        row = {"who": who, "action": action, "subject": subject, "at": at, "detail": dict(detail)}
        async with self._database.writing() as connection:
            await connection.execute(insert(actions), row)

    async def set_state(self, record: str, state: RequestStatus, who: str, at: datetime) -> bool:
        """Move record ``record`` to ``state`` in the name of ``who``; return whether there is such a record."""
        change = update(records).where(records.c.id == record).values(state=state, changed_at=at)
        row = {"who": who, "action": "set_state", "subject": record, "at": at, "detail": {"state": state}}
        async with self._database.writing() as connection:
            if not (await connection.execute(change)).rowcount:
                return False
            await connection.execute(insert(actions), row)
            return True

    async def export_person(self, person: str) -> dict[str, Any]:
        """Return all that is kept of one pseudonym, as JSON values: the answer to a person who asks for their data.

        Raises:
            KeyTrouble: coordinates were encrypted with another key.
        """
        async with self._database.reading() as connection:
            mine = _contacts_of(person)
            found: dict[str, Any] = {"pseudonym": person}
            for name, table, query in (
                ("contacts", contacts, select(contacts).where(contacts.c.id.in_(mine)).order_by(contacts.c.started_at)),
                ("turns", turns, select(turns).where(turns.c.contact_id.in_(mine)).order_by(turns.c.at, turns.c.seq)),
                ("surveys", surveys, select(surveys).where(surveys.c.contact_id.in_(mine)).order_by(surveys.c.at)),
                ("records", records, _records_of(person).order_by(records.c.opened_at)),
                ("preferences", preferences, select(preferences).where(preferences.c.person == person)),
                ("consents", consents, select(consents).where(consents.c.person == person)),
                ("deliveries", outbox, _deliveries_of(person).order_by(outbox.c.queued_at)),
            ):
                found[name] = [_plain(table, row) for row in await connection.execute(query)]
            ids = [record["id"] for record in found["records"]]
            tokens = await connection.execute(select(coordinates).where(coordinates.c.record_id.in_(ids)))
            closed = {row.record_id: row.token for row in tokens}
            spoken = await connection.execute(select(voices).where(voices.c.record_id.in_(ids)))
            found["voices"] = [_plain(voices, row) for row in spoken]
        for voice in found["voices"]:
            await asyncio.to_thread(self._open_voice, voice)
        for record in found["records"]:
            if self._seal is not None and record["id"] in closed:
                record["coordinates"] = self._seal.open(closed[record["id"]])
        for consent in found["consents"]:
            token = consent.pop("token")
            if self._seal is not None:
                consent["coordinates"] = self._seal.open(token)
        for delivery in found["deliveries"]:
            token = delivery.pop("token")
            if self._seal is not None and token:
                delivery["message"] = self._seal.open(token)
        return found

    async def erase_person(self, person: str) -> dict[str, int]:
        """Delete all that is kept of one pseudonym, on the disk too; return how many of each kind were.

        Raises:
            VoiceTrouble: the sound of a message cannot be deleted; the rows stay, so that it can be tried again.
        """
        mine = _contacts_of(person)
        counts: dict[str, int] = {}
        async with self._database.writing() as connection:
            ids = list(await connection.scalars(mine))
            own = list(await connection.scalars(_records_of(person).with_only_columns(records.c.id)))
            spoken = list(await connection.scalars(select(voices.c.voice).where(voices.c.record_id.in_(own))))
            letters = list(await connection.scalars(_deliveries_of(person).with_only_columns(outbox.c.id)))
            for name, removal in (
                ("deliveries", delete(outbox).where(outbox.c.id.in_(letters))),
                ("coordinates", delete(coordinates).where(coordinates.c.record_id.in_(own))),
                ("voices", delete(voices).where(voices.c.record_id.in_(own))),
                ("records", delete(records).where(records.c.id.in_(own))),
                ("turns", delete(turns).where(turns.c.contact_id.in_(ids))),
                ("surveys", delete(surveys).where(surveys.c.contact_id.in_(ids))),
                ("contacts", delete(contacts).where(contacts.c.id.in_(ids))),
                ("preferences", delete(preferences).where(preferences.c.person == person)),
                ("consents", delete(consents).where(consents.c.person == person)),
            ):
                counts[name] = (await connection.execute(removal)).rowcount
            if self._files is not None:
                counts["voice_files"] = await asyncio.to_thread(_erase, self._files, spoken)
        await self._database.forget_deleted()
        return counts

    def _remove(self, past: Sequence[str], before: date) -> int:
        """Delete the sound of ``past`` messages, and of those of earlier days that no row tells of."""
        files = self._files
        return 0 if files is None else sum(map(files.remove, past)) + files.purge(before)

    def _open_voice(self, voice: dict[str, Any]) -> None:
        """Put in ``voice``, for the person it is of, what was said and the sound itself (WAV in base 64).

        The sound is ``None`` when it cannot be read here: the rest is theirs all the same.
        """
        token = voice.pop("token")
        if self._seal is None or self._files is None:
            return
        voice["transcript"] = self._seal.open(token).get(TRANSCRIPT, "") if token else ""
        try:
            voice["wav"] = base64.b64encode(self._files.read(voice["voice"])).decode()
        except (VoiceTrouble, KeyTrouble) as error:
            log.error("the export goes without a sound: %s", error)
            voice["wav"] = None


def _erase(files: VoiceFiles, spoken: Sequence[str]) -> int:
    return sum(map(files.erase, spoken))


def _contacts_of(person: str) -> Select[tuple[str]]:
    """Return the ids of a person's contacts: from their number, or from a withheld one that left their number."""
    left = select(records.c.contact_id).where(records.c.person == person, records.c.contact_id.is_not(None))
    unnamed = (contacts.c.person.is_(None)) & contacts.c.id.in_(left)
    return select(contacts.c.id).where(or_(contacts.c.person == person, unnamed) if person else false())


def _records_of(person: str) -> Select[Any]:
    mine = select(contacts.c.id).where(contacts.c.person == person)
    theirs = (records.c.person.is_(None)) & records.c.contact_id.in_(mine)
    return select(records).where(or_(records.c.person == person, theirs) if person else false())


def _deliveries_of(person: str) -> Select[Any]:
    about = (
        outbox.c.about.in_(_contacts_of(person)),
        outbox.c.about.in_(_records_of(person).with_only_columns(records.c.id)),
    )
    return select(outbox).where(or_(outbox.c.person == person, *about) if person else false())


def _plain(table: Table, row: Row[Any]) -> dict[str, Any]:
    values = dict(zip(table.columns.keys(), row, strict=True))
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
