"""Decisions of teams' admins about walks: the walks that wait for one, those that stand, and who made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import Verdict
from milequest.store.sql.activities import STORED, Activity, StoredWalk, columns, stored_walk
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import GIVEN, INVITES_VISIBLE
from milequest.store.sql.team_pages import by_team
from milequest.store.sql.teams import COLUMNS as TEAM_COLUMNS
from milequest.store.sql.teams import MINE, Team
from milequest.store.sql.transaction import Reader, Tx
from milequest.store.sql.walk_scopes import awaits_ruling, is_rejected


@dataclass(frozen=True, slots=True)
class WalkRuling:
    """A standing decision, as the team's admins see it."""

    id: UUID
    team: Team
    activity: Activity
    verdict: Verdict
    reason: str | None
    ruled_at: datetime


@dataclass(frozen=True, slots=True)
class RuledWalk:
    """A walk an admin may decide about, its owner, and whether the team counts it."""

    stored: StoredWalk
    user_id: UUID
    is_counted: bool


@dataclass(frozen=True, slots=True)
class StandingRuling:
    """A decision that stands."""

    id: UUID
    verdict: Verdict
    reason: str | None


def _columns(team: Columns[Team] | None) -> Columns[WalkRuling]:
    return Columns(
        WalkRuling,
        id="d.id",
        team=team,
        activity=_WALK,
        verdict="d.verdict",
        reason="d.reason",
        ruled_at="d.created_at",
    )


