"""Look-up values by key epoch; an audit row that nobody changes or removes by accident.

Revision: 0002, after: 0001
"""

import sqlalchemy as sa
from alembic import op

from store.audit_guard import guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.add_column("guardians", sa.Column("bucket_epoch", sa.Integer(), server_default="1", nullable=False))
    op.create_index("ix_guardians_bucket_epoch", "guardians", ["bucket_epoch"], unique=False)
    guard(op.get_bind())
