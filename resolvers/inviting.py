"""Making invites, one or many, giving them new codes, and revoking them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from milequest.actions import invites as actions
from milequest.qr_code import svg
from milequest.rules.errors import ErrorCode, Problem, require
from milequest.rules.invites import (
    BANNED_HAS_ADDRESS,
    MEMBER_HAS_ADDRESS,
    NewInvite,
    code_of,
    expiry,
    invite_url,
    new_invite,
    new_invites,
    new_salt,
)
from milequest.rules.pages import Edge
from milequest.store.sql import invites
from milequest.store.sql.invites import Invite
from resolvers.arguments import CreateInviteArgs, CreateInvitesArgs, RevokeInviteArgs, RotateInviteArgs
from resolvers.context import AnyContext, Context, NoArgs, Request
from resolvers.invite_mails import mail_links
from resolvers.invites import cursor_of
from resolvers.writing import idempotency_of, write


@dataclass(frozen=True, slots=True)
class CreateInvitePayload:
    """New invite, and its code, which is returned only once."""

    invite_edge: Edge[Invite]
    code: str
    url: str


@dataclass(frozen=True, slots=True)
class RotateInvitePayload:
    """Invite with its new code."""

    invite: Invite
    code: str
    url: str


@dataclass(frozen=True, slots=True)
class InviteResult:
    """Item of a batch: the invite of an address and its code, or the reason why there is none."""

    email: str
    invite_edge: Edge[Invite] | None = None
    code: str | None = None
    url: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class CreateInvitesPayload:
    """Results of a batch, in its order."""

    results: Sequence[InviteResult]


@dataclass(frozen=True, slots=True)
class RevokeInvitePayload:
    """Revoked invite."""

    invite: Invite


@dataclass(frozen=True, slots=True)
class _Link:
    """An invite with its code."""

    invite: Invite
    code: str
    url: str


async def create_invite(ctx: "Context[CreateInviteArgs, None]") -> CreateInvitePayload:
    """Invite an address, or make a link."""
    admin, now = ctx.user_id, ctx.request.now
    given = ctx.args["input"]
    team_id = given["team_id"]
    new = new_invite(
        now, given.get("email"), given.get("max_uses"), given.get("expires_in_hours"), given.get("message")
    )
    secret, salt = _secret(ctx), new_salt()
    made = await write(
        ctx, actions.InviteCoded, lambda tx: actions.create_invite(tx, admin, now, team_id, new, secret, salt)
    )
    link = (await _links(ctx, secret, [made.invite_id], [made.salt], is_new=made.salt == salt))[0]
    return CreateInvitePayload(Edge(cursor_of(link.invite), link.invite), link.code, link.url)


async def create_invites(ctx: "Context[CreateInvitesArgs, None]") -> CreateInvitesPayload:
    """Invite many addresses; those that cannot be invited keep none of the others from it."""
    admin, now = ctx.user_id, ctx.request.now
    given = ctx.args["input"]
    team_id, emails = given["team_id"], given["emails"]
    checked = new_invites(now, emails, given.get("expires_in_hours"), given.get("message"))
    valid = [one for one in checked if isinstance(one, NewInvite)]
    secret, salts = _secret(ctx), [new_salt() for _ in valid]
    made = await write(
        ctx,
        actions.InvitesCreated,
        lambda tx: actions.create_invites(tx, admin, now, team_id, valid, secret, salts),
    )
    links = await _links(ctx, secret, made.invite_ids, made.salts, is_new=set(made.salts) <= set(salts))
    return CreateInvitesPayload(_results(emails, checked, made, links))


async def rotate_invite(ctx: "Context[RotateInviteArgs, None]") -> RotateInvitePayload:
    """Give an invite a new code."""
    admin, now = ctx.user_id, ctx.request.now
    given = ctx.args["input"]
    invite_id, hours = given["invite_id"], given.get("expires_in_hours")
    expires_at = None if hours is None else expiry(now, hours)
    secret, salt = _secret(ctx), new_salt()
    made = await write(
        ctx,
        actions.InviteCoded,
        lambda tx: actions.rotate_invite(tx, admin, now, invite_id, expires_at, secret, salt),
    )
    link = (await _links(ctx, secret, [made.invite_id], [made.salt], is_new=made.salt == salt))[0]
    return RotateInvitePayload(link.invite, link.code, link.url)


async def revoke_invite(ctx: "Context[RevokeInviteArgs, None]") -> RevokeInvitePayload:
    """Revoke an invite."""
    admin, now, invite_id = ctx.user_id, ctx.request.now, ctx.args["input"]["invite_id"]
    await write(ctx, actions.InviteRevoked, lambda tx: actions.revoke_invite(tx, admin, now, invite_id))
    rows = await invites.by_ids(ctx.request.db, ctx.request.viewer, [invite_id], now)
    return RevokeInvitePayload(require(rows.get(invite_id), "invite"))


def qr_svg(ctx: "Context[NoArgs, CreateInvitePayload | RotateInvitePayload]") -> str:
    """Return the link as a QR code."""
    return svg(ctx.source.url)


def link_of(request: Request, code: str) -> str:
    """Return the address of a code's invite: at the web client, if the settings name one, else our own page."""
    settings = request.runtime.settings
    return invite_url(settings.client_url or settings.origin, code)


def _secret(ctx: AnyContext) -> str:
    """Return the secret of the codes that a request makes: its key, so that a repeated one returns the same codes."""
    key, _ = idempotency_of(ctx)
    return key or secrets.token_hex()


async def _links(
    ctx: AnyContext, secret: str, invite_ids: Sequence[UUID], salts: Sequence[str], *, is_new: bool
) -> list[_Link]:
    """Return the invites with their codes; new ones of addresses are mailed before."""
    request = ctx.request
    rows = await invites.by_ids(request.db, request.viewer, list(invite_ids), request.now)
    codes = [code_of(secret, salt) for salt in salts]
    found = [require(rows.get(invite_id), "invite") for invite_id in invite_ids]
    urls = [link_of(request, code) for code in codes]
    if is_new:
        found = await mail_links(ctx, found, urls)
    return [_Link(*each) for each in zip(found, codes, urls, strict=True)]


def _results(
    emails: Sequence[str],
    checked: Sequence[NewInvite | Problem],
    made: actions.InvitesCreated,
    links: Sequence[_Link],
) -> list[InviteResult]:
    """Return the result of each address. Positions in `made` are those among the valid ones."""
    results, left, valid = [], iter(links), 0
    for place, (email, one) in enumerate(zip(emails, checked, strict=True)):
        if isinstance(one, Problem):
            results.append(InviteResult(email, problem=one))
            continue
        if valid in made.refused + made.banned:
            refusal = (
                (ErrorCode.ALREADY_MEMBER, MEMBER_HAS_ADDRESS)
                if valid in made.refused
                else (ErrorCode.CONFLICT, BANNED_HAS_ADDRESS)
            )
            problem = Problem(*refusal, f"input.emails.{place}")
            results.append(InviteResult(email, problem=problem))
        else:
            link = next(left)
            results.append(InviteResult(email, Edge(cursor_of(link.invite), link.invite), link.code, link.url))
        valid += 1
    return results
