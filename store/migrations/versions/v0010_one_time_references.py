"""One-time references in letters to guardians: keyed digests, whose, until when, and which form spent them.

Revision: 0010, after: 0009
"""

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "one_time_references",
        sa.Column("code", sa.LargeBinary(32), nullable=False),
        sa.Column("pupil_id", sa.String(28), nullable=False),
        sa.Column("guardian", sa.LargeBinary(32), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("spent_at", UtcDateTime()),
        sa.Column("spent_by", sa.String(28)),
        sa.ForeignKeyConstraint(
            ["pupil_id"], ["pupils.id"], name=op.f("fk_one_time_references_pupil_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_one_time_references")),
    )
    op.create_index("ix_one_time_references_pupil_id", "one_time_references", ["pupil_id"], unique=False)
    op.create_index("ix_one_time_references_expires_on", "one_time_references", ["expires_on"], unique=False)
