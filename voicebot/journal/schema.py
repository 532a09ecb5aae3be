"""The tables of the journal. ``migrations`` builds them; a test keeps the two alike.

Moments are stored in UTC. ``day`` (ISO) and ``hour`` are those of the wall in Paris, kept beside so that figures are
counted by the clock people live by, the same way on every database. Rows of turns and surveys die with their contact;
a record outlives it, because a ticket may be open longer than a transcript is kept.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON value."""


class Moment(TypeDecorator[datetime]):
    """A moment with its zone, stored in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store it in UTC; SQLite, which knows no zone, gets it without."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        moved = value.astimezone(UTC)
        return moved.replace(tzinfo=None) if dialect.name == "sqlite" else moved

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give it back in UTC, with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


FIGURES = ("day", "hour", "channel", "outcome", "theme", "nature", "commune", "transfer_result")
"""The columns of contacts that are counted: their index holds them all, so that figures are read from it alone."""


def _contact_key() -> Column[Any]:
    return Column("contact_id", String, ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)


contacts = Table(
    "contacts",
    metadata,
    Column("id", String, primary_key=True),
    Column("run", String, nullable=False, index=True),
    Column("call", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("called", String, nullable=False),
    Column("person", String),
    Column("profile", String, nullable=False),
    Column("started_at", Moment, nullable=False, index=True),
    Column("day", String, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("ended_at", Moment, index=True),
    Column("duration_s", Float),
    Column("outcome", String),
    Column("theme", String, nullable=False, server_default=""),
    Column("sub_theme", String, nullable=False, server_default=""),
    Column("nature", String, nullable=False, server_default=""),
    Column("category", String, nullable=False, server_default=""),
    Column("commune", String, nullable=False, server_default=""),
    Column("transfer_target", String),
    Column("transfer_result", String),
    Column("mos", Float),
    Column("quality", Document),
    Index("ix_contacts_figures", *FIGURES),
    Index(None, "person", "theme", "started_at"),
    Index(None, "commune", "started_at"),
    Index(None, "theme", "started_at"),
    Index(None, "outcome", "started_at"),
    Index(None, "channel", "started_at"),
    Index(None, "category", "started_at"),
)
"""One contact. ``person`` is the caller's pseudonym; ``run`` the process that followed the contact."""

facts = Table(
    "facts",
    metadata,
    Column("kind", String, primary_key=True),
    Column("period", String, primary_key=True),
    Column("block", LargeBinary, nullable=False),
)
"""What figures need of a day or a month that is over, by column; triggers remove it with any change (see ``facts``)."""

