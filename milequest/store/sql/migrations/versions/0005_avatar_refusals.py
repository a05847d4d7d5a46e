"""avatar refusals."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "avatar_refusal",
        sa.Column("user_id", sa.Uuid(), nullable=False, comment="who sent it: the latest alone is kept"),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True, comment="whose it was to be; null for their own"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_avatar_refusal_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_avatar_refusal_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_avatar_refusal")),
    )
