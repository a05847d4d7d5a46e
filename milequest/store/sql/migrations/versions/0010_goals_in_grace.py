"""a team's next goal may begin during the grace of its last."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IS_REPLACED = "the next began in its grace"
CORRECTED = "COMPLETED, and short again"


def upgrade() -> None:
    op.alter_column("goal", "corrected", comment=CORRECTED)
    op.add_column(
        "goal",
        sa.Column("is_replaced", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment=IS_REPLACED),
    )
    op.create_index(
        "uq_goal_running",
        "goal",
        ["team_id"],
        unique=True,
        postgresql_where=sa.text("status = 'ACTIVE' AND NOT is_replaced"),
    )
    op.drop_index("uq_goal_active", table_name="goal")
    op.execute(  # stayed true when a later walk reached the target again
        "UPDATE goal SET corrected = false FROM goal_progress p"
        " WHERE p.goal_id = goal.id AND goal.corrected AND (goal.status <> 'COMPLETED' OR p.total_mm >= goal.target_mm)"
    )


def downgrade() -> None:
    op.execute("UPDATE goal SET status = 'FAILED' WHERE status = 'ACTIVE' AND is_replaced")  # one may be active
    op.create_index("uq_goal_active", "goal", ["team_id"], unique=True, postgresql_where=sa.text("status = 'ACTIVE'"))
    op.drop_index("uq_goal_running", table_name="goal")
    op.drop_column("goal", "is_replaced")
    op.alter_column("goal", "corrected", comment=None)
