"""skeletons of teams' names."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from milequest.rules.errors import ValidationError
from milequest.rules.lookalikes import skeleton

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "team",
        sa.Column(
            "name_skeleton",
            sa.Text(collation="C"),
            nullable=True,
            comment="what the name looks like; null where an older team looks so",
        ),
    )
    _fill()
    op.create_index(
        "uq_team_live_name_skeleton",
        "team",
        ["name_skeleton"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_team_live_name_skeleton", table_name="team")
    op.drop_column("team", "name_skeleton")


def _fill() -> None:
    """Of live teams that look alike the oldest has the skeleton; the others keep their names."""
    connection = op.get_bind()
    known: set[str] = set()
    for team_id, name in connection.execute(
        sa.text("SELECT id, name FROM team WHERE deleted_at IS NULL ORDER BY created_at, id")
    ).all():
        try:
            looks = skeleton(name)
        except ValidationError:  # a name that nobody could take today
            continue
        if looks not in known:
            known.add(looks)
            connection.execute(
                sa.text("UPDATE team SET name_skeleton = :looks WHERE id = :id"), {"looks": looks, "id": team_id}
            )
