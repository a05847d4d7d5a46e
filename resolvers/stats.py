"""Totals of the viewer's own walks, and of a team's."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.rules.access import TeamPart, may_see
from milequest.rules.calendar import local_date, window
from milequest.rules.enums import LeaderboardPeriod
from milequest.rules.errors import invalid
from milequest.store.sql import stats, team_stats
from milequest.store.sql.stats import ActivityStats
from milequest.store.sql.team_stats import TeamStats
from milequest.store.sql.teams import Team
from milequest.store.sql.users import Profile
from resolvers.arguments import ViewerStatsArgs
from resolvers.batch import Batch
from resolvers.context import Context, NoArgs, Request


async def of_viewer(ctx: "Context[ViewerStatsArgs, Profile]") -> ActivityStats:
    """Return the totals of the window that holds `date`, or today in the viewer's zone."""
    profile = ctx.source
    period = ctx.args.get("period") or LeaderboardPeriod.WEEK
    if period is LeaderboardPeriod.GOAL:
        raise invalid("period", "NOT_ALLOWED", "goals are a team's; choose DAY, WEEK, MONTH or ALL_TIME")
    day = ctx.args.get("date") or local_date(ctx.request.now, ZoneInfo(profile.timezone))
    return await stats.stats(ctx.request.db, profile.id, window(period, day))


_of_teams: Batch[tuple[UUID, date], TeamStats] = Batch(lambda request, asked: _load(request, asked))


async def of_team(ctx: "Context[NoArgs, Team]") -> TeamStats | None:
    """Return a team's numbers, of this week by the team's days; None if the viewer is not a member."""
    team = ctx.source
    if not may_see(TeamPart.PEOPLE, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    week = window(LeaderboardPeriod.WEEK, local_date(ctx.request.now, ZoneInfo(team.timezone)))
    return await _of_teams(ctx.request, (team.id, week.starts_on))


async def _load(request: Request, asked: list[tuple[UUID, date]]) -> dict[tuple[UUID, date], TeamStats | Exception]:
    found = await team_stats.of_teams(request.db, request.viewer, dict(asked))
    return {key: found[key[0]] for key in asked if key[0] in found}
