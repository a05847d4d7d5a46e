"""what a removal from a team closes: bans, and invites whose code is older than it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ISSUED_AT = "when its present code was made, if it was renewed"


def upgrade() -> None:
    op.create_table(
        "team_ban",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("banned_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["banned_by"], ["app_user.id"], name=op.f("fk_team_ban_banned_by_app_user")),
        sa.ForeignKeyConstraint(["lifted_by"], ["app_user.id"], name=op.f("fk_team_ban_lifted_by_app_user")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_ban_team_id_team")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_team_ban_user_id_app_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_ban")),
    )
    standing = sa.text("lifted_at IS NULL")
    op.create_index("uq_team_ban_standing", "team_ban", ["team_id", "user_id"], unique=True, postgresql_where=standing)
    op.create_index("ix_team_ban_page", "team_ban", ["team_id", "created_at", "id"], postgresql_where=standing)
    op.create_index(
        "ix_team_member_removed",
        "team_member",
        ["team_id", "user_id"],
        postgresql_where=sa.text("left_reason = 'REMOVED'"),
    )
    op.add_column("team_invite", sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True, comment=ISSUED_AT))


def downgrade() -> None:
    op.drop_column("team_invite", "issued_at")
    op.drop_index("ix_team_member_removed", table_name="team_member")
    op.drop_table("team_ban")
