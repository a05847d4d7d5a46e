"""Leaderboards: a team's, a goal's, and the teams'. A board is None for viewers who may not see the people on it."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.rules.access import TeamPart, may_see
from milequest.rules.boards import (
    DEFAULT_FIRST,
    MAX_FIRST,
    BoardKey,
    BoardKind,
    board_key,
    parse_key,
    previous,
    sort_name,
)
from milequest.rules.boards import closes_at as window_closes_at
from milequest.rules.calendar import Window, local_date
from milequest.rules.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from milequest.rules.errors import invalid
from milequest.rules.identity import IdentityKind
from milequest.rules.pages import Page, decode_cursor, encode_cursor, page_of, page_size
from milequest.rules.progress import closes_at as goal_closes_at
from milequest.store.sql import board_corrections, boards, rankings
from milequest.store.sql.boards import GoalBoard, Leaderboard, TeamBoards
from milequest.store.sql.goals import Goal
from milequest.store.sql.rankings import LeaderboardEntry, RankCursor, Ranked, RankedPosition, RankQuery
from milequest.store.sql.teams import Team
from resolvers.arguments import GoalLeaderboardArgs, LeaderboardEntriesArgs, TeamLeaderboardArgs, TeamsLeaderboardArgs
from resolvers.batch import Batch
from resolvers.context import Context, NoArgs, Request


async def _teams_version(request: Request, keys: list[None]) -> dict[None, int]:
    return dict.fromkeys(keys, await boards.teams_version(request.db))


_of_team: Batch[UUID, TeamBoards] = Batch(lambda request, ids: boards.of_teams(request.db, request.viewer, ids))
_of_goal: Batch[UUID, GoalBoard] = Batch(lambda request, ids: boards.of_goals(request.db, request.viewer, ids))
_of_current_goal: Batch[UUID, GoalBoard] = Batch(
    lambda request, ids: boards.of_current_goals(request.db, request.viewer, ids)
)
_of_teams: Batch[None, int] = Batch(_teams_version)
_corrected: Batch[Leaderboard, datetime] = Batch(
    lambda request, asked: board_corrections.corrected_at(request.db, asked)
)
_page: Batch[RankQuery, Ranked] = Batch(lambda request, asks: rankings.pages(request.db, request.viewer, asks))
_standing: Batch[Leaderboard, RankedPosition] = Batch(
    lambda request, asked: rankings.standings(request.db, request.viewer, asked)
)
_rank: Batch[tuple[Leaderboard, UUID], int] = Batch(
    lambda request, asked: rankings.ranks(
        request.db, request.viewer, list({board for board, _ in asked}), list({competitor for _, competitor in asked})
    )
)


async def of_team(ctx: "Context[TeamLeaderboardArgs, Team]") -> Leaderboard | None:
    """Return one of a team's boards, for its members."""
    team = ctx.source
    if not may_see(TeamPart.PEOPLE, team.access_level(ctx.request.viewer), is_public=team.is_public):
        return None
    period, metric, day = ctx.args.get("period"), ctx.args.get("metric"), ctx.args.get("date")
    return await team_board(ctx.request, ctx.request.now, team.id, period, metric, day)


async def of_goal(ctx: "Context[GoalLeaderboardArgs, Goal]") -> Leaderboard | None:
    """Return the board of all who walked for a goal, for the team's members."""
    key = board_key(LeaderboardPeriod.GOAL, metric=ctx.args.get("metric"), owner_id=ctx.source.id)
    return await load(ctx.request, ctx.request.now, key)


async def of_teams(ctx: "Context[TeamsLeaderboardArgs, None]") -> Leaderboard | None:
    """Return the board of public teams."""
    period = ctx.args.get("period") or LeaderboardPeriod.WEEK
    return await teams_board(ctx.request, ctx.request.now, period, ctx.args.get("basis"), ctx.args.get("date"))


async def by_name(request: Request, names: list[str]) -> dict[str, Leaderboard | None]:
    """Return the boards with ids of `board_` and a name. Raises VALIDATION_ERROR for an impossible name."""
    found = await asyncio.gather(*(load(request, request.now, parse_key(name)) for name in names))
    return dict(zip(names, found, strict=True))


