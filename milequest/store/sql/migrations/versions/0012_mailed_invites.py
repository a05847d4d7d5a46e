"""when an invite was mailed, and invites by their address."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("team_invite", sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_team_invite_address",
        "team_invite",
        ["email_key", "created_at", "id"],
        postgresql_where=sa.text("email_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_team_invite_address", table_name="team_invite")
    op.drop_column("team_invite", "mailed_at")
