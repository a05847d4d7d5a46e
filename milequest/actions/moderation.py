"""Decisions of a team's admins about its members' walks. Locks: the walk's owner, the team, then those of counting."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions.activities import amounts_of
from milequest.actions.contributions import count
from milequest.rules.access import Viewer, refuse_unless_admin
from milequest.rules.enums import CountStatus, EventKind, Verdict
from milequest.rules.errors import require
from milequest.rules.events import team_event
from milequest.rules.ids import new_id
from milequest.store.sql import rulings, teams, users
from milequest.store.sql.rulings import RuledWalk
from milequest.store.sql.transaction import Tx


@dataclass(frozen=True, slots=True)
class Ruled:
    """A walk that was decided about, its team, and the goals whose totals that changed."""

    activity_id: UUID
    team_id: UUID
    goal_ids: tuple[UUID, ...] = ()


async def reject_walk(tx: Tx, admin_id: UUID, now: datetime, team_id: UUID, activity_id: UUID, reason: str) -> Ruled:
    """Count a walk for the team no longer; its owner sees the reason. Raises NOT_FOUND, FORBIDDEN.

    A walk that is rejected already gets the reason; what a finalised goal has counted stays.
    """
    walk = await _lock(tx, admin_id, team_id, activity_id)
    return await _decide(tx, admin_id, now, team_id, walk, Verdict.REJECTED, reason)


async def approve_walk(tx: Tx, admin_id: UUID, now: datetime, team_id: UUID, activity_id: UUID) -> Ruled:
    """Count a FLAGGED or rejected walk for the team; one that counts stays as it is. Raises NOT_FOUND, FORBIDDEN.

    A walk of a membership that an admin has ended can't count again.
    """
    walk = await _lock(tx, admin_id, team_id, activity_id)
    verdict = Verdict.APPROVED if walk.stored.count_status is CountStatus.FLAGGED else None
    return await _decide(tx, admin_id, now, team_id, walk, verdict, None)


async def hide_notes(tx: Tx, admin_id: UUID, now: datetime, team_id: UUID, activity_id: UUID, *, hidden: bool) -> Ruled:
    """Hide a walk's notes from the team's members, or show them again. Raises NOT_FOUND, FORBIDDEN."""
    walk = await _lock(tx, admin_id, team_id, activity_id)
    standing = await rulings.standing(tx, activity_id, team_id, of_notes=True)
    if hidden == (standing is not None):
        return Ruled(activity_id, team_id)
    if standing is not None:
        await rulings.end(tx, standing.id, admin_id, now)
    else:
        await rulings.insert(tx, new_id(now), team_id, activity_id, Verdict.NOTES_HIDDEN, None, admin_id, now)
    if walk.is_counted:
        tx.record(team_event(team_id, EventKind.ACTIVITY_CHANGED, activity_id, now))
    return Ruled(activity_id, team_id)


async def _lock(tx: Tx, admin_id: UUID, team_id: UUID, activity_id: UUID) -> RuledWalk:
    """Return the walk, its owner and the team locked, for an admin who may decide about it."""
    viewer = Viewer(admin_id)
    owner_id = await rulings.owner_of(tx, activity_id)
    if owner_id is not None:
        await users.lock(tx, owner_id)
    team = require(await teams.lock(tx, viewer, team_id), "team")
    refuse_unless_admin(team.access_level(viewer), is_public=team.is_public)
    owner_id = require(owner_id, "activity")
    return require(await rulings.rulable(tx, activity_id, team_id, owner_id), "activity")


async def _decide(
    tx: Tx,
    admin_id: UUID,
    now: datetime,
    team_id: UUID,
    walk: RuledWalk,
    verdict: Verdict | None,
    reason: str | None,
) -> Ruled:
    """Let `verdict` stand, or none, and recount the walk for the team if that is new."""
    id = walk.stored.id
    standing = await rulings.standing(tx, id, team_id, of_notes=False)
    if (standing and (standing.verdict, standing.reason)) == (verdict and (verdict, reason)):
        return Ruled(id, team_id)
    if standing is not None:
        await rulings.end(tx, standing.id, admin_id, now)
    if verdict is not None:
        await rulings.insert(tx, new_id(now), team_id, id, verdict, reason, admin_id, now)
    counted = await count(tx, id, walk.user_id, amounts_of(walk.stored, walk.user_id), now, only_team=team_id)
    return Ruled(id, team_id, tuple(counted.goal_ids))