async def team_board(
    request: Request,
    now: datetime,
    team_id: UUID,
    period: LeaderboardPeriod | None = None,
    metric: LeaderboardMetric | None = None,
    day: date | None = None,
) -> Leaderboard | None:
    """Return the team's board of the window that holds `day`, or now; for GOAL the current goal's, None without one."""
    if period is LeaderboardPeriod.GOAL:
        goal = await _of_current_goal(request, team_id)
        return _goal_board(board_key(period, metric=metric, owner_id=goal.goal_id), goal) if goal else None
    return await load(
        request, now, board_key(period or LeaderboardPeriod.WEEK, metric=metric, owner_id=team_id, day=day)
    )


async def teams_board(
    request: Request,
    now: datetime,
    period: LeaderboardPeriod,
    basis: LeaderboardBasis | None = None,
    day: date | None = None,
) -> Leaderboard | None:
    """Return the board of public teams of the window that holds `day`, or now. Raises VALIDATION_ERROR for GOAL."""
    if period is LeaderboardPeriod.GOAL:
        raise invalid("period", "NOT_ALLOWED", "teams share no goal; choose DAY, WEEK, MONTH or ALL_TIME")
    return await load(request, now, board_key(period, basis=basis, day=day))


async def load(request: Request, now: datetime, key: BoardKey) -> Leaderboard | None:
    """Return the board of `key` at `now`; None if the viewer may not see it.

    Anonymous callers do not see boards of teams either.
    """
    if key.owner_id is None:
        if request.identity.kind is IdentityKind.ANONYMOUS:
            return None
        return _board(key, local_date(now, ZoneInfo("UTC")), now, await _of_teams(request, None) or 0)
    if key.kind is BoardKind.GOAL:
        goal = await _of_goal(request, key.owner_id)
        return _goal_board(key, goal) if goal else None
    team = await _of_team(request, key.owner_id)
    return _board(key, local_date(now, ZoneInfo(team.timezone)), now, team.version) if team else None


def _board(key: BoardKey, today: date, now: datetime, version: int) -> Leaderboard:
    shown = key.shown(today)
    closes_at = window_closes_at(shown)
    return Leaderboard(key, shown, closes_at is not None and now >= closes_at, version, closes_at)


def _goal_board(key: BoardKey, goal: GoalBoard) -> Leaderboard:
    shown = Window(key.period, goal.starts_on, goal.ends_on)
    return Leaderboard(key, shown, goal.is_final, goal.version, goal_closes_at(goal.ends_on, goal.grace_hours))


def corrected_at(ctx: "Context[NoArgs, Leaderboard]") -> "Awaitable[datetime | None] | None":
    """Return when a row last changed after the board was final; None if none has."""
    return _corrected(ctx.request, ctx.source) if ctx.source.is_final else None


async def entries(ctx: "Context[LeaderboardEntriesArgs, Leaderboard]") -> Page[LeaderboardEntry]:
    """Return a page of a board's rows."""
    size = page_size(ctx.args.get("first"), default=DEFAULT_FIRST, maximum=MAX_FIRST)
    after = decode_cursor(ctx.args.get("after"), int, datetime, str, UUID)
    place = RankCursor(*after) if after else RankCursor()
    ranked = await _page(ctx.request, RankQuery(ctx.source, size + 1, place, ctx.info.selects("totalCount")))
    assert ranked is not None, "pages returns each requested page"
    return page_of(ranked.entries, size, after, cursor_of, ranked.total)


def cursor_of(entry: LeaderboardEntry) -> str:
    """Return a row's cursor on its board."""
    who = entry.competitor
    return encode_cursor(entry.raw, entry.attained_at, sort_name(who.name), who.id)


def viewer_standing(ctx: "Context[NoArgs, Leaderboard]") -> Awaitable[RankedPosition | None] | None:
    """Return the standing of the viewer, or of their best placed team; None if the caller is none of our users."""
    return None if ctx.identity.user_id is None else _standing(ctx.request, ctx.source)


async def rank_change(ctx: "Context[NoArgs, LeaderboardEntry]") -> int | None:
    """Return the ranks gained since the previous window; None if absent from it, and on boards of teams."""
    entry = ctx.source
    before = previous(entry.board.window)
    if before is None or entry.board.key.kind is BoardKind.TEAMS:
        return None
    earlier = await _rank(ctx.request, (replace(entry.board, window=before), entry.competitor.id))
    return None if earlier is None else earlier - entry.rank
