"""Machines that an operator's authorizer admits, over a real server: HTTP, event streams and WebSocket alike."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from milequest.providers.identity.authorizer import PythonAuthorizer
from milequest.rules.identity import Identity, IdentityKind
from milequest.settings import Settings
from resolvers.identity import Identify
from subscriptions.apigateway import table_rows
from tests.event_streams import follow
from tests.fakes import authorizer as operator
from tests.listening import dial
from tests.service import Service, serving
from tests.sockets import dialled
from tests.subscriptions.conftest import Dial
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team, gather

BOARD = "{ teamsLeaderboard(period: ALL_TIME) { entries(first: 100) { nodes { value competitor { name } } } } }"
FOLLOW = """subscription Wall { teamsLeaderboardUpdated(period: ALL_TIME, basis: TOTAL) { leaderboard {
  viewerStanding { trueValue } entries(first: 100) { nodes { value competitor { name } } } } } }"""
MARKER = "subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { teamId } }"
MAKE = 'mutation { createTeam(input: {name: "Machines"}) { team { id } } }'
SELF = "{ viewer { id } }"


@pytest.fixture(scope="module")
def walls(new_database: Callable[[], AbstractContextManager[str]], _valkey: Redis) -> Iterator[Service]:
    """Yield a service whose operator has an authorizer."""
    cache = f"unix://{_valkey.get_connection_kwargs()['path']}"
    with new_database() as url:
        settings = Settings(
            database_url=url, redis_url=cache, authorizer="tests.fakes.authorizer:decide", embedded=True
        )
        with serving(settings) as served:
            yield served


@pytest.fixture
async def public(walls: Service) -> Team:
    """Return a public team with a walk."""
    team = await gather(walls, is_public=True)
    await team.walk(team.ann, 1000)
    return team


@pytest.fixture(params=["asgi", "sse"])
def connected(walls: Service, request: pytest.FixtureRequest) -> Dial:
    """Return a function by which a machine subscribes."""
    if request.param == "sse":
        return lambda token: follow(walls, token)
    return lambda token: dial(walls.socket_url, token)


def codes(answer: Any) -> list[str]:
    """Return the errors' codes."""
    return [error["extensions"]["code"] for error in answer.json()["errors"]]


def on_board(team: Team, board: Any) -> list[float]:
    """Return a team's values on a board."""
    return [row["value"] for row in board["entries"]["nodes"] if row["competitor"]["name"] == team.name]


async def test_a_machine_reads_what_the_public_may_and_the_board_of_teams(walls: Service, public: Team) -> None:
    data = walls.data(BOARD, token="wall")
    assert on_board(public, data["teamsLeaderboard"]) == [1000]
    card = "query ($id: ID!) { viewer { id } team(id: $id) { name members { totalCount } activeGoal { id } } }"
    shown = walls.data(card, token="wall", id=public.id)
    assert shown == {"viewer": None, "team": {"name": public.name, "members": None, "activeGoal": None}}
    assert codes(walls.post(BOARD)) == ["UNAUTHENTICATED"]
    assert on_board(public, walls.data(BOARD, token=public.eve)["teamsLeaderboard"]) == [1000]


def test_mutations_for_people_are_forbidden_to_machines(walls: Service) -> None:
    assert codes(walls.post(MAKE, token="wall")) == ["FORBIDDEN"]
    sign_in = 'mutation { signIn(input: {email: "ada@example.org", password: "x"}) { viewer { id } } }'
    assert codes(walls.post(sign_in, token="wall")) == ["FORBIDDEN"]


@pytest.mark.parametrize("token", ["nobody", "broken", "empty"])
def test_machine_that_the_authorizer_refuses_is_unauthenticated_not_anonymous(walls: Service, token: str) -> None:
    answer = walls.post(SELF, token=token)
    assert (answer.status_code, codes(answer)) == (401, ["UNAUTHENTICATED"])


async def test_a_denied_field_is_null_with_an_error(walls: Service, public: Team) -> None:
    query = "query ($id: ID!) { team(id: $id) { name description } }"
    assert (await public.ask("wall", query, id=public.id))["team"]["name"] == public.name
    answer = walls.post(query, token="wall 0 Team.description", variables={"id": public.id}).json()
    assert answer["data"]["team"] == {"name": public.name, "description": None}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["team", "description"], "FORBIDDEN")


async def test_machine_may_subscribe_to_the_board_of_teams_but_to_no_team(connected: Dial, public: Team) -> None:
    async with connected("wall") as connection:
        board = await connection.subscribe(FOLLOW)
        first = (await board.next())["leaderboard"]
        assert (on_board(public, first), first["viewerStanding"]) == ([1000], None)
        await public.walk(public.ann, 500)
        await board.until(lambda event: on_board(public, event["leaderboard"]) == [1500])
        marker = await connection.subscribe(MARKER, team=public.id)
        assert await marker.failure() == ["FORBIDDEN"]


