"""What people were asked when they agreed to be told of news, and of which commune; the parts of a new subject.

This file says what the tables were at that step: it never follows later changes of ``schema``.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None

_DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the columns."""
    op.add_column("consents", sa.Column("commune", sa.String(), nullable=False, server_default=""))
    op.add_column("consents", sa.Column("wording", sa.Text(), nullable=False, server_default=""))
    op.add_column("proposals", sa.Column("detail", _DOCUMENT, nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("proposals", "detail")
    op.drop_column("consents", "wording")
    op.drop_column("consents", "commune")
