"""Invites as they are read: a team's, the viewer's own and by a code; and answering them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions import invites as actions
from milequest.actions.members import Joined
from milequest.rules.access import TeamPart, may_see
from milequest.rules.errors import Refused
from milequest.rules.invites import InviteName, code_hash, named, unknown_code
from milequest.rules.pages import Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.rate_limits import INVITE_GUESSES
from milequest.store.sql import invite_previews, invites
from milequest.store.sql.invite_previews import InvitePreview
from milequest.store.sql.invites import Invite
from milequest.store.sql.teams import Team
from milequest.store.sql.users import Profile
from resolvers.arguments import AcceptInviteArgs, DeclineInviteArgs, InvitePreviewArgs, TeamInvitesArgs
from resolvers.batch import Batch
from resolvers.context import AnyContext, Context, NoArgs, Request
from resolvers.limiting import caller
from resolvers.members import MembershipPayload, membership_payload
from resolvers.pages import PageQuery, paged
from resolvers.writing import earlier, write


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
    return page_of(rows or (), size, after, cursor_of)


async def of_viewer(ctx: "Context[NoArgs, Profile]") -> list[InvitePreview]:
    """Return the pending invites for the viewer's address, newest first."""
    return await invite_previews.received(ctx.request.db, ctx.source.id, ctx.request.now)


async def invite_preview(ctx: "Context[InvitePreviewArgs, None]") -> InvitePreview | None:
    """Return the preview of a code's invite; None for an unknown code."""
    try:
        return await preview_of(ctx.request, ctx.args["code"])
    except Refused:
        return None


async def accept_invite(ctx: "Context[AcceptInviteArgs, None]") -> MembershipPayload:
    """Join a team by an invite."""
    user, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    name = named(given.get("code"), given.get("invite_id"))
    joined = await earlier(ctx, Joined)
    if joined is None:
        await _count_guess(ctx, name)
        joined = await write(ctx, Joined, lambda tx: actions.accept_invite(tx, user, now, name))
    return await membership_payload(ctx, joined.member_id)


async def decline_invite(ctx: "Context[DeclineInviteArgs, None]") -> DeclineInvitePayload:
    """Decline an invite."""
    user, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    name = named(given.get("code"), given.get("invite_id"))
    if await earlier(ctx, actions.InviteDeclined) is None:
        await _count_guess(ctx, name)
        await write(ctx, actions.InviteDeclined, lambda tx: actions.decline_invite(tx, user, now, name))
    return DeclineInvitePayload()


async def preview_of(request: Request, code: str) -> InvitePreview:
    """Return the preview of a code's invite. Wrong guesses are counted, by network and user.

    Raises INVALID_INVITE_CODE, and RATE_LIMITED after too many wrong guesses, for right codes too.
    """
    async with request.runtime.rate_limits.failures((INVITE_GUESSES, caller(request))):
        preview = await invite_previews.by_code(request.runtime.writer, request.viewer, code_hash(code), request.now)
        if preview is None:
            raise unknown_code()
    return preview


async def _count_guess(ctx: AnyContext, name: InviteName) -> None:
    """Refuse a wrong code as `preview_of` does. An id is no guess: it is good for its addressee alone."""
    if name.code is not None:
        await preview_of(ctx.request, name.code)


def cursor_of(invite: Invite) -> str:
    """Return an invite's cursor in its team's list."""
    return encode_cursor(invite.created_at, invite.id)
