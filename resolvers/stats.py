"""Totals of the viewer's own walks."""

from zoneinfo import ZoneInfo

from milequest.rules.calendar import local_date, window
from milequest.rules.enums import LeaderboardPeriod
from milequest.rules.errors import invalid
from milequest.store.sql import stats
from milequest.store.sql.stats import ActivityStats
from milequest.store.sql.users import Profile
from resolvers.arguments import ViewerStatsArgs
from resolvers.context import Context


async def of_viewer(ctx: "Context[ViewerStatsArgs, Profile]") -> ActivityStats:
    """Return the totals of the window that holds `date`, or today in the viewer's zone."""
    profile = ctx.source
    period = ctx.args.get("period") or LeaderboardPeriod.WEEK
    if period is LeaderboardPeriod.GOAL:
        raise invalid("period", "NOT_ALLOWED", "goals are a team's; choose DAY, WEEK, MONTH or ALL_TIME")
    day = ctx.args.get("date") or local_date(ctx.request.now, ZoneInfo(profile.timezone))
    return await stats.stats(ctx.request.db, profile.id, window(period, day))
