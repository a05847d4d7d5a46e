"""For any number of boards in an operation, their parts are one statement each."""

from collections.abc import AsyncIterator

import pytest

from tests.journeys import walk
from tests.quest import Quest, open_quest

EVERYTHING = """{ viewer { memberships { team { leaderboard { version
    entries(first: 3) { nodes { rank rankChange competitor { name } } n: totalCount }
    viewerStanding { trueValue entry { rank } ahead { rank } } } } } } }"""
PARTS = ["app_user", "team_member", "team_board", "board_entry", "board_entry", "board_entry"]


@pytest.fixture
async def quest(database_url: str, redis_url: str) -> AsyncIterator[Quest]:
    async with open_quest(database_url, redis_url, connections=1) as quest:  # asyncpg counts by connection
        yield quest


@pytest.mark.parametrize("teams", [1, 4])
async def test_boards_of_many_teams_take_as_many_statements_as_of_one(quest: Quest, teams: int) -> None:
    ann = await quest.user("Ann")
    for number in range(teams):
        await ann.found(f"Team {number}")
    await walk(ann, 1000)
    await ann.run(EVERYTHING)  # a connection looks types up the first time
    seen: list[str] = []
    (holder,) = getattr(quest.runtime.reader, "_holders")  # noqa: B009  # a proxy would lose the logger on release
    holder._con.add_query_logger(lambda record: seen.append(record.query))
    found = (await ann.run(EVERYTHING))["viewer"]["memberships"]
    statements = [text for text in seen if "FROM channel WHERE" not in text]  # the bus polls the log now and then
    assert len(statements) == len(PARTS), "\n\n".join(statements)
    assert all(table in text for table, text in zip(PARTS, statements, strict=True))
    assert [one["team"]["leaderboard"]["entries"]["n"] for one in found] == [1] * teams
