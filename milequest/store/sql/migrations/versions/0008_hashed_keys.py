"""hashed keys."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("DELETE FROM idempotency_key WHERE outcome ? 'code'")  # of an invite, in plain text
    # Other rows keep their plain key for their day: the code before this goes on finding them, and so does this one's.
    op.alter_column("idempotency_key", "key", existing_type=sa.Text(), comment="a hash of it")
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
