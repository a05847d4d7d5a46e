"""Random lives of teams, while Valkey is flushed and killed: after every write all totals are those of the rules."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.embedded.valkey import Valkey
from milequest.rules.access import Viewer
from milequest.rules.boards import board_key
from milequest.rules.enums import LeaderboardMetric, LeaderboardPeriod
from milequest.rules.streaks import NONE_YET, streak
from milequest.store.sql import day_series, rankings
from milequest.store.sql.boards import Leaderboard
from milequest.store.sql.comparison import wrong_totals
from milequest.store.sql.rankings import RankQuery
from milequest.store.sql.transaction import open_pool
from tests import servers
from tests.conftest import RUN_FOLDER, WORKER
from tests.milequest.lives import THINGS, ZONES, Life
from tests.milequest.plain_walks import Key
from tests.milequest.totals import PERIODS, World

_SUMS = "e.distance_mm, e.duration_s, e.steps, e.activity_count, e.active_days, e.attained_at, e.last_activity_at"
_WALK = "c.user_id, c.is_public, c.distance_mm, c.duration_s, c.steps, c.local_date, c.started_at, c.counted_at"
_LIVE = "SELECT id FROM team WHERE deleted_at IS NULL"
_LIVE_GOALS = f"SELECT id FROM goal WHERE team_id IN ({_LIVE})"

# Each total's statement, how many of its columns are its key, and what it must be.
TOTALS: dict[str, tuple[int, str, Callable[[World], dict[Key, Key]]]] = {
    "contribution": (
        2,
        f"SELECT c.team_id, c.activity_id, {_WALK} FROM contribution c WHERE c.team_id IN ({_LIVE})",
        World.contributions,
    ),
    "goal_contribution": (
        2,
        f"SELECT c.goal_id, c.activity_id, c.team_id, {_WALK} FROM goal_contribution c WHERE c.team_id IN ({_LIVE})",
        World.goal_contributions,
    ),
    "board_entry": (
        4,
        f"SELECT e.team_id, e.period, e.starts_on, e.user_id, {_SUMS} FROM board_entry e WHERE e.team_id IN ({_LIVE})",
        World.board_entries,
    ),
    "team_entry": (
        3,
        f"SELECT e.team_id, e.period, e.starts_on, e.active_members, {_SUMS} FROM team_entry e",
        World.team_entries,
    ),
    "goal_entry": (
        2,
        f"SELECT e.goal_id, e.user_id, {_SUMS} FROM goal_entry e WHERE e.goal_id IN ({_LIVE_GOALS})",
        World.goal_entries,
    ),
    "goals": (
        1,
        f"""SELECT g.id, g.status, g.corrected, p.total_mm, array_agg(m.at_mm ORDER BY m.at_mm) FILTER (
            WHERE m.reached_at IS NOT NULL AND m.revoked_at IS NULL) AS reached
        FROM goal g JOIN goal_progress p ON p.goal_id = g.id JOIN milestone m ON m.goal_id = g.id
        WHERE g.id IN ({_LIVE_GOALS}) GROUP BY g.id, p.total_mm""",
        World.progress,
    ),
    "teams": (1, "SELECT id, member_count, is_public FROM team WHERE deleted_at IS NULL", World.member_counts),
}
_VERSIONS = "SELECT team_id, version FROM team_board UNION ALL SELECT NULL, sum(version)::bigint FROM teams_board_shard"


async def check_totals(life: Life) -> None:
    for name, (width, statement, expected) in TOTALS.items():
        stored = {tuple(row[:width]): tuple(row[width:]) for row in await life.db.fetch(statement)}
        assert stored == expected(life.world), name


async def check_boards(life: Life) -> None:
    """Compare every team's boards with the plain ranking."""
    asked: dict[RankQuery, list[tuple[int, UUID, int]]] = {}
    for team in life.world.teams.values():
        today = life.now.astimezone(ZoneInfo(team.zone)).date()
        for period in PERIODS:
            for place, metric in ((0, LeaderboardMetric.DISTANCE), (4, LeaderboardMetric.ACTIVE_DAYS)):
                key = board_key(LeaderboardPeriod(period), metric=metric, owner_id=team.id)
                board = Leaderboard(key, key.shown(today), is_final=False, version=0)
                asked[RankQuery(board, 100, counted=True)] = life.world.ranking(team, period, today, place)
    for ask, page in (await rankings.pages(life.db, Viewer(None), list(asked))).items():
        assert [(one.rank, one.competitor.id, one.raw) for one in page.entries] == asked[ask]
        assert page.total == len(asked[ask])


