"""A team's list of walks: the public ones that count for it, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import ActivityType
from milequest.store.sql.activities import LAST, Activity, columns
from milequest.store.sql.scopes import GIVEN, shown
from milequest.store.sql.transaction import Reader


@dataclass(frozen=True, slots=True)
class TeamCriteria:
    """Filter of a team's walks; None leaves a field open."""

    from_: date | None = None
    to: date | None = None
    types: Sequence[ActivityType] | None = None
    user_id: UUID | None = None


FIRST_ZONE, LAST_ZONE = timedelta(hours=14), timedelta(hours=12)  # before and after UTC: a day lasts 50 hours on earth

_SHOWN = shown("c.team_id", "c.user_id")
_COLUMNS, _COLUMNS_BY_ID = columns("$10"), columns("$3")
_CARDS = """
SELECT %s FROM contribution c JOIN activity a ON a.id = c.activity_id JOIN app_user u ON u.id = a.user_id"""
# A page is read along an index of instants: the team's, or the walker's own. Between the instants $5 and $6 all days
# of the filter begin and end somewhere; `local_date` then decides.
_PAGE = f"""
WHERE c.team_id = $1 AND c.is_public AND a.deleted_at IS NULL AND {_SHOWN}
  AND (%(start)s, %(id)s) < ($2, $3) AND %(start)s >= $5 AND %(start)s < $6
  AND c.local_date BETWEEN $7 AND $8 AND ($9::text[] IS NULL OR a.type = ANY ($9)) %(whose)s
ORDER BY %(start)s DESC, %(id)s DESC LIMIT $4
"""
_FEED = _CARDS % _COLUMNS + _PAGE % {"start": "c.started_at", "id": "c.activity_id", "whose": ""}
_FEED_OF_USER = _CARDS % _COLUMNS + _PAGE % {"start": "a.started_at", "id": "a.id", "whose": "AND a.user_id = $11"}
_IN_TEAM = f"""{_CARDS % _COLUMNS_BY_ID}
WHERE c.team_id = $1 AND c.activity_id = ANY {GIVEN} AND c.is_public AND a.deleted_at IS NULL AND {_SHOWN}
"""


def _instants(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the instants between which these days begin and end anywhere, as far as the calendar goes."""
    lowest, highest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    begins = datetime.combine(first, time(), UTC)
    ends = datetime.combine(last, time(), UTC)
    after = timedelta(days=1) + LAST_ZONE
    return (
        lowest if begins - lowest < FIRST_ZONE else begins - FIRST_ZONE,
        highest if highest - ends < after else ends + after,
    )


def parameters(
    viewer: Viewer, team_id: UUID, after: tuple[object, ...] | None, limit: int, only: TeamCriteria
) -> tuple[object, ...]:
    """Return the parameters of a page, in their order, without the walker's."""
    first, last = only.from_ or date.min, only.to or date.max
    types = None if only.types is None else list(only.types)
    return (team_id, *(after or LAST), limit, *_instants(first, last), first, last, types, viewer.user_id)


async def of_team(
    db: Reader,
    viewer: Viewer,
    team_id: UUID,
    after: tuple[object, ...] | None,
    limit: int,
    only: TeamCriteria = TeamCriteria(),
) -> list[Activity]:
    """Return the team's public, counted walks, newest first. The caller has asked the policy."""
    given = parameters(viewer, team_id, after, limit, only)
    if only.user_id is None:
        return [_COLUMNS.from_row(row) for row in await db.fetch(_FEED, *given)]
    return [_COLUMNS.from_row(row) for row in await db.fetch(_FEED_OF_USER, *given, only.user_id)]


async def in_team(db: Reader, viewer: Viewer, team_id: UUID, activity_ids: list[UUID]) -> dict[UUID, Activity]:
    """Return those of the walks that are in the team's list, by id."""
    rows = await db.fetch(_IN_TEAM, team_id, activity_ids, viewer.user_id)
    return {activity.id: activity for activity in map(_COLUMNS_BY_ID.from_row, rows)}
