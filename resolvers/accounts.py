"""Accounts: sign-up and sign-in.

Each resolver checks its input and rate limits, calls the identity provider, then reads our database.

No answer reveals whether an address has an account, except to a caller who knows its password, and in one case to a
caller in its owner's network; see docs/accounts.md.
"""

from dataclasses import dataclass, field
from uuid import UUID

from milequest.actions.accounts import user_for_identity
from milequest.actions.closing import cancel_deletion
from milequest.providers.identity import Session, SignedIn
from milequest.rules.credentials import checked_sign_up, email_address, email_key
from milequest.rules.enums import Units
from milequest.rules.errors import unauthenticated
from milequest.rules.rate_limits import (
    AUTH_CALLS,
    FAILED_SIGN_INS,
    FAILED_SIGN_INS_ELSEWHERE,
    KNOWN_NETWORKS,
    REFRESHES,
    SIGN_INS,
    SIGN_UPS,
)
from milequest.rules.sessions import Ending, origin
from milequest.store.sql import account_deletions, users
from milequest.store.sql.users import Profile
from resolvers.arguments import ConfirmEmailArgs, RefreshTokenArgs, ResendCodeArgs, SignInArgs, SignOutArgs, SignUpArgs
from resolvers.context import AnyContext, Context
from resolvers.limiting import (
    at_network,
    code_of_address,
    code_of_sign_up,
    mails,
    network_of,
    sign_outs,
    unknown_network_limit,
)


@dataclass(frozen=True, slots=True)
class Done:
    """Payload of a success; also given if there was nothing to do."""

    ok: bool = True


@dataclass(frozen=True, slots=True)
class SignUpResult:
    """Id of the attempt; given whether or not the address has an account."""

    attempt_id: str = field(repr=False)
    ok: bool = True


@dataclass(frozen=True, slots=True)
class SignInResult:
    """New session and its user."""

    session: Session
    viewer: Profile
    deletion_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """Next tokens of a session."""

    session: Session


async def sign_up(ctx: "Context[SignUpArgs, None]") -> SignUpResult:
    """Begin a sign-up and mail its code."""
    given, runtime = ctx.args["input"], ctx.request.runtime
    units = given.get("preferred_units")
    request = checked_sign_up(
        given["email"], given["password"], given["name"], given.get("timezone"), None if units is None else Units(units)
    )
    async with runtime.rate_limits.calls((SIGN_UPS, network_of(ctx)), *await mails(ctx, request.email_key)):
        return SignUpResult(await runtime.identity.sign_up(request, ctx.request.now))


async def confirm_email(ctx: "Context[ConfirmEmailArgs, None]") -> Done:
    """Finish a sign-up with the code."""
    given, runtime = ctx.args["input"], ctx.request.runtime
    email, attempt_id = email_address(given["email"]), given.get("attempt_id")
    tried = code_of_address(ctx, email_key(email)) if attempt_id is None else code_of_sign_up(attempt_id)
    async with runtime.rate_limits.failures((AUTH_CALLS, network_of(ctx)), tried):
        await runtime.identity.confirm(email, given["code"], ctx.request.now, attempt_id)
    return Done()


async def resend_code(ctx: "Context[ResendCodeArgs, None]") -> Done:
    """Send another code for a sign-up."""
    given, runtime = ctx.args["input"], ctx.request.runtime
    email = email_address(given["email"])
    async with runtime.rate_limits.calls((AUTH_CALLS, network_of(ctx)), *await mails(ctx, email_key(email))):
        await runtime.identity.resend_code(email, ctx.request.now, given.get("attempt_id"))
    return Done()


async def sign_in(ctx: "Context[SignInArgs, None]") -> SignInResult:
    """Start a session."""
    given, limits = ctx.args["input"], ctx.request.runtime.rate_limits
    email = email_address(given["email"])
    key = email_key(email)
    here = at_network(ctx, key)
    failed = (
        (AUTH_CALLS, network_of(ctx)),
        (FAILED_SIGN_INS, here),
        *await unknown_network_limit(ctx, key, FAILED_SIGN_INS_ELSEWHERE),
    )
    identity, now = ctx.request.runtime.identity, ctx.request.now
    came_from = origin(ctx.request.headers.get("user-agent"), ctx.request.address)
    async with limits.failures(*failed, successes=((SIGN_INS, here),)):
        signed_in = await identity.sign_in(email, given["password"], now, came_from)
    await limits.remember(KNOWN_NETWORKS, here)
    user_id, stays = await _user_id(ctx, signed_in), False
    if await account_deletions.is_leaving(ctx.request.runtime.writer, user_id):
        stays = await ctx.request.runtime.commit(lambda tx: cancel_deletion(tx, user_id, now))
    viewer = await users.profile(ctx.request.runtime.writer, user_id)
    if viewer is None:
        raise unauthenticated("This account is closed.")
    # The payload's fields are read as the user who has just signed in: their memberships, their walks.
    verified = await identity.verify(signed_in.session.access_token, now)
    ctx.request.identity = verified.identity(viewer.id)
    return SignInResult(signed_in.session, viewer, stays)


async def refresh_token(ctx: "Context[RefreshTokenArgs, None]") -> RefreshResult:
    """Exchange a refresh token for the session's next tokens."""
    runtime = ctx.request.runtime
    async with runtime.rate_limits.calls((REFRESHES, network_of(ctx))):
        signed_in = await runtime.identity.refresh(ctx.args["input"]["refresh_token"], ctx.request.now)
    await _user_id(ctx, signed_in)
    return RefreshResult(signed_in.session)


async def sign_out(ctx: "Context[SignOutArgs, None]") -> Done:
    """End the refresh token's session, else the caller's; or all others, or all."""
    given, runtime = ctx.args["input"], ctx.request.runtime
    ending = Ending.ALL if given.get("everywhere") else Ending.OTHERS if given.get("others") else Ending.THIS
    async with runtime.rate_limits.calls(sign_outs(ctx)):
        await runtime.identity.sign_out(given.get("refresh_token"), ctx.identity, ending, ctx.request.now)
    return Done()


async def _user_id(ctx: AnyContext, signed_in: SignedIn) -> UUID:
    """Return our user for a sign-in, created at the first one. Raises UNAUTHENTICATED for a closed account."""
    now = ctx.request.now
    return await ctx.request.runtime.commit(lambda tx: user_for_identity(tx, signed_in.account, now))
