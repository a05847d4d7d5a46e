"""The viewer's days, best day and streak."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from milequest.rules.calendar import check_order, local_date
from milequest.rules.errors import invalid
from milequest.rules.streaks import NONE_YET, Streak, streak
from milequest.store.sql import day_series
from milequest.store.sql.day_series import ActivityDay
from milequest.store.sql.users import Profile
from resolvers.arguments import ViewerDaysArgs
from resolvers.context import Context, NoArgs

DAYS_MAX = 366
DAYS_DEFAULT = 30


async def days_of_viewer(ctx: "Context[ViewerDaysArgs, Profile]") -> Sequence[ActivityDay]:
    """Return each day of the range, oldest first; one without a counted walk has zeros."""
    first, last = _range(ctx.args.get("from_"), ctx.args.get("to"), _today(ctx))
    walked = await day_series.days(ctx.request.db, ctx.source.id, first, last)
    every = [first + timedelta(days=after) for after in range((last - first).days + 1)]
    return [walked.get(day) or ActivityDay(day, 0.0, 0, 0, 0) for day in every]


def _range(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Return the first and last day asked for: up to today, and thirty days, unless they are given."""
    last = last or max(today, first or today)
    first = first or last - timedelta(days=min(DAYS_DEFAULT - 1, (last - date.min).days))
    check_order("to", first, last)
    if (last - first).days >= DAYS_MAX:
        highest = first + timedelta(days=DAYS_MAX - 1)
        raise invalid("to", "OUT_OF_RANGE", f"at most {DAYS_MAX} days", low=str(first), high=str(highest))
    return first, last


async def best_day(ctx: "Context[NoArgs, Profile]") -> ActivityDay | None:
    """Return the day of the longest distance."""
    return await day_series.best_day(ctx.request.db, ctx.source.id)


async def streak_of_viewer(ctx: "Context[NoArgs, Profile]") -> Streak:
    """Return the current and the longest run of days, by today in the viewer's zone."""
    runs = await day_series.last_and_longest_run(ctx.request.db, ctx.source.id)
    return NONE_YET if runs is None else streak(*runs, ctx.request.now, ZoneInfo(ctx.source.timezone))


def _today(ctx: "Context[ViewerDaysArgs, Profile]") -> date:
    return local_date(ctx.request.now, ZoneInfo(ctx.source.timezone))
