"""What the night finds out about stored links, until a person has looked.

Revision: 0006, after: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "findings",
        sa.Column("id", sa.String(length=28), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("pupil_id", sa.String(length=28), nullable=False),
        sa.Column("guardian_id", sa.String(length=28), nullable=True),
        sa.Column("fact", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=40), server_default="open", nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("closed_as", sa.String(length=40), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupils.id"], name=op.f("fk_findings_pupil_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint("fact", name=op.f("uq_findings_fact")),
    )
    for column in ("guardian_id", "pupil_id", "state"):
        op.create_index(op.f(f"ix_findings_{column}"), "findings", [column])
