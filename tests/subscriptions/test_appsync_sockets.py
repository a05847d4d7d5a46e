"""AppSync's real-time protocol over real sockets."""

import asyncio
import logging
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from subscriptions import gateway
from subscriptions.gateway import KEEP_ALIVE_SECONDS
from subscriptions.quotas import OPERATIONS_PER_SOCKET
from tests.service import Service
from tests.sockets import BOARD, Socket
from tests.subscriptions.appsync_sockets import ACK, dialled, opened, packed, start
from tests.subscriptions.team import Team

KEY = {"x-api-key": "da2-key", "x-amz-date": "20261125T000000Z"}


async def kinds(ours: Socket, id: str | None) -> list[tuple[str, int]]:
    """Return the kinds of the errors an operation ends with."""
    message = await ours.receive()
    assert (message.get("id"), message["type"]) == (id, "error"), message
    return [(error["errorType"], error["errorCode"]) for error in message["payload"]["errors"]]


async def gone(service: Service) -> None:
    """Wait until there are no subscribers."""
    async with asyncio.timeout(30):
        while len(service.hub):  # noqa: ASYNC110  # it is another loop's
            await asyncio.sleep(0.02)


def rows(message: Any) -> list[float]:
    """Return the values of the board in a message."""
    nodes = message["payload"]["data"]["teamLeaderboardUpdated"]["leaderboard"]["entries"]["nodes"]
    return [node["value"] for node in nodes]


async def test_subscription_goes_from_start_through_data_to_complete(service: Service, team: Team) -> None:
    async with opened(service, {"Authorization": team.ann}) as ours:
        await start(ours, "board", BOARD, {"team": team.id}, {"Authorization": team.ann})
        assert await ours.receive() == {"id": "board", "type": "start_ack"}
        first = await ours.receive()
        assert (first["id"], first["type"], rows(first)) == ("board", "data", [])
        await team.walk(team.ann, 1500)
        second = await ours.receive()
        assert (second["id"], second["type"], rows(second)) == ("board", "data", [1500])
        await ours.send(id="board", type="stop")
        assert await ours.receive() == {"id": "board", "type": "complete"}
        await gone(service)
        await start(ours, "query", "{ viewer { user { name } } }")
        assert [(await ours.receive())["type"] for _ in range(3)] == ["start_ack", "data", "complete"]


@pytest.mark.parametrize("way", ["protocol", "query", "headers"])
async def test_appsync_credentials_come_with_the_handshake_without_a_connection_init(
    service: Service, team: Team, way: str
) -> None:
    async with dialled(service, {"Authorization": f"Bearer {team.ann}"}, way) as ours:
        await start(ours, "board", BOARD, {"team": team.id})
        assert await ours.receive() == {"id": "board", "type": "start_ack"}
        assert rows(await ours.receive()) == []
        await ours.send(type="connection_init")
        assert await ours.receive() == ACK


async def test_appsync_protocol_works_at_our_address_too(service: Service, team: Team) -> None:
    offered = [Subprotocol("graphql-ws"), Subprotocol(f"header-{packed({'Authorization': team.ann})}")]
    async with connect(service.socket_url, subprotocols=offered) as connection:
        await Socket(connection).send(type="connection_init")
        assert await Socket(connection).receive() == ACK


async def test_every_operation_may_bring_other_credentials(service: Service, team: Team) -> None:
    async with opened(service, KEY) as ours:
        await start(ours, "mine", BOARD, {"team": team.id})
        assert await kinds(ours, "mine") == [("UnauthorizedException", 401)]
        await start(ours, "hers", BOARD, {"team": team.id}, {"Authorization": team.ann})
        assert await ours.receive() == {"id": "hers", "type": "start_ack"}
        assert rows(await ours.receive()) == []
        await start(ours, "strangers", BOARD, {"team": team.id}, {"Authorization": team.eve})
        assert await kinds(ours, "strangers") == [("NOT_FOUND", 404)]
        await start(ours, "nobody's", BOARD, {"team": team.id}, {"Authorization": "nonsense"})
        assert await kinds(ours, "nobody's") == [("UnauthorizedException", 401)]


