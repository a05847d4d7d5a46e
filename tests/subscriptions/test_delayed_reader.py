"""A reader with unlimited lag: it has no data. Reads that must be current use the writer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from milequest.settings import Settings
from tests.documents import BOARD_LIVE as BOARD
from tests.documents import LIVE_CURSOR
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import dial
from tests.service import Service, serving
from tests.subscriptions.results import values
from tests.subscriptions.team import Team, gather


@pytest.fixture(scope="module")
def late(new_database: Callable[[], AbstractContextManager[str]], service: Service) -> Iterator[Service]:
    """Yield a service whose reader is an empty database, to which nothing is replicated."""
    cache = service.runtime.settings.redis_url
    with new_database() as writer, new_database() as reader:
        settings = Settings(database_url=writer, database_reader_url=reader, redis_url=cache, embedded=True)
        with serving(settings) as served:
            yield served


@pytest.fixture
async def team(late: Service) -> Team:
    """Return a team that the reader lacks: mutations found it, join it and give it a goal."""
    return await gather(late)


async def test_delayed_reader_serves_plain_queries_alone(team: Team) -> None:
    query = "query ($id: ID!) { team(id: $id) { id } }"
    assert await team.ask(team.ann, query, id=team.id) == {"team": None}


async def test_a_delayed_reader_makes_no_page_older_than_its_place(team: Team) -> None:
    walk = await team.walk(team.ben)
    page = (await team.ask(team.ann, LIVE_CURSOR, id=team.id))["team"]
    assert [node["id"] for node in page["activities"]["nodes"]] == [walk]
    async with dial(team.service.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id, after=page["liveCursor"])
        after = await team.walk(team.ben)
        assert (await stream.next())["edge"]["node"]["id"] == after


async def test_delayed_reader_delays_no_events(team: Team) -> None:
    async with dial(team.service.socket_url, team.ann) as connection:
        walks = await connection.subscribe(WALKS, team=team.id)
        board = await connection.subscribe(BOARD, team=team.id, period="WEEK")
        assert (await walks.next())["snapshot"]["memberCount"] == 2
        await board.next()
        walk = await team.walk(team.ben, 700)
        event = await walks.next()
        assert (event["edge"]["node"]["id"], event["edge"]["node"]["distanceMeters"]) == (walk, 700)
        assert values(await board.until(lambda event: sum(values(event)) == 700)) == [700]
