"""Creating, changing and deleting teams."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from milequest.actions import members
from milequest.rules.access import Viewer, refuse_unless_admin
from milequest.rules.enums import EventKind, TeamRole
from milequest.rules.errors import ErrorCode, RateLimited, Refused, refuse_stale, require, unauthenticated
from milequest.rules.events import team_event
from milequest.rules.ids import new_id
from milequest.rules.instants import seconds_up
from milequest.rules.join_requests import takes_requests
from milequest.rules.teams import A_DAY, TEAMS_PER_DAY, NewTeam, refuse_below_present, refuse_unless_confirmed
from milequest.store.sql import contributions, entries, teams, users
from milequest.store.sql.teams import Team
from milequest.store.sql.transaction import Tx


@dataclass(frozen=True, slots=True)
class TeamCreated:
    """The new team and its founder's membership."""

    team_id: UUID
    member_id: UUID


@dataclass(frozen=True, slots=True)
class TeamUpdated:
    """The team that is as requested."""

    team_id: UUID


@dataclass(frozen=True, slots=True)
class TeamDeleted:
    """The team that was deleted."""

    deleted_team_id: UUID


async def create_team(tx: Tx, founder_id: UUID, now: datetime, new: NewTeam) -> TeamCreated:
    """Create a team; the founder is its first ADMIN.

    Raises CONFLICT when a live team has the name or the founder is in too many, RATE_LIMITED after ten in a day.
    """
    founder = await users.lock_profile(tx, founder_id)
    if founder is None:
        raise unauthenticated()
    founded = await teams.founded_since(tx, founder_id, now - A_DAY)
    if len(founded) >= TEAMS_PER_DAY:
        wait = founded[-TEAMS_PER_DAY] + A_DAY - now
        raise RateLimited(f"At most {TEAMS_PER_DAY} teams a day.", seconds_up(wait))
    team_id = new_id(now)
    try:
        await teams.insert(tx, team_id, new, founder_id, now)
    except asyncpg.UniqueViolationError:
        raise _name_taken() from None
    return TeamCreated(team_id, await members.admit(tx, team_id, founder, TeamRole.ADMIN, now))


async def update_team(
    tx: Tx,
    admin_id: UUID,
    now: datetime,
    team_id: UUID,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> TeamUpdated:
    """Change the fields in `changes` (see `rules.teams.team_changes`).

    Raises NOT_FOUND, FORBIDDEN, STALE_VERSION, CONFLICT for a name that is taken, VALIDATION_ERROR for fewer seats than
    members.
    """
    team = await lock_for_admin(tx, admin_id, team_id)
    refuse_stale(expected_version, team.version, "team")
    changed = replace(team, **changes)
    if changed == team:
        return TeamUpdated(team_id)
    if changed.max_members != team.max_members:
        refuse_below_present(changed.max_members, team.member_count)
    try:
        await teams.update(tx, changed, now)
    except asyncpg.UniqueViolationError:
        raise _name_taken() from None
    await _bump_boards(tx, admin_id, team, changed)
    if _is_asked(team) and not _is_asked(changed):
        await members.end_requests(tx, team_id, now)
    tx.record(team_event(team_id, EventKind.TEAM_CHANGED, team_id, now))
    return TeamUpdated(team_id)


async def _bump_boards(tx: Tx, admin_id: UUID, before: Team, after: Team) -> None:
    """Bump the boards that show a changed value: the team's own its days, boards of teams the card of a public team."""
    if (before.timezone, before.is_public) != (after.timezone, after.is_public):
        await contributions.bump_board_versions(tx, [after.id])
    if before.is_public != after.is_public:
        await entries.list_team(tx, after.id, is_public=after.is_public)
    if (before.is_public and _card(before)) != (after.is_public and _card(after)):
        await entries.bump_teams_board_version(tx, admin_id)


def _is_asked(team: Team) -> bool:
    return takes_requests(team.join_policy, is_public=team.is_public)


def _card(team: Team) -> tuple[str, str | None]:
    return team.name, team.avatar_url


async def delete_team(tx: Tx, admin_id: UUID, now: datetime, team_id: UUID, confirm_name: str) -> TeamDeleted:
    """Delete a team; its name is free again. Raises NOT_FOUND, FORBIDDEN, VALIDATION_ERROR for another name."""
    team = await lock_for_admin(tx, admin_id, team_id)
    refuse_unless_confirmed(team.name, confirm_name)
    await members.disband(tx, admin_id, team, now)
    return TeamDeleted(team_id)


async def lock_for_admin(tx: Tx, admin_id: UUID, team_id: UUID) -> Team:
    """Return the team, locked, for one of its admins. Raises NOT_FOUND, FORBIDDEN."""
    team = require(await teams.lock(tx, Viewer(admin_id), team_id), "team")
    refuse_unless_admin(team.access_level(Viewer(admin_id)), is_public=team.is_public)
    return team


def _name_taken() -> Refused:
    return Refused(ErrorCode.CONFLICT, "A team of this name exists, or of one that looks like it.")
