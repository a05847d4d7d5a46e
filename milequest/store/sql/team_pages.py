"""Pages of what belongs to teams, such as members: the rows of one statement for many teams, sorted by team."""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from milequest.store.sql.columns import Columns, Row
from milequest.store.sql.teams import Team

T = TypeVar("T")


def by_team(rows: Iterable[Row], teams: Sequence[Team], columns: Columns[T]) -> dict[UUID, list[T]]:
    """Return the items of each team that has some, in the rows' order: a row is the team's id, then `columns`.

    `columns` lack the team, which is given.
    """
    known = {team.id: team for team in teams}
    pages: dict[UUID, list[T]] = {}
    for row in rows:
        pages.setdefault(row[0], []).append(columns.from_row(row, 1, team=known[row[0]]))
    return pages
