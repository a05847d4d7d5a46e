"""Password resets, and changes of password and e-mail address."""

from dataclasses import dataclass, field

from milequest.rules.credentials import all_right, checked_password, email_address, email_key
from milequest.rules.errors import unauthenticated
from milequest.rules.rate_limits import (
    ACCOUNT_CHANGES,
    AUTH_CALLS,
    FAILED_SIGN_INS,
    KNOWN_NETWORKS,
    PASSWORD_CHECKS,
    PASSWORD_CHECKS_ANYWHERE,
    RateLimit,
)
from milequest.store.sql import users
from milequest.store.sql.users import Profile
from resolvers.accounts import Done
from resolvers.arguments import (
    ChangePasswordArgs,
    ConfirmEmailChangeArgs,
    ForgotPasswordArgs,
    RequestEmailChangeArgs,
    ResetPasswordArgs,
)
from resolvers.context import AnyContext, Context
from resolvers.limiting import at_network, code_of_change, code_of_reset, mails, network_of


@dataclass(frozen=True, slots=True)
class Requested:
    """Id of a request; its codes are valid only with it."""

    request_id: str = field(repr=False)
    ok: bool = True


@dataclass(frozen=True, slots=True)
class EmailChanged:
    """Caller with the new address."""

    viewer: Profile


async def forgot_password(ctx: "Context[ForgotPasswordArgs, None]") -> Requested:
    """Send a code for a new password."""
    runtime = ctx.request.runtime
    email = email_address(ctx.args["input"]["email"])
    async with runtime.rate_limits.calls((AUTH_CALLS, network_of(ctx)), *await mails(ctx, email_key(email))):
        return Requested(await runtime.identity.forgot_password(email, ctx.request.now))


async def reset_password(ctx: "Context[ResetPasswordArgs, None]") -> Done:
    """Set an account's new password by a code. It marks this network as its owner's and clears its failed sign-ins."""
    given, limits = ctx.args["input"], ctx.request.runtime.rate_limits
    right = all_right(
        email=lambda: email_address(given["email"]),
        password=lambda: checked_password(given["new_password"], "input.newPassword"),
    )
    request_id, here = given["request_id"], at_network(ctx, email_key(right["email"]))
    async with limits.failures((AUTH_CALLS, network_of(ctx)), code_of_reset(request_id)):
        await ctx.request.runtime.identity.reset_password(
            right["email"], request_id, given["code"], right["password"], ctx.request.now
        )
    await limits.clear(FAILED_SIGN_INS, here)
    await limits.remember(KNOWN_NETWORKS, here)
    return Done()


async def change_password(ctx: "Context[ChangePasswordArgs, None]") -> Done:
    """Set the caller's new password."""
    given, request = ctx.args["input"], ctx.request
    password = checked_password(given["new_password"], "input.newPassword")
    async with request.runtime.rate_limits.failures(*password_checks(ctx), successes=account_changes(ctx)):
        await request.runtime.identity.change_password(
            request.identity, given["current_password"], password, request.now
        )
    return Done()


async def request_email_change(ctx: "Context[RequestEmailChangeArgs, None]") -> Requested:
    """Send codes to the caller's address and to the new one."""
    given, request = ctx.args["input"], ctx.request
    email = email_address(given["new_email"], "input.newEmail")
    sent = (
        *account_changes(ctx),
        *await mails(ctx, email_key(email)),
    )  # counted only if the password is right
    async with request.runtime.rate_limits.failures(*password_checks(ctx), successes=sent):
        request_id = await request.runtime.identity.request_email_change(
            request.identity, email, given["password"], request.now
        )
    return Requested(request_id)


async def confirm_email_change(ctx: "Context[ConfirmEmailChangeArgs, None]") -> EmailChanged:
    """Make the new address the caller's."""
    given, request = ctx.args["input"], ctx.request
    async with request.runtime.rate_limits.failures(code_of_change(ctx)):
        await request.runtime.identity.confirm_email_change(
            request.identity, given["request_id"], given["old_code"], given["new_code"], request.now
        )
    viewer = await users.profile(request.runtime.writer, ctx.user_id)
    if viewer is None:
        raise unauthenticated("This account is closed.")
    await request.runtime.rate_limits.remember(KNOWN_NETWORKS, at_network(ctx, email_key(viewer.email)))
    return EmailChanged(viewer)


def password_checks(ctx: AnyContext) -> tuple[tuple[RateLimit, str], ...]:
    """Limits of wrong passwords of a caller who is signed in."""
    user = ctx.user_id.hex
    return (PASSWORD_CHECKS, at_network(ctx, user)), (PASSWORD_CHECKS_ANYWHERE, user)


def account_changes(ctx: AnyContext) -> tuple[tuple[RateLimit, str], ...]:
    """Limit of changes of the caller's account."""
    return ((ACCOUNT_CHANGES, ctx.user_id.hex),)