async def check_series(life: Life) -> None:
    """Compare everybody's days, best day and streak with the model's."""
    for who, person in life.world.people.items():
        days = life.world.days_of(who)
        found = await day_series.days(life.db, who, date.min, date.max)
        assert {
            day: (round(one.distance_meters * 1000), one.duration_seconds, one.steps, one.activity_count)
            for day, one in found.items()
        } == days
        best = await day_series.best_day(life.db, who)
        furthest = max(days, key=lambda day: (days[day][0], -day.toordinal()), default=None)
        assert (best and best.local_date) == furthest
        runs = await day_series.last_and_longest_run(life.db, who)
        now = NONE_YET if runs is None else streak(*runs, life.now, ZoneInfo(person.zone))
        assert (now.current_days, now.current_starts_on, now.longest_days) == life.world.streak_of(who)


async def check_versions(
    life: Life, before: dict[UUID | None, tuple[int, object]]
) -> dict[UUID | None, tuple[int, object]]:
    """Check that changed rows of a board have higher versions; return the current ones."""
    shown: dict[UUID | None, object] = {team.id: life.world.shown(team) for team in life.world.teams.values()}
    shown[None] = life.world.team_entries()
    versions = {row[0]: row[1] for row in await life.db.fetch(_VERSIONS)}
    for key in shown.keys() & before.keys():
        assert versions[key] > before[key][0] or shown[key] == before[key][1], "changed under its version"
    return {key: (versions[key], rows) for key, rows in shown.items()}


async def live(url: str, valkey: Valkey, things: list[tuple[str, int, int, int]]) -> None:
    db = await open_pool(url, 2)
    async with db, Redis.from_url(valkey.url) as redis:
        life = Life(db, redis, valkey)
        for name, zone in zip(("Ann", "bob", "Cid", "Émile"), ZONES, strict=True):
            await life.person(name, zone)
        await life.found(0, 0, 1)
        versions: dict[UUID | None, tuple[int, object]] = {}
        for name, *numbers in things:
            await getattr(life, name)(*numbers)
            await check_totals(life)
            versions = await check_versions(life, versions)
        await check_boards(life)
        await check_series(life)
        assert await wrong_totals(db) == {}, "what an operator compares by is no other rule"


@pytest.fixture(scope="module")
def mortal() -> Iterator[Valkey]:
    """Yield a Valkey to be killed."""
    server = servers.start_valkey(Path(os.environ[RUN_FOLDER]), f"{WORKER}-mortal")
    yield server
    server.start()  # a killed one leaves files that only a stop removes
    server.stop()


NUMBERS = st.integers(0, 30_000)
THING = st.tuples(st.sampled_from(THINGS), NUMBERS, NUMBERS, NUMBERS)
# Drawing the length first makes long lives as likely as short ones.
LIVES = st.integers(1, 80).flatmap(lambda length: st.lists(THING, min_size=length, max_size=length))


@settings(max_examples=max(10, settings().max_examples // 10))
@given(things=LIVES)
def test_every_total_is_what_the_rules_say(
    new_database: Callable[[], AbstractContextManager[str]], mortal: Valkey, things: list[tuple[str, int, int, int]]
) -> None:
    mortal.start()
    with new_database() as url:
        asyncio.run(live(url, mortal, things))
