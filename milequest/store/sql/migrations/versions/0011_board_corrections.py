"""when a board that was final has changed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "board_correction",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "period IN ('DAY', 'WEEK', 'MONTH', 'ALL_TIME', 'GOAL')", name=op.f("ck_board_correction_period")
        ),
        sa.PrimaryKeyConstraint("owner_id", "period", "starts_on", name=op.f("pk_board_correction")),
    )


def downgrade() -> None:
    op.drop_table("board_correction")
