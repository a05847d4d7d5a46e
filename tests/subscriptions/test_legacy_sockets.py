"""The protocol of subscriptions-transport-ws over real sockets."""

import asyncio
import logging
from typing import Any
from uuid import uuid4

import pytest

from subscriptions.quotas import OPERATIONS_PER_SOCKET
from tests.service import Service
from tests.sockets import BOARD, Socket
from tests.subscriptions.legacy_sockets import ACCEPTED, dialled, opened, start
from tests.subscriptions.team import Team


def rows(message: Any) -> list[float]:
    """Return the values of the board in a message."""
    assert message["type"] == "data", message
    nodes = message["payload"]["data"]["teamLeaderboardUpdated"]["leaderboard"]["entries"]["nodes"]
    return [node["value"] for node in nodes]


async def failure(ours: Socket, id: str) -> str:
    """Return the code an operation ends with."""
    message = await ours.receive()
    assert (message["id"], message["type"]) == (id, "error"), message
    return str(message["payload"]["extensions"]["code"])


async def test_subscription_goes_from_start_through_data_to_complete(service: Service, team: Team) -> None:
    async with opened(service, team.ann) as ours:
        await start(ours, "board", BOARD, team=team.id)
        assert rows(await ours.receive()) == []
        await team.walk(team.ann, 1500)
        assert rows(await ours.receive()) == [1500]
        await ours.send(id="board", type="stop")
        assert await ours.receive() == {"id": "board", "type": "complete"}
        await start(ours, "query", "{ viewer { user { name } } }")
        assert [(await ours.receive())["type"] for _ in range(2)] == ["data", "complete"]
        await ours.send(type="connection_terminate", payload=None)
        assert await ours.closed() == (1000, "")


async def test_clients_begin_without_waiting_to_be_accepted(service: Service) -> None:
    ann = await asyncio.to_thread(service.sign_up, f"ann-{uuid4().hex}")
    async with dialled(service) as ours:
        await ours.send(type="connection_init", payload={"Authorization": ann})
        await start(ours, "query", "{ viewer { id } }")
        assert [await ours.receive(), await ours.receive()] == ACCEPTED
        assert (await ours.receive())["payload"]["data"]["viewer"]["id"].startswith("viewer_")


async def test_operation_without_a_connection_init_uses_the_handshakes_credentials(
    service: Service, team: Team
) -> None:
    async with dialled(service, additional_headers={"authorization": f"Bearer {team.ann}"}) as ours:
        await start(ours, "board", BOARD, team=team.id)
        assert rows(await ours.receive()) == []
    async with dialled(service) as ours:
        await start(ours, "board", BOARD, team=team.id)
        assert await failure(ours, "board") == "UNAUTHENTICATED"


async def test_bad_legacy_token_is_an_error_and_a_close(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    async with dialled(service) as ours:
        await ours.send(type="connection_init", payload={"Authorization": "Bearer nonsense"})
        refusal = await ours.receive()
        assert (refusal["type"], refusal["payload"]["extensions"]["code"]) == ("connection_error", "UNAUTHENTICATED")
        assert await ours.closed() == (4403, "Forbidden")
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_operation_that_cannot_run_is_an_error_and_the_connection_stays(service: Service, team: Team) -> None:
    async with opened(service, team.ann) as ours:
        await start(ours, "bad", "subscription { nothing }")
        assert await failure(ours, "bad") == "VALIDATION_ERROR"
        await start(ours, "bad", BOARD, team="team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e")
        assert await failure(ours, "bad") == "NOT_FOUND"
        await ours.connection.send("{")
        assert (await ours.receive())["type"] == "connection_error"
        await ours.send(id="bad", type="nothing")
        assert await failure(ours, "bad") == "VALIDATION_ERROR"
        await start(ours, "board", BOARD, team=team.id)
        assert rows(await ours.receive()) == []


async def test_an_id_in_use_begins_anew(service: Service, team: Team) -> None:
    async with opened(service, team.ann) as ours:
        for _ in range(2):
            await start(ours, "board", BOARD, team=team.id)
            assert rows(await ours.receive()) == []
        assert len(service.hub) == 1
        await team.walk(team.ann, 1200)
        assert rows(await ours.receive()) == [1200]


async def test_operations_of_a_connection_beyond_their_quota_are_refused(service: Service, team: Team) -> None:
    async with opened(service, team.ann) as ours:
        for number in range(OPERATIONS_PER_SOCKET):
            await start(ours, str(number), BOARD, team=team.id)
        for _ in range(OPERATIONS_PER_SOCKET):
            assert rows(await ours.receive()) == []
        await start(ours, "more", BOARD, team=team.id)
        assert await failure(ours, "more") == "RATE_LIMITED"
