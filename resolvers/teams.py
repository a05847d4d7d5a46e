"""Teams: reading, searching, creating, changing and deleting them."""

from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import UUID

from milequest.actions import teams as actions
from milequest.actions.teams import TeamDeleted
from milequest.rules.avatars import name_in
from milequest.rules.errors import require
from milequest.rules.pages import Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.rate_limits import TEAMS_SEARCHED
from milequest.rules.teams import QUERY, new_team, team_changes
from milequest.rules.text import clean
from milequest.store.pictures import forgotten
from milequest.store.sql import members, teams, users
from milequest.store.sql.goals import Goal
from milequest.store.sql.members import TeamMember
from milequest.store.sql.teams import Team
from resolvers.arguments import CreateTeamArgs, DeleteTeamArgs, SearchTeamsArgs, TeamArgs, UpdateTeamArgs
from resolvers.batch import Batch, existing
from resolvers.context import AnyContext, Context, NoArgs
from resolvers.limiting import caller
from resolvers.writing import write


@dataclass(frozen=True, slots=True)
class CreateTeamPayload:
    """New team, and its founder's membership."""

    team: Team
    membership: TeamMember


@dataclass(frozen=True, slots=True)
class UpdateTeamPayload:
    """Changed team."""

    team: Team


async def team(ctx: "Context[TeamArgs, None]") -> Team | None:
    """Return a team the viewer may see."""
    return await teams.team(ctx.request.db, ctx.request.viewer, ctx.args["id"])


async def search_teams(ctx: "Context[SearchTeamsArgs, None]") -> Page[Team]:
    """Return public teams with names similar to the query, best first."""
    query = clean("query", ctx.args["query"], *QUERY)
    await ctx.request.runtime.rate_limits.spend(TEAMS_SEARCHED, caller(ctx.request))
    size = page_size(ctx.args.get("first"))
    after = decode_cursor(ctx.args.get("after"), int, str, UUID)
    hits = await teams.search(ctx.request.db, ctx.request.viewer, query, size + 1, after)
    cursors = {hit.team.id: encode_cursor(hit.rank, hit.name_key, hit.team.id) for hit in hits}
    return page_of([hit.team for hit in hits], size, after, lambda team: cursors[team.id])


async def create_team(ctx: "Context[CreateTeamArgs, None]") -> CreateTeamPayload:
    """Create a team."""
    founder, now = ctx.user_id, ctx.request.now
    profile = await users.profile(ctx.request.runtime.writer, founder)
    given = ctx.args["input"]
    new = new_team(
        given["name"],
        given.get("description"),
        given.get("is_public"),
        given.get("join_policy"),
        given.get("max_members"),
        given.get("timezone"),
        home=profile.timezone if profile else "UTC",
    )
    made = await write(ctx, actions.TeamCreated, lambda tx: actions.create_team(tx, founder, now, new))
    founded = await members.by_ids(ctx.request.db, ctx.request.viewer, [made.member_id])
    membership = require(founded.get(made.member_id), "member")
    return CreateTeamPayload(membership.team, membership)


async def update_team(ctx: "Context[UpdateTeamArgs, None]") -> UpdateTeamPayload:
    """Change a team."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    team_id, expected, changes = given["team_id"], given.get("expected_version"), team_changes(given)
    updated = await write(
        ctx, actions.TeamUpdated, lambda tx: actions.update_team(tx, admin, now, team_id, changes, expected)
    )
    return UpdateTeamPayload(require(await teams.team(ctx.request.db, ctx.request.viewer, updated.team_id), "team"))


async def delete_team(ctx: "Context[DeleteTeamArgs, None]") -> TeamDeleted:
    """Delete a team."""
    admin, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    done = await write(
        ctx, TeamDeleted, lambda tx: actions.delete_team(tx, admin, now, given["team_id"], given["confirm_name"])
    )
    await forget_picture(ctx, done.deleted_team_id)
    return done


async def forget_picture(ctx: AnyContext, team_id: UUID) -> None:
    """Delete the team's picture if the team has ended."""
    runtime = ctx.request.runtime
    await forgotten(runtime.pictures, name_in(await teams.last_picture(runtime.writer, team_id)))


_by_id: Batch[UUID, Team] = Batch(lambda request, team_ids: teams.teams(request.db, request.viewer, team_ids))


def by_team_id(ctx: "Context[NoArgs, Goal]") -> Awaitable[Team]:
    """Return the team of a row's `team_id`, loaded together with those of its neighbours."""
    return existing(_by_id(ctx.request, ctx.source.team_id))
