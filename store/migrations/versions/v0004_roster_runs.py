"""What a roster run came from, why it is held, what it holds sealed, and where the source stood.

Revision: 0004, after: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    for column in (
        sa.Column("kind", sa.String(40), server_default="csv", nullable=False),
        sa.Column("complete", sa.Boolean(), server_default="1", nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("why", sa.String(200)),
        sa.Column("mark", sa.String(400)),
        sa.Column("content_ct", sa.LargeBinary()),
        sa.Column("content_due_on", sa.Date()),
    ):
        op.add_column("roster_runs", column)
    op.create_index("ix_roster_runs_content_due_on", "roster_runs", ["content_due_on"], unique=False)
