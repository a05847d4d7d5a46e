"""Presence: announcing to a team that a member is walking."""

from dataclasses import dataclass

from milequest.rules.access import refuse_unless_member
from milequest.rules.errors import require
from milequest.rules.events import presence_channel
from milequest.rules.rate_limits import PRESENCE
from milequest.store.cache import presence
from milequest.store.sql import members, teams
from resolvers.arguments import SetPresenceArgs
from resolvers.context import Context
from resolvers.limiting import per_user


@dataclass(frozen=True, slots=True)
class SetPresencePayload:
    """Payload of success."""

    ok: bool = True


async def set_presence(ctx: "Context[SetPresenceArgs, None]") -> SetPresencePayload:
    """Set the caller's presence for two minutes, or end it. It is stored in Redis only."""
    await per_user(PRESENCE)(ctx)
    user_id, request, given = ctx.user_id, ctx.request, ctx.args["input"]
    team = require(await teams.team(request.db, request.viewer, given["team_id"]), "team")
    refuse_unless_member(team.access_level(request.viewer), is_public=team.is_public)
    member_id = require(await members.open_id(request.db, team.id, user_id), "team")
    await presence.put(request.runtime.redis, team.id, member_id, request.now, walking=given["walking"])
    await request.runtime.bus.wake({presence_channel(team.id): 0})
    return SetPresencePayload()
