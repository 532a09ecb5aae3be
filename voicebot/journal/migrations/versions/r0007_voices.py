"""The messages left after the beep: where their sound is, and their transcription.

This file says what the table was at that step: it never follows later changes of ``schema``.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "voices",
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("kept_at", _MOMENT, nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("ended", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_voices_record_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record_id", name="pk_voices"),
    )
    op.create_index("ix_voices_kept_at", "voices", ["kept_at"])
    op.create_index("ix_voices_state", "voices", ["state"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("voices")