turns = Table(
    "turns",
    metadata,
    _contact_key(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("day", String, nullable=False),
    Column("t_s", Float),
    Column("channel", String, nullable=False),
    Column("heard", Text, nullable=False),
    Column("confidence", Float),
    Column("intent", String),
    Column("entities", Document, nullable=False),
    Column("said", Text, nullable=False),
    Column("understood", Boolean),
    Column("interrupted", Boolean, nullable=False),
    Column("delay_ms", Integer),
    Column("parts_ms", Document),
    Index(None, "day", "delay_ms"),
    Index(None, "day", "intent", "understood"),
)
"""One turn of a contact: what was heard, what was made of it, what was said."""

records = Table(
    "records",
    metadata,
    Column("id", String, primary_key=True),
    Column("contact_id", String, ForeignKey("contacts.id", ondelete="SET NULL"), index=True),
    Column("seq", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("reference_key", String, nullable=False, index=True),
    Column("form", String, nullable=False),
    Column("profile", String, nullable=False),
    Column("person", String, index=True),
    Column("slots", Document, nullable=False),
    Column("booked_day", String),
    Column("booked_moment", String),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("state", String, nullable=False, server_default="open"),
    Column("changed_at", Moment, nullable=False, index=True),
    Column("assignee", String),
    Column("due_day", String),
    Index(None, "form", "booked_day", "booked_moment"),
    Index(None, "state", "opened_at"),
)
"""A ticket, appointment, callback or message. ``state``: ``open``, ``assigned``, ``done`` or ``cancelled``.

``assignee`` is the login of who deals with it, ``due_day`` (ISO) when it should be done.
"""

coordinates = Table(
    "coordinates",
    metadata,
    Column("record_id", String, ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    Column("token", Text, nullable=False),
    Column("kept_at", Moment, nullable=False, index=True),
)
"""How to reach the person of a record, encrypted."""

voices = Table(
    "voices",
    metadata,
    Column("record_id", String, ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    Column("voice", String, nullable=False),
    Column("kept_at", Moment, nullable=False, index=True),
    Column("duration_s", Float, nullable=False),
    Column("ended", String, nullable=False),
    Column("state", String, nullable=False, index=True, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("token", Text, nullable=False, server_default=""),
)
"""A message left after the beep. ``voice`` is its sound among ``VoiceFiles``, ``token`` its transcription, encrypted.

``ended``: ``key``, ``pause``, ``limit`` or ``hung_up``. ``state``: ``waiting`` to be transcribed, ``done``, ``failed``.
"""

surveys = Table(
    "surveys",
    metadata,
    _contact_key(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("day", String, nullable=False, index=True),
    Column("question", String, nullable=False),
    Column("score", Integer),
    Column("comment", Text, nullable=False),
)
"""One answer to the satisfaction survey."""

preferences = Table(
    "preferences",
    metadata,
    Column("person", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("consented_at", Moment, nullable=False, index=True),
)
"""How a person likes to be served, with the moment they agreed that we remember it."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("about", String, nullable=False, index=True),
    Column("person", String, index=True),
    Column("token", Text, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("state", String, nullable=False, server_default="waiting"),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("trouble", String, nullable=False, server_default=""),
    Column("settled_at", Moment, index=True),
    Index(None, "state", "due_at"),
)
"""One message to the outside. ``id`` is its idempotency key; ``token`` what it says, encrypted, empty once delivered.

``kind``: ``email``, ``sms`` or ``webhook``. ``name``: what may be shown of it (a subject without anybody's name, an
event). ``about``: the contact or record it tells of. ``state``: ``waiting``, ``sent`` or ``dead``.
"""

announcements = Table(
    "announcements",
    metadata,
    Column("kind", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
)
"""What was stored and is not announced to the outside yet: a ``record`` kept or a contact ``ended``, by its id."""

consents = Table(
    "consents",
    metadata,
    Column("person", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("consented_at", Moment, nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("token", Text, nullable=False),
    Column("commune", String, nullable=False, server_default=""),
    Column("wording", Text, nullable=False, server_default=""),
)
"""What a person agreed to be contacted for, by ``email``, ``sms`` or ``phone``; ``token`` is the address, encrypted.

``commune`` is the one they want news of (empty: not known), ``wording`` the very question they said yes to.
"""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("scopes", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)
"""A token of the REST API, without its secret; ``used_at`` is right to the hour."""

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Document, nullable=False),
)
"""What a supervisor did."""

key_checks = Table(
    "key_checks",
    metadata,
    Column("name", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
)
"""Which keys the stored data were written with."""

users = Table(
    "users",
    metadata,
    Column("login", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("password", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""Who may sign in to the pages. ``password`` is an argon2 hash."""

sessions = Table(
    "sessions",
    metadata,
    Column("key", String, primary_key=True),
    Column("login", String, ForeignKey("users.login", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, index=True),
)
"""Who is signed in. ``key`` is the SHA-256 of what the browser holds: the table alone opens no session."""

comments = Table(
    "comments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_id", String, ForeignKey("records.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("who", String, nullable=False),
    Column("text", Text, nullable=False),
)
"""What those who deal with a record wrote about it."""

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("profile", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("communes", Document, nullable=False),
    Column("first_day", String, nullable=False),
    Column("last_day", String, nullable=False, index=True),
    Column("withdrawn", Boolean, nullable=False),
    Column("who", String, nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("sent", Integer, nullable=False, server_default="0"),
)
"""Messages told without being asked, from ``first_day`` to ``last_day``; ``communes`` empty: to everybody."""

proposals = Table(
    "proposals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("profile", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("proposed_by", String, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("reviewed_by", String),
    Column("reviewed_at", Moment),
    Column("detail", Document),
)
"""Changes of a profile suggested on the pages. ``kind``: ``example`` of the intent ``target``, its ``answer``, or a new
``subject`` of which ``text`` is an example and ``detail`` holds the ``name`` and the ``answer``."""
