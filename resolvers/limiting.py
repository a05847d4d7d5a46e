"""Rate limits of resolvers."""

from collections.abc import Awaitable, Callable, Mapping

from milequest.providers.identity.builtin_base import wrong_code
from milequest.rules import rate_limits as limits
from milequest.rules.credentials import is_secret_id
from milequest.rules.errors import is_final_refusal
from milequest.rules.rate_limits import CODE_MAILS, CODE_TRIES, KNOWN_NETWORKS, MAILS_OF_ADDRESS, RateLimit, network
from milequest.store.cache.rate_limits import Counted
from resolvers.context import AnyContext, Request

ADMITTED = "admitted"  # key in the stash of a mutation that was counted
OF_WRITES: Mapping[str, RateLimit] = {
    "updateProfile": limits.PROFILE_CHANGES,
    "updatePrivacySettings": limits.PROFILE_CHANGES,
    "deleteAvatar": limits.PROFILE_CHANGES,
    "createTeam": limits.TEAM_CHANGES,
    "updateTeam": limits.TEAM_CHANGES,
    "deleteTeam": limits.TEAM_CHANGES,
    "joinTeam": limits.MEMBERSHIP_CHANGES,
    "leaveTeam": limits.MEMBERSHIP_CHANGES,
    "requestToJoin": limits.JOIN_REQUESTS,
    "withdrawJoinRequest": limits.MEMBERSHIP_CHANGES,
    "acceptInvite": limits.MEMBERSHIP_CHANGES,
    "declineInvite": limits.MEMBERSHIP_CHANGES,
    "liftBan": limits.MEMBER_CHANGES,
    "removeMember": limits.MEMBER_CHANGES,
    "setMemberRole": limits.MEMBER_CHANGES,
    "rejectActivity": limits.RULINGS,
    "approveActivity": limits.RULINGS,
    "hideNotes": limits.RULINGS,
    "transferCaptaincy": limits.MEMBER_CHANGES,
    "approveJoinRequest": limits.MEMBER_CHANGES,
    "rejectJoinRequest": limits.MEMBER_CHANGES,
    "createInvite": limits.INVITE_CHANGES,
    "createInvites": limits.INVITE_BATCHES,
    "rotateInvite": limits.INVITE_CHANGES,
    "revokeInvite": limits.INVITE_CHANGES,
    "createGoal": limits.GOAL_CHANGES,
    "updateGoal": limits.GOAL_CHANGES,
    "deleteGoal": limits.GOAL_CHANGES,
    "activateGoal": limits.GOAL_CHANGES,
    "cancelGoal": limits.GOAL_CHANGES,
    "logActivity": limits.WALKS_LOGGED,
    "logActivities": limits.WALKS_LOGGED,
    "updateActivity": limits.WALK_CHANGES,
    "deleteActivity": limits.WALK_CHANGES,
    "restoreActivity": limits.WALK_CHANGES,
    "setActivitiesPrivacy": limits.PRIVACY_OF_WALKS,
}
"""Limit of each mutation that writes by `resolvers.writing`, which does not count repeats."""


def per_user(limit: RateLimit) -> Callable[[AnyContext], Awaitable[None]]:
    """Return a step that counts an attempt of the signed-in user. It raises RATE_LIMITED and UNAUTHENTICATED."""

    async def spend(ctx: AnyContext) -> None:
        await ctx.request.runtime.rate_limits.spend(limit, ctx.user_id.hex)

    return spend


def network_of(ctx: AnyContext) -> str:
    """Return the caller's network."""
    return network(ctx.request.address)


def at_network(ctx: AnyContext, who: str) -> str:
    """Return the key of `who` at the caller's network."""
    return f"{who} {network_of(ctx)}"


def code_of_sign_up(attempt_id: str) -> Counted:
    """Limit of wrong codes for a sign-up.

    The key of each such limit says what the code is for, so that the limits are separate. Raises CODE_INVALID for a
    malformed id.
    """
    return CODE_TRIES, f"sign-up {_checked_id(attempt_id)}"


def code_of_address(ctx: AnyContext, email_key: str) -> Counted:
    """Limit of wrong codes for sign-ups by an address alone, without an attempt's id."""
    return CODE_TRIES, f"address {at_network(ctx, email_key)}"


def code_of_reset(request_id: str) -> Counted:
    """Limit of wrong codes for a new password. Raises CODE_INVALID for a malformed id."""
    return CODE_TRIES, f"reset {_checked_id(request_id)}"


def code_of_change(ctx: AnyContext) -> Counted:
    """Limit of wrong codes for another address of the caller's account."""
    return CODE_TRIES, f"change {ctx.user_id.hex}"


def _checked_id(secret_id: str) -> str:
    if not is_secret_id(secret_id):
        raise wrong_code()
    return secret_id


def sign_outs(ctx: AnyContext) -> Counted:
    """Limit of ending sessions: of the signed-in user, else of the network."""
    user_id = ctx.identity.user_id
    return (limits.SIGN_OUTS_HERE, network_of(ctx)) if user_id is None else (limits.SIGN_OUTS, user_id.hex)


async def mails(ctx: AnyContext, email_key: str) -> tuple[Counted, ...]:
    """Limits of a mail to an address.

    Requests from unknown networks use up none of those from its owner's known networks.
    """
    return (CODE_MAILS, at_network(ctx, email_key)), *await unknown_network_limit(ctx, email_key, MAILS_OF_ADDRESS)


async def unknown_network_limit(ctx: AnyContext, who: str, limit: RateLimit) -> tuple[Counted, ...]:
    """Return `limit` on an account for all networks together; nothing if the caller's network is a known one of it."""
    known = await ctx.request.runtime.rate_limits.remembers(KNOWN_NETWORKS, at_network(ctx, who))
    return () if known else ((limit, who),)


def caller(request: Request) -> str:
    """Return the key of limits that count a user in a network."""
    return f"{network(request.address)} {request.identity.user_id}"


async def admit(ctx: AnyContext) -> None:
    """Count a mutation against its limit, once it is known not to repeat an earlier request. Raises RATE_LIMITED.

    It counts once, even if its transaction is retried.
    """
    if ADMITTED not in ctx.stash:
        await per_user(OF_WRITES[ctx.info.field_name])(ctx)
        ctx.stash[ADMITTED] = True


async def refund(ctx: AnyContext, error: Exception) -> None:
    """Take back the count of an admitted mutation, unless `error` is a final refusal."""
    if ctx.stash.get(ADMITTED) and not is_final_refusal(error):
        del ctx.stash[ADMITTED]
        await ctx.request.runtime.rate_limits.give_back(OF_WRITES[ctx.info.field_name], ctx.user_id.hex)
