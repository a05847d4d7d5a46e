"""Joining, leaving and roles. Locks: the users whose membership changes, then the team."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.actions.activities import count_since
from milequest.rules.access import Viewer, refuse_unless_admin
from milequest.rules.enums import EventKind, JoinPolicy, LeftReason, TeamRole
from milequest.rules.errors import ErrorCode, Refused, forbidden, require, unauthenticated
from milequest.rules.events import team_event
from milequest.rules.ids import new_id
from milequest.rules.join_requests import takes_requests
from milequest.rules.teams import MEMBERSHIPS_MAX, counts_from, refuse_if_full, refuse_removed
from milequest.store.sql import bans, contributions, entries, goal_transitions, join_requests, members, teams, users
from milequest.store.sql.members import LastStay, MembershipKey, TeamMember
from milequest.store.sql.teams import Team
from milequest.store.sql.transaction import Tx
from milequest.store.sql.users import Profile

WALKS_ANNOUNCED = 50


@dataclass(frozen=True, slots=True)
class Joined:
    """A membership that began, and its team."""

    team_id: UUID
    member_id: UUID


@dataclass(frozen=True, slots=True)
class Left:
    """A membership that ended, and its team."""

    team_id: UUID
    member_id: UUID


@dataclass(frozen=True, slots=True)
class BanLifted:
    """A ban that was lifted, and its team."""

    ban_id: UUID
    team_id: UUID


@dataclass(frozen=True, slots=True)
class RoleSet:
    """A membership that has the requested role."""

    member_id: UUID


@dataclass(frozen=True, slots=True)
class CaptaincyTransferred:
    """The membership that is ADMIN now, and that of the admin who made it so."""

    member_id: UUID
    former_id: UUID


async def admit(
    tx: Tx,
    team_id: UUID,
    user: Profile,
    role: TeamRole,
    now: datetime,
    invited_by: UUID | None = None,
    invited_at: datetime | None = None,
) -> UUID:
    """Make `user` a member of the team; the caller has locked both and checked that a seat is free.

    Returns the membership's id. `invited_at` is None for a door that is open to all. Raises FORBIDDEN for a user who is
    banned, or was removed and has not been invited since.

    Their walks since the start of the membership are counted. Raises CONFLICT when they are in too many teams.
    """
    if await members.open_count(tx, user.id) >= MEMBERSHIPS_MAX:
        raise Refused(ErrorCode.CONFLICT, f"One can be in {MEMBERSHIPS_MAX} teams at most.")
    last = await last_stay(tx, team_id, user.id, invited_at)
    left_at = None if last is None else last.left_at
    was_removed = last is not None and last.is_removed
    since = counts_from(now, ZoneInfo(user.timezone), left_at)
    member_id = new_id(now)
    await members.insert(tx, member_id, team_id, user.id, role, now, since, invited_by)
    await end_requests(tx, team_id, now, user.id)
    await count_since(tx, user.id, team_id, since, now)
    await contributions.bump_board_versions(tx, [team_id])
    tx.record(team_event(team_id, EventKind.MEMBER_ADDED, member_id, now))
    if was_removed:
        await _record_shown(tx, team_id, user.id, EventKind.ACTIVITY_ADDED, now)
    return member_id


async def last_stay(tx: Tx, team_id: UUID, user_id: UUID, invited_at: datetime | None) -> LastStay | None:
    """Return a user's latest membership of a team. Raises FORBIDDEN as `admit` does."""
    last = await members.last_stay(tx, team_id, user_id)
    if last is not None and last.is_removed and last.left_at is not None:
        refuse_removed(last.left_at, invited_at, is_banned=last.is_banned)
    return last


async def fill_seat(
    tx: Tx,
    team: Team,
    user: Profile,
    now: datetime,
    invited_by: UUID | None = None,
    invited_at: datetime | None = None,
) -> Joined:
    """Give `user` a free seat of the team; both are locked. Raises ALREADY_MEMBER, TEAM_FULL, and as `admit`."""
    refuse_member(team)
    refuse_if_full(team.member_count, team.max_members)
    return Joined(team.id, await admit(tx, team.id, user, TeamRole.MEMBER, now, invited_by, invited_at))


