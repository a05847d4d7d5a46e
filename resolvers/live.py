"""Subscriptions to state: the current version at once, then the newest after each change."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.rules.access import TeamPart, may_see
from milequest.rules.calendar import day_after
from milequest.rules.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from milequest.rules.events import presence_channel, team_channel
from milequest.rules.live import Cursor
from milequest.store.cache import presence
from milequest.store.sql import goals, log, progress, teams, users
from milequest.store.sql.boards import Leaderboard
from milequest.store.sql.progress import GoalProgress
from milequest.store.sql.teams import Team
from milequest.store.sql.users import User
from resolvers import boards
from resolvers.arguments import (
    TeamLeaderboardUpdatedArgs,
    TeamPresenceUpdatedArgs,
    TeamProgressUpdatedArgs,
    TeamsLeaderboardUpdatedArgs,
    TeamUpdatedArgs,
)
from resolvers.audience import team_access
from resolvers.context import Context, NoArgs, Request
from resolvers.feeds import ANY_CHANNEL, AccessRule, StateFeed, StateSnapshot


@dataclass(frozen=True, slots=True)
class TeamUpdate:
    """Team as the viewer sees it now."""

    team_id: UUID
    team: Team | None


@dataclass(frozen=True, slots=True)
class TeamProgressUpdate:
    """Position of the team's marker; None before its first goal."""

    team_id: UUID
    progress: GoalProgress | None


@dataclass(frozen=True, slots=True)
class LeaderboardUpdate:
    """Current board; None if there is none."""

    team_id: UUID | None
    period: LeaderboardPeriod
    metric: LeaderboardMetric
    basis: LeaderboardBasis
    leaderboard: Leaderboard | None


@dataclass(frozen=True, slots=True)
class TeamPresenceUpdate:
    """Members of the team who are walking now."""

    team_id: UUID
    walkers: list[User]


async def team_updated(ctx: "Context[TeamUpdatedArgs, None]") -> StateFeed:
    """Return the feed of the team itself: its card, its number of members, and the viewer's role."""
    team_id = ctx.args["team_id"]
    await team_access(ctx, team_id, TeamPart.CARD)

    async def snapshot(request: Request) -> StateSnapshot:
        team = await teams.team(request.db, request.viewer, team_id)
        shown = team and (team.version, team.member_count, team.avatar_url, team.viewer_role)
        return StateSnapshot(TeamUpdate(team_id, team), shown)

    return StateFeed(("team", team_id), AccessRule(team_id), (team_channel(team_id),), snapshot)


async def team_progress_updated(ctx: "Context[TeamProgressUpdatedArgs, None]") -> StateFeed:
    """Return the feed of the team's marker, across changes of the current goal."""
    team_id = ctx.args["team_id"]
    here = await team_access(ctx, team_id, TeamPart.GOALS)

    async def snapshot(request: Request) -> StateSnapshot:
        goal = (await goals.current_of(request.db, request.viewer, [team_id])).get(team_id)
        moved = await progress.of_goals(request.db, request.viewer, [goal.id], request.now) if goal else {}
        place = moved.get(goal.id) if goal else None
        return StateSnapshot(
            TeamProgressUpdate(team_id, place), place and (place.id, place.version), _midnight(here.timezone, request)
        )

    return StateFeed(("progress", team_id), AccessRule(team_id, TeamPart.GOALS), (team_channel(team_id),), snapshot)


async def team_leaderboard_updated(ctx: "Context[TeamLeaderboardUpdatedArgs, None]") -> StateFeed:
    """Return the feed of a team's board; on Monday WEEK is the new week."""
    team_id = ctx.args["team_id"]
    here = await team_access(ctx, team_id, TeamPart.PEOPLE)
    period, metric = ctx.args["period"], ctx.args["metric"]

    async def snapshot(request: Request) -> StateSnapshot:
        board = await boards.team_board(request, request.now, team_id, period, metric)
        update = LeaderboardUpdate(team_id, period, metric, LeaderboardBasis.TOTAL, board)
        return StateSnapshot(
            update, board and (board.id, board.window, board.version), _midnight(here.timezone, request)
        )

    topic = ("board", team_id, period, metric)
    return StateFeed(topic, AccessRule(team_id, TeamPart.PEOPLE), (team_channel(team_id),), snapshot)


async def teams_leaderboard_updated(ctx: "Context[TeamsLeaderboardUpdatedArgs, None]") -> StateFeed:
    """Return the feed of the board of public teams."""
    period, basis = ctx.args["period"], ctx.args["basis"]

    async def snapshot(request: Request) -> StateSnapshot:
        board = await boards.teams_board(request, request.now, period, basis)
        update = LeaderboardUpdate(None, period, LeaderboardMetric.DISTANCE, basis, board)
        midnight = day_after(request.now.astimezone(UTC).date(), ZoneInfo("UTC"))
        return StateSnapshot(update, board and (board.window, board.version), midnight)

    return StateFeed(("teams", period, basis), AccessRule(None), (ANY_CHANNEL,), snapshot)


async def team_presence_updated(ctx: "Context[TeamPresenceUpdatedArgs, None]") -> StateFeed:
    """Return the feed of a team's presence. It ends with the membership, so the team's log triggers it too."""
    team_id = ctx.args["team_id"]
    await team_access(ctx, team_id, TeamPart.PEOPLE)

    async def snapshot(request: Request) -> StateSnapshot:
        walking, stale_at = await presence.walkers(request.runtime.redis, team_id, request.now)
        shown = await users.of_members(request.db, team_id, walking)
        return StateSnapshot(TeamPresenceUpdate(team_id, shown), tuple(user.id for user in shown), stale_at)

    trigger_channels = (presence_channel(team_id), team_channel(team_id))
    return StateFeed(("presence", team_id), AccessRule(team_id, TeamPart.PEOPLE), trigger_channels, snapshot)


async def live_cursor(ctx: "Context[NoArgs, Team]") -> str | None:
    """Return the cursor at which the team was read; None if the viewer may not subscribe to its log."""
    team = ctx.source
    if not may_see(TeamPart.GOALS, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    return str(Cursor(await log.epoch(ctx.request.db), team_channel(team.id), team.sequence))


def _midnight(timezone: str, request: Request) -> datetime | None:
    """Return when the team's day ends: windows and paces change then."""
    zone = ZoneInfo(timezone)
    return day_after(request.now.astimezone(zone).date(), zone)
