"""Access check for subscriptions to a team."""

from uuid import UUID

from milequest.rules.access import TeamPart, may_see
from milequest.rules.errors import not_found
from milequest.store.sql.audience import SubscriberAccess
from resolvers.context import AnyContext


async def team_access(ctx: AnyContext, team_id: UUID, part: TeamPart) -> SubscriberAccess:
    """Return the caller's access to a team. Raises NOT_FOUND if they may not see that part of it."""
    found = await ctx.request.runtime.access_of((ctx.user_id, team_id))
    if found is None or not may_see(part, found.access_level, is_public=found.is_public):
        raise not_found("team")
    return found
