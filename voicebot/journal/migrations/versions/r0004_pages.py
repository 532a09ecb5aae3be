"""What the pages of supervisors need: users and sessions, the follow-up of records, notices, proposals.

This file says what the tables were at that step: it never follows later changes of ``schema``.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_SEARCHED = ("commune", "theme", "outcome", "channel")

_SQLITE_WORDS = (
    "CREATE VIRTUAL TABLE turn_words USING fts5("
    "heard, contact_id UNINDEXED, tokenize = 'unicode61 remove_diacritics 2', prefix = '3')",
    "INSERT INTO turn_words (rowid, heard, contact_id) SELECT rowid, heard, contact_id FROM turns WHERE heard <> ''",
    "CREATE TRIGGER turn_words_added AFTER INSERT ON turns WHEN new.heard <> '' BEGIN "
    "INSERT INTO turn_words (rowid, heard, contact_id) VALUES (new.rowid, new.heard, new.contact_id); END",
    "CREATE TRIGGER turn_words_removed AFTER DELETE ON turns WHEN old.heard <> '' BEGIN "
    "DELETE FROM turn_words WHERE rowid = old.rowid; END",
    "CREATE TRIGGER turn_words_changed AFTER UPDATE OF heard ON turns BEGIN "
    "DELETE FROM turn_words WHERE rowid = old.rowid; "
    "INSERT INTO turn_words (rowid, heard, contact_id) VALUES (new.rowid, new.heard, new.contact_id); END",
)


def upgrade() -> None:
    """Make the tables, and the columns of records."""
    op.add_column("records", sa.Column("assignee", sa.String(), nullable=True))
    op.add_column("records", sa.Column("due_day", sa.String(), nullable=True))
    op.create_index("ix_records_state_opened_at", "records", ["state", "opened_at"])
    for column in _SEARCHED:
        op.create_index(f"ix_contacts_{column}_started_at", "contacts", [column, "started_at"])
    _people()
    _comments()
    _notices()
    _proposals()
    if op.get_bind().dialect.name == "sqlite":
        for statement in _SQLITE_WORDS:
            op.execute(statement)
    else:
        op.execute("CREATE INDEX ix_turns_words ON turns USING gin (to_tsvector('simple'::regconfig, heard))")


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("added", "removed", "changed"):
            op.execute(f"DROP TRIGGER turn_words_{name}")
        op.drop_table("turn_words")
    else:
        op.drop_index("ix_turns_words", "turns")
    for table in ("proposals", "notices", "comments", "sessions", "users"):
        op.drop_table(table)
    for column in _SEARCHED:
        op.drop_index(f"ix_contacts_{column}_started_at", "contacts")
    op.drop_index("ix_records_state_opened_at", "records")
    op.drop_column("records", "due_day")
    op.drop_column("records", "assignee")


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("login", name="pk_users"),
    )
    op.create_table(
        "sessions",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["login"], ["users.login"], name="fk_sessions_login", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name="pk_sessions"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"])
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"])


def _comments() -> None:
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_comments_record_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_record_id", "comments", ["record_id"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("communes", _DOCUMENT, nullable=False),
        sa.Column("first_day", sa.String(), nullable=False),
        sa.Column("last_day", sa.String(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.Column("sent", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_last_day", "notices", ["last_day"])


def _proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", _MOMENT, nullable=False),
        sa.Column("reviewed_by", sa.String(), nullable=True),
        sa.Column("reviewed_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
    )
    op.create_index("ix_proposals_state", "proposals", ["state"])
