"""What a OneRoster export told: opaque ids, and an imprint that dies with the person.

Revision: 0007, after: 0006
"""

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "exported_ids",
        sa.Column("ident", sa.String(40), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("imprint_ct", sa.LargeBinary(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ident", name=op.f("pk_exported_ids")),
    )
