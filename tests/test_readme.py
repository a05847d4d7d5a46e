"""The README is true: its documents run as written, in a known number of statements."""

import json
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from milequest.settings import PROJECT
from tests.quest import Caller, Quest, noon, open_quest

README = (PROJECT / "README.md").read_text()
DOCUMENTS = {
    match[1]: text
    for text in re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
    if (match := re.search(r"\b(?:query|mutation|subscription) (\w+)", text))
}
# For lists of any length: a page, a board and a list of teams take one statement each.
STATEMENTS = {"MyTeams": 4, "TeamPage": 7}


@pytest.fixture
async def quest(database_url: str, redis_url: str) -> AsyncIterator[Quest]:
    async with open_quest(database_url, redis_url, connections=1) as quest:  # asyncpg counts by connection
        yield quest


async def walking_team(quest: Quest) -> tuple[Caller, str]:
    """Return a member of a team that has a goal and walks."""
    ada = await quest.user("Ada")
    made = await ada.run(
        "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }", input={"name": "Readers"}
    )
    team_id = made["createTeam"]["team"]["id"]
    today = datetime.now(UTC).date()
    waypoints = [{"position": {"lat": 48.2, "lng": 16.37}}, {"position": {"lat": 48.15, "lng": 17.11}}]
    goal = {
        "teamId": team_id,
        "name": "To Bratislava",
        "startsOn": str(today),
        "waypoints": waypoints,
        "activate": True,
    }
    await ada.run("mutation ($input: CreateGoalInput!) { createGoal(input: $input) { team { id } } }", input=goal)
    for hours in range(1, 4):
        await ada.run(DOCUMENTS["LogWalk"], input=walk(hours))
    return ada, team_id


def walk(hours: int) -> dict[str, Any]:
    started = noon() - timedelta(hours=hours)
    return {"distanceMeters": 900.0 + hours, "durationSeconds": 900, "startedAt": started.isoformat()}


def count_statements(quest: Quest) -> list[str]:
    """Return a list that gets the statements of the quest's one connection from now on."""
    seen: list[str] = []
    (holder,) = getattr(quest.runtime.reader, "_holders")  # noqa: B009  # a proxy would lose the logger on release
    holder._con.add_query_logger(lambda record: seen.append(record.query))
    return seen


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_query_of_the_readme_takes_as_many_statements_as_it_says(quest: Quest, name: str) -> None:
    ada, team_id = await walking_team(quest)
    variables = {"id": team_id} if "$id" in DOCUMENTS[name] else {}
    seen = count_statements(quest)
    data = await ada.run(DOCUMENTS[name], **variables)
    statements = [text for text in seen if "FROM channel WHERE" not in text]  # the bus polls the log now and then
    assert all(value is not None for value in data.values())
    assert len(statements) == STATEMENTS[name], "\n\n".join(statements)


async def test_the_mutation_of_the_readme_logs_a_walk(quest: Quest) -> None:
    ada, _ = await walking_team(quest)
    logged = (await ada.run(DOCUMENTS["LogWalk"], input=walk(5)))["logActivity"]
    assert logged["activity"]["distanceMeters"] == 905.0
    assert logged["progress"][0]["totalMeters"] == pytest.approx(900 * 4 + 11)


async def test_the_variables_of_the_readme_are_good_on_any_day(quest: Quest) -> None:
    ada, _ = await walking_team(quest)
    ada.now = datetime.now(UTC)  # as the shell's
    logged = (await ada.run(DOCUMENTS["LogWalk"], **_printed_variables()))["logActivity"]
    assert logged["activity"]["countStatus"] == "COUNTED"


def _printed_variables() -> dict[str, Any]:
    (command,) = [text for text in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) if "startedAt" in text]
    printed = subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout
    return dict(json.loads(printed))


def test_every_document_of_the_readme_is_known_here() -> None:
    assert DOCUMENTS.keys() == {*STATEMENTS, "LogWalk", "MarkerLive"}
