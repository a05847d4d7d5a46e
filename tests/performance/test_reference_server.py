"""The bench compares like with like: the handwritten code runs the service's statements and gives its answers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from tests.journeys import crew, draft, walk
from tests.performance import bare
from tests.performance.client import UNIQUE
from tests.performance.dataset import Member
from tests.performance.workloads import LOG_ACTIVITY, WORKLOADS, Workload, body
from tests.quest import Caller, Quest, noon, open_quest


@pytest.fixture
async def quest(database_url: str, redis_url: str) -> AsyncIterator[Quest]:
    async with open_quest(database_url, redis_url, connections=1) as quest:  # asyncpg reports by connection
        yield quest


async def walker(quest: Quest) -> tuple[Caller, Member]:
    """Return a member of a team with a goal that runs and a walk."""
    team = await crew(quest)
    now = noon()
    for caller in team.all:
        caller.now = now
    await draft(team.admin, team.team, startsOn=str(now.date()), activate=True)
    await walk(team.admin, 900, now - timedelta(minutes=20))
    return team.admin, Member(team.admin.user_id, UUID(team.team.removeprefix("team_")), token="")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
async def test_bare_workload_runs_the_services_statements_and_gives_its_answers(
    quest: Quest, workload: Workload
) -> None:
    caller, member = await walker(quest)
    request = body(workload, member, caller.now)
    seen: list[str] = []
    (holder,) = getattr(quest.runtime.writer, "_holders")  # noqa: B009  # a proxy would lose the logger on release
    holder._con.add_query_logger(lambda record: seen.append(record.query))

    served = await caller.run(workload.document, **request["variables"])
    of_the_service = sorted(seen)
    seen.clear()
    again = orjson.loads(orjson.dumps(request).replace(UNIQUE, b"bench-0000000000000001"))
    by_hand = await bare.answer(quest.runtime.writer, again)

    assert sorted(seen) == of_the_service
    if workload is LOG_ACTIVITY:  # the second walk is another one, and farther
        first, second = served["logActivity"], by_hand["logActivity"]
        assert second["activity"]["distanceMeters"] == first["activity"]["distanceMeters"]
        assert second["progress"][0]["totalMeters"] == first["progress"][0]["totalMeters"] + 120.5
    else:
        assert by_hand == served
