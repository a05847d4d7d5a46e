"""GraphQL over WebSocket: graphql-transport-ws by two other libraries' clients."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.eventually import eventually
from tests.quest import just_begun
from tests.service import Service, run_client
from tests.sockets import BOARD, dialled, opened

FOUND = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
LOG = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"


@pytest.fixture
def ann(service: Service) -> str:
    """Return a new user's token."""
    return service.sign_up(f"ann-{uuid4().hex}")


@pytest.fixture
def team(service: Service, ann: str) -> str:
    """Return a team of hers."""
    name = f"Team {uuid4().hex[:12]}"
    return str(service.data(FOUND, token=ann, input={"name": name})["createTeam"]["team"]["id"])


@pytest.fixture(autouse=True)
def _no_listener_is_left(service: Service) -> Iterator[None]:
    yield
    eventually(lambda: not len(service.hub))


def walk(meters: float) -> dict[str, Any]:
    """Return a walk that begins now: earlier might be yesterday."""
    at = datetime.now(UTC)
    return just_begun(meters) | {"startedAt": at.isoformat(), "allowDuplicate": True}


def channel(team_id: str) -> str:
    return f"team:{UUID(team_id.removeprefix('team_')).hex}"


async def wake(service: Service, team_id: str) -> None:
    """Make the team's log look as if it had grown."""
    statement = "UPDATE channel SET sequence = sequence + 1 WHERE id = $1"
    await asyncio.to_thread(service.call, service.runtime.writer.execute(statement, channel(team_id)))


async def test_queries_and_mutations_run_over_a_socket(service: Service, ann: str) -> None:
    async with opened(service, ann) as ours:
        assert (await ours.run("{ viewer { user { name } } }"))["data"]["viewer"]["user"]["name"].startswith("ann-")
        made = await ours.run(FOUND, input={"name": f"Team {uuid4().hex[:12]}"})
        assert made["data"]["createTeam"]["team"]["id"].startswith("team_")
        refused = await ours.run('{ team(id: "team_1") { id } }')
        assert refused["data"] == {"team": None}
        assert refused["errors"][0]["extensions"]["code"] == "VALIDATION_ERROR"
        assert refused["errors"][0]["extensions"]["requestId"]


async def test_params_in_which_no_token_is_found_are_acknowledged_with_a_notice(service: Service, ann: str) -> None:
    unread = {"auth": {"Authorization": f"Bearer {ann}"}}
    async with dialled(service) as ours:
        await ours.send(type="connection_init", payload=unread)
        answer = await ours.receive()
        assert answer["type"] == "connection_ack"
        assert "nobody is signed in" in answer["payload"]["notice"]
        assert (await ours.run("{ viewer { id } }"))["data"] == {"viewer": None}
    async with dialled(service, additional_headers={"authorization": f"Bearer {ann}"}) as ours:
        await ours.send(type="connection_init", payload=unread)
        assert await ours.receive() == {"type": "connection_ack"}


async def test_the_header_of_the_handshake_signs_in_too(service: Service, ann: str) -> None:
    async with dialled(service, additional_headers={"authorization": f"Bearer {ann}"}) as ours:
        await ours.send(type="connection_init")
        assert await ours.receive() == {"type": "connection_ack"}
        assert (await ours.run("{ viewer { id } }"))["data"]["viewer"]["id"].startswith("viewer_")


async def test_a_subscription_sends_the_state_and_its_changes_until_it_is_completed(
    service: Service, ann: str, team: str
) -> None:
    async with opened(service, ann) as ours:
        await ours.subscribe("board", BOARD, variables={"team": team})
        first = await ours.receive()
        assert (first["id"], first["type"]) == ("board", "next")
        assert first["payload"]["data"]["teamLeaderboardUpdated"]["leaderboard"]["entries"]["nodes"] == []
        await asyncio.to_thread(lambda: service.data(LOG, token=ann, input=walk(1500)))
        second = await ours.receive()
        (row,) = second["payload"]["data"]["teamLeaderboardUpdated"]["leaderboard"]["entries"]["nodes"]
        assert row["value"] == 1500
        assert len(service.hub)
        await ours.send(id="board", type="complete")
        await asyncio.to_thread(eventually, lambda: not len(service.hub))
        assert (await ours.run("{ __typename }"))["data"] == {"__typename": "Query"}