async def transfer_captaincy(
    tx: Tx, admin_id: UUID, now: datetime, member_id: UUID, *, steps_down: bool
) -> CaptaincyTransferred:
    """Make a member ADMIN and, if the admin steps down, the admin a MEMBER: both or neither.

    Raises NOT_FOUND, FORBIDDEN for a user who is no admin, and for oneself.
    """
    place = require(await members.key_of(tx, member_id), "member")
    member = await _lock_member(tx, admin_id, place, member_id)
    if place.user_id == admin_id:
        raise forbidden("You are captain already: name somebody else.")
    own = require(await members.open_id(tx, place.team_id, admin_id), "member")
    changes = [(member_id, member.role, TeamRole.ADMIN)]
    if steps_down:
        changes.append((own, TeamRole.ADMIN, TeamRole.MEMBER))
    for changed, before, after in changes:
        if before != after:
            await members.set_role(tx, changed, after)
            tx.record(team_event(place.team_id, EventKind.MEMBER_CHANGED, changed, now))
    return CaptaincyTransferred(member_id, own)


async def end_requests(tx: Tx, team_id: UUID, now: datetime, user_id: UUID | None = None) -> None:
    """End the pending requests to join a team, which the caller has locked: all, or that of one user."""
    for request_id in await join_requests.end_pending(tx, team_id, now, user_id):
        tx.record(team_event(team_id, EventKind.JOIN_REQUEST_REMOVED, request_id, now))


def refuse_member(team: Team) -> None:
    """Raise ALREADY_MEMBER for a member of the team: asked at each of its doors, and of who asks to come in."""
    if team.viewer_role is not None:
        raise Refused(ErrorCode.ALREADY_MEMBER, "You are in this team already.")


async def join_team(tx: Tx, user_id: UUID, now: datetime, team_id: UUID) -> Joined:
    """Join an OPEN team. Raises FORBIDDEN for another join policy, ALREADY_MEMBER, TEAM_FULL, CONFLICT."""
    user = await users.lock_profile(tx, user_id)
    if user is None:
        raise unauthenticated()
    team = require(await teams.lock(tx, Viewer(user_id), team_id), "team")
    refuse_member(team)
    if team.join_policy != JoinPolicy.OPEN:
        asked = takes_requests(team.join_policy, is_public=team.is_public)
        raise forbidden("Ask this team's admins to let you in." if asked else "This team is joined by invite.")
    return await fill_seat(tx, team, user, now)


async def leave_team(tx: Tx, user_id: UUID, now: datetime, team_id: UUID) -> Left:
    """End the user's own membership; the team of a sole member ends with it. Raises NOT_MEMBER, LAST_ADMIN."""
    await users.lock(tx, user_id)
    team = require(await teams.lock(tx, Viewer(user_id), team_id), "team")
    member_id = await members.open_id(tx, team_id, user_id)
    if member_id is None:
        raise Refused(ErrorCode.NOT_MEMBER, "You are not in this team.")
    if team.member_count > 1:
        await _refuse_last_admin(tx, team_id, member_id, team.viewer_role)
    await _close(tx, team_id, user_id, member_id, LeftReason.LEFT, now)
    if team.member_count == 1:
        await disband(tx, user_id, team, now)
    return Left(team_id, member_id)


async def remove_member(tx: Tx, admin_id: UUID, now: datetime, member_id: UUID, *, ban: bool = False) -> Left:
    """End another member's membership, and ban them if so wanted.

    What they do later only lessens what the team counts of them (`rules/contributions.py`), and nothing of it is shown
    under their name. Raises NOT_FOUND, FORBIDDEN for a user who is no admin, and for oneself.
    """
    place = require(await members.key_of(tx, member_id), "member")
    await users.lock(tx, admin_id, place.user_id)
    await _lock_member(tx, admin_id, place, member_id)
    if place.user_id == admin_id:
        raise forbidden("Nobody removes themselves: leave the team instead.")
    await _close(tx, place.team_id, place.user_id, member_id, LeftReason.REMOVED, now)
    if ban:
        await bans.insert(tx, new_id(now), place, admin_id, now)
    await _record_shown(tx, place.team_id, place.user_id, EventKind.ACTIVITY_REMOVED, now)
    return Left(place.team_id, member_id)


async def lift_ban(tx: Tx, admin_id: UUID, now: datetime, ban_id: UUID) -> BanLifted:
    """Lift a ban: from then on an invite lets the user in again. Raises NOT_FOUND, also for a ban lifted before."""
    viewer = Viewer(admin_id)
    place = require(await bans.key_of(tx, ban_id), "ban")
    await teams.lock(tx, viewer, place.team_id)
    require((await bans.by_ids(tx, viewer, [ban_id])).get(ban_id), "ban")
    await bans.lift(tx, ban_id, admin_id, now)
    return BanLifted(ban_id, place.team_id)


