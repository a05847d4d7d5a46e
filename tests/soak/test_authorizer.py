"""From a gateway to an operator's authorizer and to our functions: staging is deployed with an authorizer."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.aws.conftest import deployment
from tests.aws.deployment import Deployment
from tests.aws.driving import deploy_authorizer, walk
from tests.aws.made import AUTHORIZER
from tests.listening import dial
from tests.subscriptions.team import FOUND, LOG

__all__ = ["deployment"]

SPOKEN = [Subprotocol("graphql-ws")]
BOARD = "{ teamsLeaderboard(period: WEEK) { period version } viewer { id } }"
NEWS = """subscription { teamsLeaderboardUpdated(period: WEEK, basis: TOTAL) {
  leaderboard { entries(first: 5) { nodes { value } } } } }"""


@pytest.fixture(scope="session")
def templates(variants: Path) -> Path:
    """Return the templates that are deployed here."""
    return variants / "authorized"


@pytest.fixture(scope="session")
def machines(deployment: Deployment) -> Deployment:
    """Add the operator's authorizer."""
    deploy_authorizer(deployment, AUTHORIZER)
    return deployment


@pytest.fixture(scope="session")
def mia(machines: Deployment) -> str:
    """Return the token of one of our users."""
    return machines.sign_up("mia")


def test_authorizer_decides_over_http_who_gets_in_and_what_is_denied(machines: Deployment) -> None:
    def asked(token: str) -> Any:
        return machines.post("graphql", {"query": BOARD}, token).json()

    assert asked("wall 60")["data"]["teamsLeaderboard"]["period"] == "WEEK"
    denied = asked("wall 60 Leaderboard.version")
    assert denied["data"] is None or denied["data"]["teamsLeaderboard"] is None
    assert denied["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    for token in ("nobody", "empty"):
        assert asked(token)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    places = machines.post("v1/map/geocodeAddress", {"query": "Lisbon"}, "wall 60")
    assert "UNAUTHENTICATED" not in places.text


def test_tokens_of_our_users_are_not_judged_by_the_authorizer(machines: Deployment, mia: str) -> None:
    assert machines.data("{ viewer { id } }", mia)["viewer"]["id"], "it lets nobody in whom it does not know"
    assert machines.post("graphql", {"query": BOARD}, mia[:-6] + "AAAAAA").status_code in (401, 403)


async def test_machine_subscribes_to_the_board_of_teams(machines: Deployment, mia: str) -> None:
    made = await asyncio.to_thread(machines.data, FOUND, mia, input={"name": "Board", "isPublic": True})
    assert made["createTeam"]["team"]["id"]
    async with dial(machines.socket_url, "wall 60") as connection:
        board = await connection.subscribe(NEWS)
        assert (await board.next())["leaderboard"]["entries"]["nodes"] == []
        await asyncio.to_thread(machines.data, LOG, mia, input=walk(1200))
        await board.until(lambda told: told["leaderboard"]["entries"]["nodes"] == [{"value": 1200}])


async def test_handshake_of_appsyncs_clients_asks_the_authorizer(machines: Deployment) -> None:
    def address(token: str) -> str:
        header = base64.b64encode(json.dumps({"host": "x", "Authorization": token}).encode()).decode()
        return f"{machines.socket_url}?header={header}&payload=e30="

    async with connect(address("wall 60"), subprotocols=SPOKEN) as socket:
        await socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address("nobody"), subprotocols=SPOKEN):
            pass
    assert refused.value.response.status_code in (401, 403)