async def test_operations_own_token_takes_a_slot_of_its_user(
    service: Service, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gone(service)
    monkeypatch.setattr(service.gateway._users, "_most", 1)
    nobody, own = {"x-api-key": "none"}, {"Authorization": team.ann}
    async with opened(service, nobody) as first, opened(service, nobody) as second:
        for id in ("one", "two"):  # both of one socket
            await start(first, id, "{ __typename }", authorization=own)
            assert [(await first.receive())["type"] for _ in range(3)] == ["start_ack", "data", "complete"]
        await start(second, "three", "{ __typename }", authorization=own)
        assert await kinds(second, "three") == [("LimitExceededError", 429)]


async def test_api_key_of_an_operation_is_anonymous_on_a_users_socket(service: Service, team: Team) -> None:
    async with opened(service, {"Authorization": team.ann}) as ours:
        await start(ours, "board", BOARD, {"team": team.id}, KEY)
        assert await kinds(ours, "board") == [("UnauthorizedException", 401)]
        await start(ours, "query", "{ viewer { id } }", authorization=KEY)
        assert [(await ours.receive())["type"] for _ in range(3)] == ["start_ack", "data", "complete"]


@pytest.mark.parametrize(
    ("headers", "kind", "status"),
    [
        ({"Authorization": "nonsense"}, "UnauthorizedException", 401),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=A/20261125/eu-west-1"}, "UnauthorizedException", 401),
        ("nonsense", "BadRequestException", 400),
        ("", "BadRequestException", 400),
    ],
)
@pytest.mark.parametrize("way", ["protocol", "query"])
async def test_bad_appsync_credentials_are_an_error_and_close_the_socket(
    service: Service,
    headers: dict[str, str] | str,
    kind: str,
    status: int,
    way: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with dialled(service, headers, way) as ours:
        await ours.send(type="connection_init")
        refusal = await ours.receive()
        assert refusal["type"] == "connection_error"
        assert [(error["errorType"], error["errorCode"]) for error in refusal["payload"]["errors"]] == [(kind, status)]
        assert await ours.closed() == (4000 + status, kind)
    async with dialled(service, headers, way) as ours:
        await start(ours, "board", BOARD)
        assert await kinds(ours, "board") == [(kind, status)]
        assert (await ours.receive())["type"] == "connection_error"
        assert await ours.closed() == (4000 + status, kind)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_operation_that_cannot_run_is_an_error_and_the_connection_stays(service: Service, team: Team) -> None:
    async with opened(service, {"Authorization": team.ann}) as ours:
        await start(ours, "bad", "subscription { nothing }")
        assert await kinds(ours, "bad") == [("BadRequestException", 400)]
        await ours.send(id="bad", type="start", payload={"data": "{"})
        assert await kinds(ours, "bad") == [("BadRequestException", 400)]
        await ours.connection.send("{")
        assert await kinds(ours, None) == [("BadRequestException", 400)]
        await ours.send(id="bad", type="start", payload={"data": '{"query":"{a}","variables":' + "[" * 300 + "}"})
        assert await kinds(ours, "bad") == [("BadRequestException", 400)]
        await start(ours, "board", BOARD, {"team": team.id})
        assert (await ours.receive())["type"] == "start_ack"
        assert rows(await ours.receive()) == []
        await start(ours, "board", BOARD, {"team": team.id})
        assert await kinds(ours, "board") == [("DuplicatedOperationError", 400)]
        await team.walk(team.ann, 1200)
        assert rows(await ours.receive()) == [1200]


async def test_subscriptions_of_a_connection_beyond_their_quota_are_refused(service: Service, team: Team) -> None:
    async with opened(service, {"Authorization": team.ann}) as ours:
        for number in range(OPERATIONS_PER_SOCKET):
            await start(ours, str(number), BOARD, {"team": team.id})
        acknowledged = [await ours.receive() for _ in range(2 * OPERATIONS_PER_SOCKET)]
        assert sum(message["type"] == "start_ack" for message in acknowledged) == OPERATIONS_PER_SOCKET
        await start(ours, "more", BOARD, {"team": team.id})
        assert await kinds(ours, "more") == [("MaxSubscriptionsReachedError", 400)]


async def test_subscription_of_a_member_who_left_ends_with_not_found(service: Service, team: Team) -> None:
    async with opened(service, {"Authorization": team.ben}) as ours:
        await start(ours, "board", BOARD, {"team": team.id})
        assert [(await ours.receive())["type"] for _ in range(2)] == ["start_ack", "data"]
        await team.do(team.ben, "mutation ($input: LeaveTeamInput!) { leaveTeam(input: $input) { deletedMemberId } }",
                      teamId=team.id)  # fmt: skip
        assert await kinds(ours, "board") == [("NOT_FOUND", 404)]


async def test_idle_connection_gets_keep_alives(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEEP_ALIVE_SECONDS <= 60  # as it was before the service began
    monkeypatch.setattr(gateway, "KEEP_ALIVE_SECONDS", 0.05)
    async with opened(service, KEY) as ours:
        beating = asyncio.run_coroutine_threadsafe(service.gateway.run(), service.loop)
        try:
            assert [await ours.receive() for _ in range(3)] == [{"type": "ka"}] * 3
        finally:
            beating.cancel()


async def test_operation_sent_right_after_connection_init_waits_for_its_acknowledgement(service: Service) -> None:
    ann = await asyncio.to_thread(service.sign_up, f"ann-{uuid4().hex}")
    async with dialled(service, {"Authorization": ann}) as ours:
        await ours.send(type="connection_init")
        await start(ours, "query", "{ viewer { id } }")
        got = [(await ours.receive())["type"] for _ in range(5)]
        assert got == ["connection_ack", "ka", "start_ack", "data", "complete"]
