"""Invites: lists, previews by code, and creating, revoking and answering them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions import invites as actions
from milequest.actions.members import Joined
from milequest.rules.access import TeamPart, may_see
from milequest.rules.errors import Refused, require
from milequest.rules.invites import code_hash, code_of, new_invite, unknown_code
from milequest.rules.pages import Edge, Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.rate_limits import INVITE_GUESSES
from milequest.store.sql import invites
from milequest.store.sql.invites import Invite, InvitePreview
from milequest.store.sql.teams import Team
from resolvers.arguments import (
    AcceptInviteArgs,
    CreateInviteArgs,
    DeclineInviteArgs,
    InvitePreviewArgs,
    RevokeInviteArgs,
    TeamInvitesArgs,
)
from resolvers.batch import Batch
from resolvers.context import AnyContext, Context
from resolvers.limiting import caller
from resolvers.members import MembershipPayload, membership_payload
from resolvers.pages import PageQuery, paged
from resolvers.writing import earlier, idempotency_of, write


@dataclass(frozen=True, slots=True)
class CreateInvitePayload:
    """New invite, and its code, which is returned only once."""

    invite_edge: Edge[Invite]
    code: str
    url: str


@dataclass(frozen=True, slots=True)
class RevokeInvitePayload:
    """Revoked invite."""

    invite: Invite


@dataclass(frozen=True, slots=True)
class DeclineInvitePayload:
    """Payload of a declined invite."""

    ok: bool = True


_pages: Batch[PageQuery[Team], Sequence[Invite]] = paged(
    lambda request, of_teams, after, limit: invites.pages_of(
        request.db, request.viewer, of_teams, after, limit, request.now
    )
)


async def of_team(ctx: "Context[TeamInvitesArgs, Team]") -> Page[Invite] | None:
    """Return a team's invites, newest first; None if the viewer is not an admin of it."""
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), datetime, UUID)
    team = ctx.source
    if not may_see(TeamPart.INVITES, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    rows = await _pages(ctx.request, PageQuery(team, after, size))
    return page_of(rows or (), size, after, _cursor_of)


async def invite_preview(ctx: "Context[InvitePreviewArgs, None]") -> InvitePreview | None:
    """Return the preview of a code's invite; None for an unknown code."""
    try:
        return await _known(ctx, ctx.args["code"])
    except Refused:
        return None


async def create_invite(ctx: "Context[CreateInviteArgs, None]") -> CreateInvitePayload:
    """Invite an address, or make a link."""
    admin, now = ctx.user_id, ctx.request.now
    given = ctx.args["input"]
    team_id = given["team_id"]
    new = new_invite(
        now, given.get("email"), given.get("max_uses"), given.get("expires_in_hours"), given.get("message")
    )
    key, _ = idempotency_of(ctx)
    secret = (
        key or secrets.token_hex()
    )  # a request that is repeated with its key returns the same code, which is not stored
    made = await write(
        ctx, actions.InviteCreated, lambda tx: actions.create_invite(tx, admin, now, team_id, new, secret)
    )
    invite, code = await _invite(ctx, made.invite_id), code_of(secret, made.salt)
    url = f"{ctx.request.runtime.settings.origin}/invite/{code}"
    return CreateInvitePayload(Edge(_cursor_of(invite), invite), code, url)


async def revoke_invite(ctx: "Context[RevokeInviteArgs, None]") -> RevokeInvitePayload:
    """Revoke an invite."""
    admin, now, invite_id = ctx.user_id, ctx.request.now, ctx.args["input"]["invite_id"]
    await write(ctx, actions.InviteRevoked, lambda tx: actions.revoke_invite(tx, admin, now, invite_id))
    return RevokeInvitePayload(await _invite(ctx, invite_id))


async def accept_invite(ctx: "Context[AcceptInviteArgs, None]") -> MembershipPayload:
    """Join a team by a code."""
    user, now, code = ctx.user_id, ctx.request.now, ctx.args["input"]["code"]
    joined = await earlier(ctx, Joined)
    if joined is None:
        await _known(ctx, code)
        joined = await write(ctx, Joined, lambda tx: actions.accept_invite(tx, user, now, code))
    return await membership_payload(ctx, joined.member_id)


async def decline_invite(ctx: "Context[DeclineInviteArgs, None]") -> DeclineInvitePayload:
    """Decline an invite."""
    user, now, code = ctx.user_id, ctx.request.now, ctx.args["input"]["code"]
    if await earlier(ctx, actions.InviteDeclined) is None:
        await _known(ctx, code)
        await write(ctx, actions.InviteDeclined, lambda tx: actions.decline_invite(tx, user, now, code))
    return DeclineInvitePayload()


async def _known(ctx: AnyContext, code: str) -> InvitePreview:
    """Return the preview of a code's invite. Wrong guesses are counted, by network and user.

    Raises INVALID_INVITE_CODE, and RATE_LIMITED after too many wrong guesses, for right codes too.
    """
    request = ctx.request
    async with request.runtime.rate_limits.failures((INVITE_GUESSES, caller(ctx))):
        preview = await invites.preview(request.runtime.writer, code_hash(code), request.now)
        if preview is None:
            raise unknown_code()
    return preview


async def _invite(ctx: AnyContext, invite_id: UUID) -> Invite:
    rows = await invites.by_ids(ctx.request.db, ctx.request.viewer, [invite_id], ctx.request.now)
    return require(rows.get(invite_id), "invite")


def _cursor_of(invite: Invite) -> str:
    return encode_cursor(invite.created_at, invite.id)
