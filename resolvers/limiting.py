"""Limits on how often somebody may do something: a pipeline's first step."""

from collections.abc import Awaitable, Callable

from milequest.rules.rate_limits import CODE_MAILS, KNOWN_NETWORKS, MAILS_OF_ADDRESS, RateLimit, network
from resolvers.context import Context


def per_user(limit: RateLimit) -> Callable[[Context], Awaitable[None]]:
    """Count an attempt of the signed-in user. Raises RATE_LIMITED for one too many, UNAUTHENTICATED without a user."""

    async def spend(ctx: Context) -> None:
        await ctx.request.runtime.rate_limits.spend(limit, ctx.user_id.hex)

    return spend


def network_of(ctx: Context) -> str:
    """The caller's network."""
    return network(ctx.request.address)


def from_here(ctx: Context, who: str) -> str:
    """`who` and the caller's network together."""
    return f"{who} {network_of(ctx)}"


async def spend_mail(ctx: Context, email_key: str) -> None:
    """Count a mail to an address. Strangers' mails leave those of its owner, at a network known as theirs."""
    limits, here = ctx.request.runtime.rate_limits, from_here(ctx, email_key)
    await limits.spend(CODE_MAILS, here)
    if not await limits.remembers(KNOWN_NETWORKS, here):
        await limits.spend(MAILS_OF_ADDRESS, email_key)


async def elsewhere(ctx: Context, who: str, limit: RateLimit) -> tuple[tuple[RateLimit, str], ...]:
    """`limit` on an account alone, for a network that isn't known as its owner's; nothing for one that is."""
    known = await ctx.request.runtime.rate_limits.remembers(KNOWN_NETWORKS, from_here(ctx, who))
    return () if known else ((limit, who),)
