"""Memberships: lists of a team and of the viewer, and joining, leaving and roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions import members as actions
from milequest.rules.access import TeamPart, may_see
from milequest.rules.errors import require
from milequest.rules.pages import Edge, Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.store.sql import bans, members, teams
from milequest.store.sql.bans import TeamBan
from milequest.store.sql.members import TeamMember
from milequest.store.sql.teams import Team
from milequest.store.sql.users import Profile
from resolvers.arguments import (
    JoinTeamArgs,
    LeaveTeamArgs,
    LiftBanArgs,
    RemoveMemberArgs,
    SetMemberRoleArgs,
    TeamBansArgs,
    TeamMembersArgs,
    TransferCaptaincyArgs,
)
from resolvers.batch import Batch
from resolvers.context import AnyContext, Context, NoArgs
from resolvers.pages import PageQuery, paged
from resolvers.teams import forget_picture
from resolvers.writing import write


@dataclass(frozen=True, slots=True)
class MembershipPayload:
    """Joined team, and the new membership."""

    team: Team
    member_edge: Edge[TeamMember]


@dataclass(frozen=True, slots=True)
class LeaveTeamPayload:
    """Id of the ended membership, and the team as far as it is still visible."""

    deleted_member_id: UUID
    team: Team | None


@dataclass(frozen=True, slots=True)
class RemoveMemberPayload:
    """Id of the ended membership, and the team without it."""

    deleted_member_id: UUID
    team: Team


@dataclass(frozen=True, slots=True)
class LiftBanPayload:
    """Id of the lifted ban, and its team."""

    deleted_ban_id: UUID
    team: Team


@dataclass(frozen=True, slots=True)
class SetMemberRolePayload:
    """Member with the new role."""

    member: TeamMember


@dataclass(frozen=True, slots=True)
class TransferCaptaincyPayload:
    """Member who is ADMIN now, and the membership of the viewer."""

    member: TeamMember
    former: TeamMember


_pages: Batch[PageQuery[Team], Sequence[TeamMember]] = paged(
    lambda request, of_teams, after, limit: members.pages_of(request.db, request.viewer, of_teams, after, limit)
)

_pages_of_bans: Batch[PageQuery[Team], Sequence[TeamBan]] = paged(
    lambda request, of_teams, after, limit: bans.pages_of(request.db, request.viewer, of_teams, after, limit)
)


async def of_team(ctx: "Context[TeamMembersArgs, Team]") -> Page[TeamMember] | None:
    """Return a team's members, oldest first; None if the viewer is not a member."""
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), datetime, UUID)
    team = ctx.source
    if not may_see(TeamPart.PEOPLE, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    rows = await _pages(ctx.request, PageQuery(team, after, size))
    return page_of(rows or (), size, after, cursor_of, team.member_count)


async def bans_of_team(ctx: "Context[TeamBansArgs, Team]") -> Page[TeamBan] | None:
    """Return a team's standing bans, newest first; None if the viewer is not an admin of it."""
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), datetime, UUID)
    team = ctx.source
    if not may_see(TeamPart.INVITES, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    rows = await _pages_of_bans(ctx.request, PageQuery(team, after, size))
    return page_of(rows or (), size, after, lambda ban: encode_cursor(ban.banned_at, ban.id))


async def of_viewer(ctx: "Context[NoArgs, Profile]") -> list[TeamMember]:
    """Return the viewer's memberships, oldest first."""
    return await members.of_viewer(ctx.request.db, ctx.request.viewer)


def cursor_of(member: TeamMember) -> str:
    """Return a member's cursor in the list of members."""
    return encode_cursor(member.joined_at, member.id)


async def join_team(ctx: "Context[JoinTeamArgs, None]") -> MembershipPayload:
    """Join an open team."""
    user, now, team_id = ctx.user_id, ctx.request.now, ctx.args["input"]["team_id"]
    joined = await write(ctx, actions.Joined, lambda tx: actions.join_team(tx, user, now, team_id))
    return await membership_payload(ctx, joined.member_id)


async def membership_payload(ctx: AnyContext, member_id: UUID) -> MembershipPayload:
    """Return the viewer's new membership with its team."""
    member = await _member(ctx, member_id)
    return MembershipPayload(member.team, Edge(cursor_of(member), member))


async def leave_team(ctx: "Context[LeaveTeamArgs, None]") -> LeaveTeamPayload:
    """End the viewer's own membership."""
    user, now, team_id = ctx.user_id, ctx.request.now, ctx.args["input"]["team_id"]
    left = await write(ctx, actions.Left, lambda tx: actions.leave_team(tx, user, now, team_id))
    await forget_picture(ctx, left.team_id)  # the last member's leaving ends the team
    return LeaveTeamPayload(left.member_id, await teams.team(ctx.request.db, ctx.request.viewer, left.team_id))


async def remove_member(ctx: "Context[RemoveMemberArgs, None]") -> RemoveMemberPayload:
    """End someone else's membership."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    member_id, ban = given["member_id"], bool(given.get("ban"))
    left = await write(ctx, actions.Left, lambda tx: actions.remove_member(tx, admin, now, member_id, ban=ban))
    team = await teams.team(ctx.request.db, ctx.request.viewer, left.team_id)
    return RemoveMemberPayload(left.member_id, require(team, "team"))


async def lift_ban(ctx: "Context[LiftBanArgs, None]") -> LiftBanPayload:
    """Lift a ban."""
    admin, now, ban_id = ctx.user_id, ctx.request.now, ctx.args["input"]["ban_id"]
    lifted = await write(ctx, actions.BanLifted, lambda tx: actions.lift_ban(tx, admin, now, ban_id))
    team = await teams.team(ctx.request.db, ctx.request.viewer, lifted.team_id)
    return LiftBanPayload(lifted.ban_id, require(team, "team"))


async def set_member_role(ctx: "Context[SetMemberRoleArgs, None]") -> SetMemberRolePayload:
    """Set a member's role."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    done = await write(
        ctx, actions.RoleSet, lambda tx: actions.set_role(tx, admin, now, given["member_id"], given["role"])
    )
    return SetMemberRolePayload(await _member(ctx, done.member_id))


async def transfer_captaincy(ctx: "Context[TransferCaptaincyArgs, None]") -> TransferCaptaincyPayload:
    """Make a member ADMIN in the viewer's place, or beside them."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    steps_down = given.get("step_down") is not False
    done = await write(
        ctx,
        actions.CaptaincyTransferred,
        lambda tx: actions.transfer_captaincy(tx, admin, now, given["member_id"], steps_down=steps_down),
    )
    rows = await members.by_ids(ctx.request.db, ctx.request.viewer, [done.member_id, done.former_id])
    return TransferCaptaincyPayload(
        require(rows.get(done.member_id), "member"), require(rows.get(done.former_id), "member")
    )


async def _member(ctx: AnyContext, member_id: UUID) -> TeamMember:
    rows = await members.by_ids(ctx.request.db, ctx.request.viewer, [member_id])
    return require(rows.get(member_id), "member")
