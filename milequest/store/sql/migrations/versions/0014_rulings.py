"""decisions of teams' admins about walks, and the walks that wait for one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_activity_flagged",
        "activity",
        ["user_id", "started_at"],
        postgresql_where=sa.text("count_status = 'FLAGGED' AND deleted_at IS NULL"),
    )
    op.create_table(
        "walk_ruling",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ruled_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True, comment="an admin; null where the walker's edit ended it"),
        sa.CheckConstraint("verdict IN ('APPROVED', 'REJECTED', 'NOTES_HIDDEN')", name=op.f("ck_walk_ruling_verdict")),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_walk_ruling_activity_id_activity"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["ended_by"], ["app_user.id"], name=op.f("fk_walk_ruling_ended_by_app_user")),
        sa.ForeignKeyConstraint(["ruled_by"], ["app_user.id"], name=op.f("fk_walk_ruling_ruled_by_app_user")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_walk_ruling_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walk_ruling")),
    )
    standing = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_walk_ruling_standing",
        "walk_ruling",
        ["activity_id", "team_id", sa.text("(verdict = 'NOTES_HIDDEN')")],
        unique=True,
        postgresql_where=standing,
    )
    op.create_index("ix_walk_ruling_page", "walk_ruling", ["team_id", "created_at", "id"], postgresql_where=standing)


def downgrade() -> None:
    op.drop_table("walk_ruling")
    op.drop_index("ix_activity_flagged", table_name="activity")
