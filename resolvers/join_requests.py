"""Requests to join: a team's, the viewer's own, and asking and answering."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions import join_requests as actions
from milequest.rules.access import TeamPart, may_see
from milequest.rules.errors import require
from milequest.rules.join_requests import MESSAGE_MAX
from milequest.rules.pages import Edge, Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.text import clean_optional
from milequest.store.sql import join_requests, members
from milequest.store.sql.join_requests import JoinRequest
from milequest.store.sql.members import TeamMember
from milequest.store.sql.teams import Team
from milequest.store.sql.users import Profile
from resolvers.arguments import (
    ApproveJoinRequestArgs,
    RejectJoinRequestArgs,
    RequestToJoinArgs,
    TeamJoinRequestsArgs,
    WithdrawJoinRequestArgs,
)
from resolvers.batch import Batch
from resolvers.context import AnyContext, Context, NoArgs
from resolvers.members import cursor_of as place_of_member
from resolvers.pages import PageQuery, paged
from resolvers.writing import write


@dataclass(frozen=True, slots=True)
class JoinRequestPayload:
    """Request as it is now."""

    join_request: JoinRequest


@dataclass(frozen=True, slots=True)
class ApproveJoinRequestPayload:
    """Approved request, its team, and the membership that it made, unless that has ended."""

    join_request: JoinRequest
    team: Team
    member_edge: Edge[TeamMember] | None


_pages: Batch[PageQuery[Team], Sequence[JoinRequest]] = paged(
    lambda request, of_teams, after, limit: join_requests.pages_of(request.db, request.viewer, of_teams, after, limit)
)


async def of_team(ctx: "Context[TeamJoinRequestsArgs, Team]") -> Page[JoinRequest] | None:
    """Return a team's pending requests, oldest first; None if the viewer is not an admin of it."""
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), datetime, UUID)
    team = ctx.source
    if not may_see(TeamPart.INVITES, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    rows = await _pages(ctx.request, PageQuery(team, after, size))
    return page_of(rows or (), size, after, cursor_of)


async def of_viewer(ctx: "Context[NoArgs, Profile]") -> list[JoinRequest]:
    """Return the viewer's own requests, newest first."""
    return await join_requests.of_viewer(ctx.request.db, ctx.request.viewer)


async def request_to_join(ctx: "Context[RequestToJoinArgs, None]") -> JoinRequestPayload:
    """Ask to join a team."""
    user, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    message = clean_optional("input.message", given.get("message"), MESSAGE_MAX, lines=True)
    asked = await write(
        ctx, actions.JoinRequested, lambda tx: actions.request_to_join(tx, user, now, given["team_id"], message)
    )
    return JoinRequestPayload(await _request(ctx, asked.request_id))


async def withdraw_join_request(ctx: "Context[WithdrawJoinRequestArgs, None]") -> JoinRequestPayload:
    """Withdraw the viewer's own request."""
    user, now, request_id = ctx.user_id, ctx.request.now, ctx.args["input"]["request_id"]
    await write(ctx, actions.RequestAnswered, lambda tx: actions.withdraw_join_request(tx, user, now, request_id))
    return JoinRequestPayload(await _request(ctx, request_id))


async def approve_join_request(ctx: "Context[ApproveJoinRequestArgs, None]") -> ApproveJoinRequestPayload:
    """Let the author of a request in."""
    admin, now, request_id = ctx.user_id, ctx.request.now, ctx.args["input"]["request_id"]
    done = await write(
        ctx, actions.RequestAnswered, lambda tx: actions.approve_join_request(tx, admin, now, request_id)
    )
    found = await _request(ctx, request_id)
    ids = [done.member_id] if done.member_id is not None else []
    member = (await members.by_ids(ctx.request.db, ctx.request.viewer, ids)).get(done.member_id or request_id)
    edge = None if member is None else Edge(place_of_member(member), member)
    return ApproveJoinRequestPayload(found, found.team, edge)


async def reject_join_request(ctx: "Context[RejectJoinRequestArgs, None]") -> JoinRequestPayload:
    """Say no to a request."""
    admin, now, request_id = ctx.user_id, ctx.request.now, ctx.args["input"]["request_id"]
    await write(ctx, actions.RequestAnswered, lambda tx: actions.reject_join_request(tx, admin, now, request_id))
    return JoinRequestPayload(await _request(ctx, request_id))


def cursor_of(request: JoinRequest) -> str:
    """Return a request's cursor in its team's list."""
    return encode_cursor(request.created_at, request.id)


async def _request(ctx: AnyContext, request_id: UUID) -> JoinRequest:
    rows = await join_requests.by_ids(ctx.request.db, ctx.request.viewer, [request_id])
    return require(rows.get(request_id), "request")