async def test_a_socket_that_goes_away_ends_its_subscriptions(service: Service, ann: str, team: str) -> None:
    async with opened(service, ann) as ours:
        for number in range(3):
            await ours.subscribe(f"board {number}", BOARD, variables={"team": team})
            await ours.receive()
        assert len(service.hub) == 3
        ours.connection.transport.abort()
    await asyncio.to_thread(eventually, lambda: not len(service.hub))


async def test_subscription_of_a_team_that_was_left_ends_with_not_found(service: Service, ann: str, team: str) -> None:
    async with opened(service, ann) as ours:
        await ours.subscribe("board", BOARD, variables={"team": team})
        await ours.receive()
        statement = "UPDATE team_member SET left_at = now(), left_reason = 'LEFT' WHERE team_id = $1"
        team_id = UUID(team.removeprefix("team_"))
        await asyncio.to_thread(service.call, service.runtime.writer.execute(statement, team_id))
        await wake(service, team)
        while (last := await ours.receive())["type"] == "next":
            pass  # a read that was under way
        assert (last["id"], last["type"]) == ("board", "error")
        assert [error["extensions"]["code"] for error in last["payload"]] == ["NOT_FOUND"]


async def test_a_subscription_by_a_named_fragment_is_told_like_any_other(service: Service, ann: str, team: str) -> None:
    board = BOARD.partition("{")[2].rpartition("}")[0]
    spread = f"subscription ($team: ID!) {{ ...Board }} fragment Board on Subscription {{ {board} }}"
    async with opened(service, ann) as ours:
        await ours.subscribe("plain", BOARD, variables={"team": team})
        plain = await ours.receive()
        await ours.subscribe("spread", spread, variables={"team": team})
        assert await ours.receive() == plain | {"id": "spread"}


async def test_failure_during_a_subscription_is_masked_and_logged(
    service: Service, ann: str, team: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(service, ann) as ours:
        await ours.subscribe("board", BOARD, variables={"team": team})
        await ours.receive()
        await asyncio.to_thread(service.call, service.runtime.writer.execute("ALTER TABLE team_board RENAME TO gone"))
        try:
            await wake(service, team)
            last = await ours.receive()
        finally:
            await asyncio.to_thread(
                service.call, service.runtime.writer.execute("ALTER TABLE gone RENAME TO team_board")
            )
        assert last["type"] == "error"
        (error,) = last["payload"]
        assert (error["message"], error["extensions"]["code"]) == ("Something went wrong on our side.", "INTERNAL")
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert vars(record)["request_id"] == error["extensions"]["requestId"]


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ nothing }", {}, "VALIDATION_ERROR"),
        ("{", {}, "VALIDATION_ERROR"),
        ("", {}, "VALIDATION_ERROR"),
        ("{ searchTeams(query: \"x\", first: 1000) { nodes { id } } }", {}, "QUERY_TOO_COMPLEX"),
        ("{" + "a " * 2_000 + "}", {}, "QUERY_TOO_COMPLEX"),
        (BOARD, {}, "VALIDATION_ERROR"),
        (BOARD, {"team": "team_1"}, "VALIDATION_ERROR"),
        (BOARD, {"team": "team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"}, "UNAUTHENTICATED"),
    ],
)  # fmt: skip
async def test_operation_that_cannot_run_is_an_error_message_and_the_connection_stays(
    service: Service, ann: str, query: str, variables: dict[str, Any], code: str
) -> None:
    async with opened(service, None if code == "UNAUTHENTICATED" else ann) as ours:
        await ours.subscribe("bad", query, variables=variables)
        answer = await ours.receive()
        assert (answer["id"], answer["type"]) == ("bad", "error")
        assert [error["extensions"]["code"] for error in answer["payload"]] == [code]
        assert (await ours.run("{ __typename }"))["data"] == {"__typename": "Query"}


def test_graphql_ws_of_npm_gets_along(service: Service, ann: str, team: str) -> None:
    started = datetime.now(UTC).isoformat()  # earlier might be yesterday
    said = run_client("subscribe.mjs", service.socket_url, ann, team, started)
    query, refused, first, mutation, second = said
    assert query["data"]["viewer"]["email"].startswith("ann-")
    assert refused["errors"][0]["extensions"]["code"] == "VALIDATION_ERROR"
    rows = [event["data"]["teamLeaderboardUpdated"]["leaderboard"]["entries"]["nodes"] for event in (first, second)]
    assert rows == [[], [{"value": 1500}]]
    assert mutation["data"]["logActivity"]["activity"]["distanceMeters"] == 1500
