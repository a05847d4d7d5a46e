"""Rows of boards against a naive ranking in Python: order, shared ranks on every page, standings, hidden rows."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milequest.rules.access import Viewer
from milequest.rules.boards import BoardKind, board_key
from milequest.rules.calendar import Window
from milequest.rules.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from milequest.rules.ids import new_id
from milequest.store.sql.boards import Leaderboard
from milequest.store.sql.rankings import LeaderboardEntry, RankCursor, RankQuery, pages, ranks, standings
from milequest.store.sql.transaction import Tx
from tests.milequest.store.sql.routes import straight

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 11, 16)
METRICS = tuple(LeaderboardMetric)
AVERAGE = LeaderboardBasis.AVERAGE_PER_ACTIVE_MEMBER


@dataclass(frozen=True)
class Competitor:
    """A competitor, or would-be one: `visible` shows on leaderboards (a public team), `inside` is a member now."""

    name: str
    visible: bool
    deleted: bool
    inside: bool
    values: tuple[int, int, int, int]
    attained: int
    active: int


COMPETITORS = st.lists(
    st.builds(
        Competitor,
        st.sampled_from(["ann", "Ann", "bo", "Émile", "émile", "Zoë"]),
        *(st.sampled_from([True, True, True, False]), st.sampled_from([False, False, False, True])),
        st.sampled_from([True, True, True, False]),
        st.tuples(*[st.integers(0, 4)] * 4),
        st.integers(0, 2),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=14,
)


@dataclass(frozen=True)
class World:
    """Competitors in the database, by id, and their boards."""

    kind: BoardKind
    owner_id: UUID | None
    people: dict[UUID, Competitor]

    def board(self, metric: LeaderboardMetric, *, averaged: bool = False) -> Leaderboard:
        period = LeaderboardPeriod.GOAL if self.kind is BoardKind.GOAL else LeaderboardPeriod.WEEK
        key = board_key(period, metric=metric, basis=AVERAGE if averaged else None, owner_id=self.owner_id)
        return Leaderboard(key, Window(period, MONDAY, MONDAY + timedelta(days=6)), is_final=False, version=1)

    def value(self, who: UUID, board: Leaderboard) -> int:
        competitor = self.people[who]
        if board.basis is AVERAGE:
            return competitor.values[0] // competitor.active if competitor.active >= 3 else 0
        return competitor.values[METRICS.index(board.metric)]

    def place(self, who: UUID, board: Leaderboard) -> tuple[int, int, bytes, bytes]:
        name = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in self.people[who].name)
        return -self.value(who, board), self.people[who].attained, name.encode(), who.bytes

    def ranking(self, board: Leaderboard) -> list[tuple[int, UUID]]:
        """Return (rank, id) of every visible competitor, best first."""
        seen = [
            who
            for who, competitor in self.people.items()
            if self.value(who, board) > 0
            and competitor.visible
            and not competitor.deleted
            and (competitor.inside or self.kind is not BoardKind.TEAM)
        ]
        ordered = sorted(seen, key=lambda who: self.place(who, board))
        return [(1 + sum(self.value(a, board) > self.value(b, board) for a in seen), b) for b in ordered]


async def user(tx: Tx, name: str = "Vera", *, visible: bool = True, deleted: bool = False) -> UUID:
    user_id = new_id(NOW)
    await tx.execute(
        "INSERT INTO app_user (id, email, email_key, name, show_on_leaderboards, deleted_at, created_at, updated_at) "
        "VALUES ($1, $2, $2, $3, $4, $5, $6, $6)",
        *(user_id, f"{user_id.hex}@example.com", name, visible, NOW if deleted else None, NOW),
    )
    return user_id


async def team(tx: Tx, founder: UUID, name: str, *, visible: bool = False, deleted: bool = False) -> UUID:
    team_id = new_id(NOW)
    await tx.execute(
        "INSERT INTO team (id, name, name_key, is_public, deleted_at, created_by, created_at, updated_at) "
        "VALUES ($1, $2, $2, $3, $4, $5, $6, $6)",
        *(team_id, name, visible, NOW if deleted else None, founder, NOW),
    )
    return team_id


async def member(tx: Tx, team_id: UUID, user_id: UUID, *, inside: bool = True) -> None:
    await tx.execute(
        "INSERT INTO team_member (id, team_id, user_id, role, joined_at, counts_from, left_at) "
        "VALUES ($1, $2, $3, 'MEMBER', $4, $4, $5)",
        *(new_id(NOW), team_id, user_id, NOW - timedelta(days=9), None if inside else NOW),
    )


async def entry(tx: Tx, table: str, window: dict[str, object], values: Sequence[int], attained: int) -> None:
    columns = window | dict(zip(("distance_mm", "duration_s", "steps", "active_days"), values, strict=True))
    columns |= {"attained_at": NOW + timedelta(seconds=attained), "last_activity_at": NOW, "activity_count": 2}
    marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    await tx.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())


async def team_world(tx: Tx, competitors: Sequence[Competitor]) -> World:
    founder = await user(tx)
    team_id = await team(tx, founder, founder.hex)
    people = {}
    for someone in competitors:
        user_id = await user(tx, someone.name, visible=someone.visible, deleted=someone.deleted)
        await member(tx, team_id, user_id, inside=someone.inside)
        window = {"team_id": team_id, "period": "WEEK", "starts_on": MONDAY, "user_id": user_id}
        await entry(tx, "board_entry", window, someone.values, someone.attained)
        people[user_id] = someone
    return World(BoardKind.TEAM, team_id, people)


async def goal_world(tx: Tx, competitors: Sequence[Competitor]) -> World:
    founder = await user(tx)
    team_id, goal_id, route = await team(tx, founder, "Walkers"), new_id(NOW), await straight(tx, (0, 0), (0, 1))
    await tx.execute(
        "INSERT INTO goal (id, team_id, route_id, name, starts_on, ends_on, target_mm, created_by, created_at, "
        "updated_at) VALUES ($1, $2, $3, 'Far', $4, $5, 1000, $6, $7, $7)",
        *(goal_id, team_id, route.id, MONDAY, MONDAY + timedelta(days=30), founder, NOW),
    )
    people = {}
    for someone in competitors:
        user_id = await user(tx, someone.name, visible=someone.visible, deleted=someone.deleted)
        await member(tx, team_id, user_id, inside=someone.inside)
        await entry(tx, "goal_entry", {"goal_id": goal_id, "user_id": user_id}, someone.values, someone.attained)
        people[user_id] = someone
    return World(BoardKind.GOAL, goal_id, people)


async def teams_world(tx: Tx, competitors: Sequence[Competitor]) -> World:
    founder = await user(tx)
    people = {}
    for n, someone in enumerate(competitors):
        named = Competitor(f"{someone.name} {n}", *list(vars(someone).values())[1:])
        team_id = await team(tx, founder, named.name, visible=named.visible, deleted=named.deleted)
        if named.inside:
            await member(tx, team_id, founder)
        window = {"period": "WEEK", "starts_on": MONDAY, "team_id": team_id, "active_members": named.active}
        if named.visible and not named.deleted:  # others have no row: the counting ensures that
            await entry(tx, "team_entry", window, named.values, named.attained)
        people[team_id] = named
    return World(BoardKind.TEAMS, None, people)


WORLDS = {BoardKind.TEAM: team_world, BoardKind.GOAL: goal_world, BoardKind.TEAMS: teams_world}


@asynccontextmanager
async def world(tx: Tx, kind: BoardKind, competitors: Sequence[Competitor]) -> AsyncIterator[World]:
    """Yield a world that is deleted afterwards, so that one database is enough for all examples."""
    savepoint = tx.connection.transaction()
    await savepoint.start()
    try:
        yield await WORLDS[kind](tx, competitors)
    finally:
        await savepoint.rollback()


def boards_of(a_world: World) -> list[Leaderboard]:
    if a_world.kind is BoardKind.TEAMS:
        return [a_world.board(METRICS[0]), a_world.board(METRICS[0], averaged=True)]
    return [a_world.board(metric) for metric in METRICS]


def after(last: LeaderboardEntry) -> RankCursor:
    return RankCursor(last.raw, last.attained_at, last.competitor.name.encode().lower().decode(), last.competitor.id)


@pytest.mark.parametrize("kind", list(BoardKind))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(competitors=COMPETITORS, size=st.integers(1, 6))
async def test_every_page_has_the_order_and_ranks_of_the_whole(
    tx: Tx, kind: BoardKind, competitors: list[Competitor], size: int
) -> None:
    async with world(tx, kind, competitors) as a_world:
        boards, viewer = boards_of(a_world), Viewer(new_id(NOW))
        got: dict[Leaderboard, list[LeaderboardEntry]] = {board: [] for board in boards}
        asks = [RankQuery(board, size, counted=True) for board in boards]
        while asks:
            answers = await pages(tx, viewer, asks)
            for ask, answer in answers.items():
                assert answer.total == len(a_world.ranking(ask.board))
                got[ask.board] += answer.entries
            asks = [
                RankQuery(ask.board, size, after(answer.entries[-1]), counted=True)
                for ask, answer in answers.items()
                if answer.entries
            ]
        for board, entries in got.items():
            assert [(one.rank, one.competitor.id) for one in entries] == a_world.ranking(board)
            assert [one.raw for one in entries] == [a_world.value(one.competitor.id, board) for one in entries]


@pytest.mark.parametrize("kind", [BoardKind.TEAM, BoardKind.GOAL])
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(competitors=COMPETITORS, metric=st.sampled_from(METRICS))
async def test_standing_of_every_competitor_matches_a_naive_ranking(
    tx: Tx, kind: BoardKind, competitors: list[Competitor], metric: LeaderboardMetric
) -> None:
    async with world(tx, kind, competitors) as a_world:
        board = a_world.board(metric)
        ranking = a_world.ranking(board)
        for who, competitor in a_world.people.items():
            if kind is BoardKind.TEAM and not competitor.inside:
                continue  # sees no board of the team
            standing = (await standings(tx, Viewer(who), [board]))[board]
            mine = a_world.value(who, board)
            better = [one for one in ranking if a_world.value(one[1], board) > mine]
            worse = [one for one in ranking if a_world.value(one[1], board) < mine]
            assert standing.true_value == 0, "nothing was walked, there are only rows"
            assert key(standing.entry) == ((len(better) + 1, who) if mine else None)
            assert key(standing.ahead) == (better[-1] if better else None)
            assert key(standing.behind) == (worse[0] if worse else None)
            assert await ranks(tx, Viewer(who), [board], [who]) == {
                (board, seen): rank for rank, seen in ranking if seen == who
            }


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(competitors=COMPETITORS, averaged=st.booleans())
async def test_standing_on_boards_of_teams_is_of_the_viewers_best_team(
    tx: Tx, competitors: list[Competitor], averaged: bool
) -> None:
    async with world(tx, BoardKind.TEAMS, competitors) as a_world:
        board = a_world.board(METRICS[0], averaged=averaged)
        founder = await tx.fetchval("SELECT created_by FROM team LIMIT 1")
        ranking = a_world.ranking(board)
        mine = [one for one in ranking if a_world.people[one[1]].inside]
        value = a_world.value(mine[0][1], board) if mine else 0
        better = [one for one in ranking if a_world.value(one[1], board) > value]
        standing = (await standings(tx, Viewer(founder), [board]))[board]
        assert key(standing.entry) == (mine[0] if mine else None)
        assert standing.true_value == value / 1000
        assert key(standing.ahead) == (better[-1] if better else None)


def key(one: LeaderboardEntry | None) -> tuple[int, UUID] | None:
    return None if one is None else (one.rank, one.competitor.id)


async def test_page_after_a_removed_row_continues_at_its_place(tx: Tx) -> None:
    people = [Competitor(f"W{n}", True, False, True, (10 - n // 2, 0, 0, 0), 0, 0) for n in range(6)]
    async with world(tx, BoardKind.TEAM, people) as a_world:
        board = a_world.board(METRICS[0])
        first = (await pages(tx, Viewer(None), [RankQuery(board, 3)])).popitem()[1].entries
        gone = first[-1].competitor.id
        await tx.execute("UPDATE app_user SET deleted_at = $2 WHERE id = $1", gone, NOW)
        rest = (await pages(tx, Viewer(None), [RankQuery(board, 9, after(first[-1]))])).popitem()[1]
        assert [(one.rank, one.competitor.name) for one in rest.entries] == [(3, "W3"), (4, "W4"), (4, "W5")]
        assert rest.total is None


async def test_many_boards_are_one_statement(tx: Tx) -> None:
    people = [Competitor(f"W{n}", True, False, True, (n + 1, 0, 0, 0), 0, 0) for n in range(3)]
    first, second = await team_world(tx, people), await team_world(tx, people[:1])
    one, other = first.board(METRICS[0]), second.board(METRICS[0])
    asks = [RankQuery(one, 2), RankQuery(other, 2), RankQuery(one, 1, counted=True)]
    await pages(tx, Viewer(None), asks)  # a connection looks types up the first time
    statements: list[str] = []
    with tx.connection.query_logger(lambda record: statements.append(record.query)):
        answers = await pages(tx, Viewer(None), asks)
        await asyncio.sleep(0)  # the logger is called in the loop's next turn
    assert len(statements) == 1
    assert [len(answers[ask].entries) for ask in asks] == [2, 1, 1]
    assert [answers[ask].total for ask in asks] == [None, None, 3]