async def set_role(tx: Tx, admin_id: UUID, now: datetime, member_id: UUID, role: TeamRole) -> RoleSet:
    """Give a member a role. Raises NOT_FOUND, FORBIDDEN for a user who is no admin, LAST_ADMIN."""
    place = require(await members.key_of(tx, member_id), "member")
    member = await _lock_member(tx, admin_id, place, member_id)
    if member.role != role:
        await _refuse_last_admin(tx, place.team_id, member_id, member.role)
        await members.set_role(tx, member_id, role)
        tx.record(team_event(place.team_id, EventKind.MEMBER_CHANGED, member_id, now))
    return RoleSet(member_id)


async def hand_over(tx: Tx, team: Team, member_id: UUID, now: datetime) -> None:
    """Make the longest member of a team its ADMIN if this member, who is about to leave, is its only one.

    The team is locked.
    """
    if team.viewer_role == TeamRole.ADMIN and not await members.other_admins(tx, team.id, member_id):
        heir = await members.longest_other(tx, team.id, member_id)
        if heir is not None:
            await members.set_role(tx, heir, TeamRole.ADMIN)
            tx.record(team_event(team.id, EventKind.MEMBER_CHANGED, heir, now))


async def leave_for_good(tx: Tx, team_id: UUID, user_id: UUID, member_id: UUID, now: datetime) -> None:
    """End the membership of a user whose account is deleted. Both are locked."""
    await _close(tx, team_id, user_id, member_id, LeftReason.ACCOUNT_DELETED, now)


async def disband(tx: Tx, actor_id: UUID, team: Team, now: datetime) -> None:
    """Delete a team, which the caller has locked, with its memberships, open goals, invites and requests to join."""
    await end_requests(tx, team.id, now)
    await contributions.bump_board_versions(tx, [team.id])  # walks are counted under this lock
    await teams.delete(tx, team.id, now)
    if team.is_public:
        await entries.list_team(tx, team.id, is_public=False)
        await entries.bump_teams_board_version(tx, actor_id)
    tx.record(team_event(team.id, EventKind.TEAM_CHANGED, team.id, now))


async def _lock_member(tx: Tx, admin_id: UUID, place: MembershipKey, member_id: UUID) -> TeamMember:
    """Return the open membership, its team locked, for an admin of that team. Raises NOT_FOUND, FORBIDDEN."""
    viewer = Viewer(admin_id)
    await teams.lock(tx, viewer, place.team_id)
    member = require((await members.by_ids(tx, viewer, [member_id])).get(member_id), "member")
    refuse_unless_admin(member.team.access_level(viewer), is_public=member.team.is_public, what="member")
    return member


async def _refuse_last_admin(tx: Tx, team_id: UUID, member_id: UUID, role: TeamRole | None) -> None:
    """Raise LAST_ADMIN for the only admin of the team, which is locked."""
    if role == TeamRole.ADMIN and not await members.other_admins(tx, team_id, member_id):
        raise Refused(ErrorCode.LAST_ADMIN, "A team needs an admin: make someone else one first.")


async def _close(tx: Tx, team_id: UUID, user_id: UUID, member_id: UUID, reason: LeftReason, now: datetime) -> None:
    await members.close(tx, member_id, reason, now)
    await count_since(tx, user_id, team_id, now, now)  # a fast clock's walk may begin after its owner left
    await contributions.bump_board_versions(tx, [team_id])
    tx.record(team_event(team_id, EventKind.MEMBER_REMOVED, member_id, now))


async def _record_shown(tx: Tx, team_id: UUID, user_id: UUID, kind: EventKind, now: datetime) -> None:
    """Record that the team's list of walks has lost those of a user who was removed, or shows them again.

    Only the latest have events, which is more than a page of the list.
    """
    for activity_id in await contributions.latest_walks(tx, team_id, user_id, WALKS_ANNOUNCED):
        tx.record(team_event(team_id, kind, activity_id, now))
    for goal_id in await goal_transitions.bump_progress_version(tx, user_id, [team_id]):
        tx.record(team_event(team_id, EventKind.PROGRESS_MOVED, goal_id, now))
