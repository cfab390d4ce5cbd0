"""Who says that a pupil is protected, and which lines only the restricted role sees.

Revision: 0003, after: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards. So far only the roster could say it."""
    op.create_table(
        "protections",
        sa.Column("pupil_id", sa.String(length=28), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.String(length=80), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupils.id"], name=op.f("fk_protections_pupil_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pupil_id", "source", name=op.f("pk_protections")),
    )
    op.add_column("worklist_lines", sa.Column("restricted", sa.Boolean(), server_default="0", nullable=False))
    op.execute(
        "INSERT INTO protections (pupil_id, source, since)"
        " SELECT id, 'roster', CURRENT_TIMESTAMP FROM pupils WHERE shielded"
    )
    op.execute(
        "UPDATE worklist_lines SET restricted = (kind = 'remove' AND state = 'open')"
        " WHERE pupil_id IN (SELECT id FROM pupils WHERE shielded)"
    )
