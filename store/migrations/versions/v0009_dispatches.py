"""School information on paper: to whom a piece of it goes, ticked off by name.

Revision: 0009, after: 0008
"""

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "dispatches",
        sa.Column("id", sa.String(28), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
        sa.UniqueConstraint("code", name=op.f("uq_dispatches_code")),
    )
    op.create_table(
        "dispatch_lines",
        sa.Column("dispatch_id", sa.String(28), nullable=False),
        sa.Column("refusal_id", sa.String(28), nullable=False),
        sa.Column("ticked_by", sa.String(80)),
        sa.Column("ticked_at", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatches.id"], name=op.f("fk_dispatch_lines_dispatch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["refusal_id"], ["refusals.id"], name=op.f("fk_dispatch_lines_refusal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "refusal_id", name=op.f("pk_dispatch_lines")),
    )
    op.create_index("ix_dispatch_lines_refusal_id", "dispatch_lines", ["refusal_id"], unique=False)
