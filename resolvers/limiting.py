"""Limits on how often somebody may do something: a pipeline's first step."""

from collections.abc import Awaitable, Callable

from milequest.rules.rate_limits import RateLimit
from resolvers.context import Context


def per_user(limit: RateLimit) -> Callable[[Context], Awaitable[None]]:
    """Count an attempt of the signed-in user. Raises RATE_LIMITED for one too many, UNAUTHENTICATED without a user."""

    async def spend(ctx: Context) -> None:
        await ctx.request.runtime.rate_limits.spend(limit, ctx.user_id.hex)

    return spend
