"""Comparison of databases: equal ones, single rows, each kind of total that is no sum of its rows; and its report."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import asyncpg
import pytest

from app.comparison_report import report
from milequest.settings import Settings
from milequest.store.sql.comparison import TeamSums, compare, wrong_totals
from tests.app.commands import Milequest
from tests.app.commands import data_dir as data_dir
from tests.app.commands import milequest as milequest
from tests.journeys import along
from tests.quest import Quest, just_begun
from tests.subscriptions.team import GOAL, LOG

DAMAGES = {
    "members": ("UPDATE team SET member_count = member_count + 1", {"members"}),
    "a board": ("UPDATE board_entry SET steps = steps + 1 WHERE period = 'WEEK'", {"boards"}),
    "a board's row": ("DELETE FROM board_entry WHERE period = 'DAY'", {"boards"}),
    "a goal": ("UPDATE goal_progress SET total_mm = 0", {"goals"}),
    "walks": ("UPDATE activity SET distance_mm = distance_mm * 10", {"walks"}),
    "a walk": ("UPDATE activity SET deleted_at = now()", {"walks"}),
    "what counts": ("DELETE FROM contribution", {"boards"}),
    "what counts for goals": ("DELETE FROM goal_contribution", {"goals"}),
    "a log": ("DELETE FROM event WHERE sequence = 2", {"logs"}),
}


@pytest.fixture
async def lived(database_url: str, quest: Quest) -> str:
    """Return the address of a database with a team that has walked for a goal."""
    ann = await quest.user("Ann")
    team = await ann.found("Walkers")
    goal = {"name": "The line", "startsOn": str(ann.now.date()), "waypoints": along(0, 0.1)}
    await ann.run(GOAL, input={"teamId": team, "activate": True} | goal)
    for meters in (500, 700):
        walk = just_begun(meters) | {"startedAt": ann.now.isoformat(), "allowDuplicate": True}
        await ann.run(LOG, input=walk)
    return database_url


async def run(url: str, statement: str) -> None:
    """Run one statement that no action would."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_database_is_the_same_as_itself_and_its_totals_are_right(lived: str) -> None:
    found = await compare(Settings(database_url=lived), lived)
    assert (found.is_same, dict(found.one.wrong), list(found.teams)) == (True, {}, [])
    assert found.one.tables["activity"][0] == 2
    (sums,) = found.one.teams.values()
    assert (sums.members, sums.walks, sums.distance_mm, sums.goals_mm) == (1, 2, 1_200_000, 1_200_000)
    assert sums.sequence > 2
    assert f"Every row of {len(found.one.tables)} tables is the same." in list(report(found))


async def test_database_that_lacks_everything_differs_in_each_table_and_team(
    lived: str, new_database: Callable[[], AbstractContextManager[str]]
) -> None:
    with new_database() as empty:
        found = await compare(Settings(database_url=lived), empty)
    assert {"activity", "event", "team"} <= {table for table, _, _ in found.tables}
    assert [(type(one), other) for _, one, other in found.teams] == [(TeamSums, None)]
    assert "activity: 2 rows here, 0 there (+2 here)" in list(report(found))


@pytest.mark.parametrize("damage", DAMAGES)
async def test_total_that_is_no_sum_of_its_rows_is_found_by_its_kind(lived: str, damage: str) -> None:
    statement, kinds = DAMAGES[damage]
    await run(lived, statement)
    connection = await asyncpg.connect(lived)
    try:
        assert kinds <= set(await wrong_totals(connection))
    finally:
        await connection.close()


async def test_compare_command_fails_where_one_row_has_other_content(
    milequest: Milequest, lived: str, new_database: Callable[[], AbstractContextManager[str]]
) -> None:
    same = await asyncio.to_thread(milequest, "compare", lived, MILEQUEST_DATABASE_URL=lived)
    assert (same.returncode, same.stderr) == (0, "")
    with new_database() as one, new_database() as other:
        await run(other, "UPDATE log_epoch SET epoch = 7")
        differs = await asyncio.to_thread(milequest, "compare", other, MILEQUEST_DATABASE_URL=one)
    assert (differs.returncode, differs.stderr) == (1, "error: they differ\n")
    assert "log_epoch: 1 rows here, 1 there (the same number, other content)" in differs.stdout


@pytest.mark.parametrize("url", ["", "postgresql://quest:s3cret@127.0.0.1:1/quest"])
def test_compare_without_two_databases_is_refused_in_one_line(milequest: Milequest, url: str) -> None:
    failed = milequest("compare", "postgresql://quest:s3cret@127.0.0.1:1/quest", MILEQUEST_DATABASE_URL=url)
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "s3cret" not in failed.stderr
