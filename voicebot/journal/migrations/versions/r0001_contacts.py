"""The first tables: contacts, turns, records and their coordinates, surveys, preferences, actions, keys.

This file says what the tables were at that step: it never follows later changes of ``schema``.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _contacts()
    _turns()
    _records()
    _surveys()
    op.create_table(
        "preferences",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("consented_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person", "name", name="pk_preferences"),
    )
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", _DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
    )
    op.create_table(
        "key_checks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_key_checks"),
    )
    _index("preferences", "consented_at")
    _index("actions", "at")


def downgrade() -> None:
    """Drop every table."""
    for table in ("key_checks", "actions", "preferences", "surveys", "coordinates", "records", "turns", "contacts"):
        op.drop_table(table)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _of_contact(table: str) -> tuple[Any, ...]:
    return (
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=f"fk_{table}_contact_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", "seq", name=f"pk_{table}"),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("called", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("theme", sa.String(), server_default="", nullable=False),
        sa.Column("sub_theme", sa.String(), server_default="", nullable=False),
        sa.Column("nature", sa.String(), server_default="", nullable=False),
        sa.Column("category", sa.String(), server_default="", nullable=False),
        sa.Column("commune", sa.String(), server_default="", nullable=False),
        sa.Column("transfer_target", sa.String(), nullable=True),
        sa.Column("transfer_result", sa.String(), nullable=True),
        sa.Column("mos", sa.Float(), nullable=True),
        sa.Column("quality", _DOCUMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
    )
    for column in ("run", "person", "started_at", "ended_at"):
        _index("contacts", column)
    counted = ["day", "hour", "channel", "outcome", "theme", "nature", "commune", "transfer_result"]
    op.create_index("ix_contacts_figures", "contacts", counted)


def _turns() -> None:
    op.create_table(
        "turns",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("t_s", sa.Float(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("intent", sa.String(), nullable=True),
        sa.Column("entities", _DOCUMENT, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("understood", sa.Boolean(), nullable=True),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("delay_ms", sa.Integer(), nullable=True),
        sa.Column("parts_ms", _DOCUMENT, nullable=True),
        *_of_contact("turns"),
    )
    _index("turns", "day", "delay_ms")
    _index("turns", "day", "intent", "understood")


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("reference_key", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("slots", _DOCUMENT, nullable=False),
        sa.Column("booked_day", sa.String(), nullable=True),
        sa.Column("booked_moment", sa.String(), nullable=True),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_records_contact_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
    )
    for column in ("contact_id", "reference_key", "person", "opened_at", "changed_at"):
        _index("records", column)
    _index("records", "form", "booked_day", "booked_moment")
    op.create_table(
        "coordinates",
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("kept_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_coordinates_record_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record_id", name="pk_coordinates"),
    )
    _index("coordinates", "kept_at")


def _surveys() -> None:
    op.create_table(
        "surveys",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        *_of_contact("surveys"),
    )
    _index("surveys", "day")
