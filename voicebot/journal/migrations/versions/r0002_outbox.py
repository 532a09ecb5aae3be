"""Messages to the outside, and what is to be announced there.

This file says what the tables were at that step: it never follows later changes of ``schema``.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("queued_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False, server_default="waiting"),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.String(), nullable=False, server_default=""),
        sa.Column("settled_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_about", "outbox", ["about"])
    op.create_index("ix_outbox_person", "outbox", ["person"])
    op.create_index("ix_outbox_settled_at", "outbox", ["settled_at"])
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at"])
    op.create_table(
        "announcements",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_announcements"),
    )
    op.create_index("ix_announcements_at", "announcements", ["at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("announcements")
    op.drop_table("outbox")
