"""Warnings ahead of an erasure, each once; the submission that a shred line is about.

Revision: 0008, after: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "warnings",
        sa.Column("subject_id", sa.String(length=28), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about_on", sa.Date(), nullable=False),
        sa.Column("days_ahead", sa.SmallInteger(), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "kind", "about_on", "days_ahead", name=op.f("pk_warnings")),
    )
    op.create_index("ix_warnings_about_on", "warnings", ["about_on"], unique=False)
    op.add_column("worklist_lines", sa.Column("submission_id", sa.String(length=28), nullable=True))
    op.create_index("ix_worklist_lines_submission_id", "worklist_lines", ["submission_id"], unique=False)