async def test_machines_subscription_ends_when_the_authorizers_answer_expires(connected: Dial, public: Team) -> None:
    async with connected("wall 2") as connection:
        board = await connection.subscribe(FOLLOW)
        assert (await board.next())["leaderboard"]
        assert await board.failure() == ["UNAUTHENTICATED"]


async def test_people_and_machines_receive_changes_of_the_same_board(walls: Service, public: Team) -> None:
    async with dial(walls.socket_url, "wall 600") as wall, dial(walls.socket_url, public.eve) as person:
        boards = [await one.subscribe(FOLLOW) for one in (wall, person)]
        for board in boards:
            await board.next()
        await public.walk(public.ann, 250)
        for board in boards:
            await board.until(lambda event: on_board(public, event["leaderboard"]) == [1250])


async def test_machine_on_a_shared_board_gets_no_field_that_only_people_may_see(walls: Service, public: Team) -> None:
    """Both follow the same board by the same document: an answer for one kind is never another's."""
    competitor = "competitor { name ... on Team { activeGoal { name } } }"
    follow_goals = FOLLOW.replace("viewerStanding { trueValue }", "").replace("competitor { name }", competitor)

    def goal(event: Any) -> Any:
        ranked = event["leaderboard"]["entries"]["nodes"]
        return next(row["competitor"]["activeGoal"] for row in ranked if row["competitor"]["name"] == public.name)

    async with dial(walls.socket_url, public.eve) as person, dial(walls.socket_url, "wall 600") as wall:
        theirs, ours = [await one.subscribe(follow_goals) for one in (person, wall)]
        assert (goal(await theirs.next()), goal(await ours.next())) == ({"name": "The line"}, None)
        await public.walk(public.ann, 250)
        assert (goal(await theirs.next()), goal(await ours.next())) == ({"name": "The line"}, None)


async def test_a_subscription_of_what_is_denied_does_not_begin(connected: Dial) -> None:
    async with connected("wall 0 LeaderboardEntry.value") as connection:
        assert await (await connection.subscribe(FOLLOW)).failure() == ["FORBIDDEN"]


async def test_authorizer_is_called_for_each_connection_and_each_operation(walls: Service) -> None:
    operator.asked.clear()
    async with dial(walls.socket_url, "wall") as connection:
        board = await connection.subscribe(FOLLOW)
        await board.next()
    contexts = [event["requestContext"] for event in operator.asked]
    assert [one["operationName"] for one in contexts] == ["DeepDish:Connect", None]
    assert [one["queryString"] for one in contexts] == ["", FOLLOW]
    assert {event["authorizationToken"] for event in operator.asked} == {"Bearer wall"}


async def test_connection_that_the_authorizer_refuses_is_closed_with_4403(walls: Service) -> None:
    async with dialled(walls) as socket:
        await socket.send(type="connection_init", payload={"Authorization": "nobody"})
        assert await socket.closed() == (4403, "Forbidden")


async def on_gateway(gate: Gateway) -> Any:
    """Have an authorizer decide at the gateway on API Gateway too."""
    runtime = gate.deps.runtime
    asked = Identify(runtime.identity, runtime.writer, authorizer=PythonAuthorizer(operator.decide))
    return replace(gate.deps, identify=asked)


async def test_sockets_that_api_gateway_holds_know_machines_too(
    gate: Gateway, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = await gather(service, is_public=True)
    await team.walk(team.ann, 1000)
    monkeypatch.setattr(gate, "deps", await on_gateway(gate))
    async with dial(gate.api.url, "wall 3") as connection:
        board = await connection.subscribe(FOLLOW)
        assert on_board(team, (await board.next())["leaderboard"]) == [1000]
        assert await (await connection.subscribe(MARKER, team=team.id)).failure() == ["FORBIDDEN"]
        assert await board.failure() == ["UNAUTHENTICATED"]
        assert await (await connection.subscribe(FOLLOW)).failure() == ["UNAUTHENTICATED"]
    async with dial(gate.api.url, "wall 60 LeaderboardEntry.value") as connection:
        assert await (await connection.subscribe(FOLLOW)).failure() == ["FORBIDDEN"]
    await gate.nothing_left()


@given(
    st.dictionaries(st.text(), st.text() | st.booleans() | st.integers(-(2**53), 2**53)),
    st.frozensets(st.from_regex(r"[A-Z]\w{0,9}\.[a-z]\w{0,9}", fullmatch=True)),
)
def test_a_row_keeps_all_of_a_machine(context: dict[str, Any], denied: frozenset[str]) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    machine = Identity(IdentityKind.LAMBDA, resolver_context=context, denied=denied, expires_at=until)
    kept = table_rows.identity_of(
        {name: value for name, value in table_rows.row_of(machine).items() if value is not None}
    )
    assert kept == machine
    assert kept.resolver_context == context