_WALK = columns("$1")
_COLUMNS, _OF_KNOWN_TEAM = _columns(TEAM_COLUMNS), _columns(None)
_SHOWN_WALK = "JOIN activity a ON a.id = d.activity_id AND a.deleted_at IS NULL AND a.privacy = 'PUBLIC'"
_BY_IDS = f"""
SELECT {_COLUMNS}
FROM walk_ruling d {_SHOWN_WALK} JOIN app_user u ON u.id = a.user_id JOIN team t ON t.id = d.team_id {MINE}
WHERE d.id = ANY {GIVEN} AND d.ended_at IS NULL AND {INVITES_VISIBLE}
"""
_PAGES = f"""
SELECT t.id, {_OF_KNOWN_TEAM}
FROM team t CROSS JOIN LATERAL (
    SELECT d.* FROM walk_ruling d {_SHOWN_WALK}
    WHERE d.team_id = t.id AND d.ended_at IS NULL
        AND ($3::timestamptz IS NULL OR (d.created_at, d.id) < ($3, $4::uuid))
    ORDER BY d.created_at DESC, d.id DESC LIMIT $5
) d JOIN activity a ON a.id = d.activity_id JOIN app_user u ON u.id = a.user_id
WHERE t.id = ANY {GIVEN} AND {INVITES_VISIBLE}
ORDER BY d.created_at DESC, d.id DESC
"""
_FLAGGED = f"""
SELECT t.id, {_WALK}
FROM team t CROSS JOIN LATERAL (
    SELECT a.* FROM (SELECT DISTINCT user_id FROM team_member WHERE team_id = t.id) one
    JOIN activity a ON a.user_id = one.user_id AND {awaits_ruling("t.id")}
    WHERE $3::timestamptz IS NULL OR (a.started_at, a.id) < ($3, $4::uuid)
    ORDER BY a.started_at DESC, a.id DESC LIMIT $5
) a JOIN app_user u ON u.id = a.user_id
WHERE t.id = ANY {GIVEN} AND {INVITES_VISIBLE}
ORDER BY a.started_at DESC, a.id DESC
"""
_OWNER = "SELECT user_id FROM activity WHERE id = $1 AND deleted_at IS NULL AND privacy = 'PUBLIC'"
_RULABLE = f"""
SELECT {STORED}, EXISTS (SELECT FROM contribution c WHERE c.activity_id = a.id AND c.team_id = $2) AS is_counted
FROM activity a
WHERE a.id = $1 AND a.deleted_at IS NULL AND a.privacy = 'PUBLIC'
    AND (EXISTS (SELECT FROM contribution c WHERE c.activity_id = a.id AND c.team_id = $2)
        OR {awaits_ruling("$2")} OR {is_rejected("$2")})
"""
_STANDING = """
SELECT id, verdict, reason FROM walk_ruling
WHERE activity_id = $1 AND team_id = $2 AND ended_at IS NULL AND (verdict = 'NOTES_HIDDEN') = $3
"""
_INSERT = """
INSERT INTO walk_ruling (id, team_id, activity_id, verdict, reason, ruled_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_END = "UPDATE walk_ruling SET ended_by = $2, ended_at = $3 WHERE id = $1"
_END_APPROVALS = """
UPDATE walk_ruling SET ended_at = $2 WHERE activity_id = $1 AND ended_at IS NULL AND verdict = 'APPROVED'
"""


async def by_ids(db: Reader, viewer: Viewer, ruling_ids: list[UUID]) -> dict[UUID, WalkRuling]:
    """Return the standing decisions among `ruling_ids` that the viewer may see, by id."""
    return {one.id: one for one in map(_COLUMNS.from_row, await db.fetch(_BY_IDS, viewer.user_id, ruling_ids))}


async def pages_of(
    db: Reader, viewer: Viewer, teams: Sequence[Team], after: tuple[datetime, UUID] | None, limit: int
) -> dict[UUID, list[WalkRuling]]:
    """Return up to `limit` standing decisions of each team, newest first, that follow the key `after`.

    None of a team whose admin the viewer isn't, and none about a walk that is deleted or private by now.
    """
    given = [team.id for team in teams], *(after or (None, None)), limit
    return by_team(await db.fetch(_PAGES, viewer.user_id, *given), teams, _OF_KNOWN_TEAM)


async def flagged_pages_of(
    db: Reader, viewer: Viewer, teams: Sequence[Team], after: tuple[datetime, UUID] | None, limit: int
) -> dict[UUID, list[Activity]]:
    """Return up to `limit` walks of each team that wait for a decision, the newest first, that follow `after`."""
    pages: dict[UUID, list[Activity]] = {}
    ids = [team.id for team in teams]
    for row in await db.fetch(_FLAGGED, viewer.user_id, ids, *(after or (None, None)), limit):
        pages.setdefault(row[0], []).append(_WALK.from_row(row, 1))
    return pages


async def owner_of(db: Reader, activity_id: UUID) -> UUID | None:
    """Return whose public walk it is; that never changes, so nothing is locked."""
    owner: UUID | None = await db.fetchval(_OWNER, activity_id)
    return owner


async def rulable(tx: Tx, activity_id: UUID, team_id: UUID, user_id: UUID) -> RuledWalk | None:
    """Return a walk that the team's admins may decide about. The caller has locked its owner and the team."""
    row = await tx.fetchrow(_RULABLE, activity_id, team_id)
    if row is None:
        return None
    columns = dict(row)
    is_counted = columns.pop("is_counted")
    return RuledWalk(stored_walk(columns), user_id, is_counted)


async def standing(tx: Tx, activity_id: UUID, team_id: UUID, *, of_notes: bool) -> StandingRuling | None:
    """Return the team's decision about the walk, or about its notes."""
    row = await tx.fetchrow(_STANDING, activity_id, team_id, of_notes)
    return None if row is None else StandingRuling(row[0], Verdict(row[1]), row[2])


async def insert(
    tx: Tx,
    ruling_id: UUID,
    team_id: UUID,
    activity_id: UUID,
    verdict: Verdict,
    reason: str | None,
    admin_id: UUID,
    now: datetime,
) -> None:
    """Store a decision; none of its kind stands."""
    await tx.execute(_INSERT, ruling_id, team_id, activity_id, verdict, reason, admin_id, now)


async def end(tx: Tx, ruling_id: UUID, admin_id: UUID, now: datetime) -> None:
    """End a decision that stands."""
    await tx.execute(_END, ruling_id, admin_id, now)


async def end_approvals(tx: Tx, activity_id: UUID, now: datetime) -> None:
    """End every team's approval of a walk, whose amounts are other ones now."""
    await tx.execute(_END_APPROVALS, activity_id, now)
