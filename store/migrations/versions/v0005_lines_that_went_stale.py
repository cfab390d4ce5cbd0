"""What was not done stays on the work list; a line whose values changed after somebody opened it.

Revision: 0005, after: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards. A line that was signed as not done was closed before: it is open again, and nobody was shown it."""
    op.add_column("worklist_lines", sa.Column("stale", sa.Boolean(), server_default="0", nullable=False))
    lines = sa.table("worklist_lines", *map(sa.column, ("kind", "state", "signed_as", "pupil_id", "shown")))
    undone = (lines.c.kind != "remove") & (lines.c.signed_as == "not_done")
    op.execute(sa.update(lines).where(undone).values(shown=sa.false()))
    again = undone & (lines.c.state == "signed") & lines.c.pupil_id.is_not(None)
    op.execute(sa.update(lines).where(again).values(state="open"))
