"""Requests through CloudFront, as its viewers', and around it: those are refused."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from milequest.rules.rate_limits import SIGN_UPS
from milequest.store.aws.client import Aws
from tests.aws.deployment import PASSWORD, PATIENCE, SIGN_UP, Deployment

VIEWER = {"query": "{ viewer { id } }"}
FORGED: tuple[dict[str, str], ...] = (
    {},
    {"x-origin-secret": ""},
    {"x-origin-secret": "x" * 40, "x-viewer-address": "192.0.2.1"},
)
TRANSPORT_WS = [Subprotocol("graphql-transport-ws")]


@pytest.mark.parametrize("own", FORGED)
def test_request_around_the_edge_is_refused_whatever_it_says(
    deployment: Deployment, ann: str, own: dict[str, str]
) -> None:
    for token in ({}, {"authorization": f"Bearer {ann}"}):
        for path in ("graphql", "v1/team/createTeam"):
            url = f"{deployment.origin_url}/{path}"
            assert httpx.post(url, json=VIEWER, headers={**own, **token}, timeout=PATIENCE).status_code in (401, 403)
    assert httpx.get(f"{deployment.origin_url}/livez", timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize("own", FORGED)
async def test_handshake_around_the_edge_is_refused(deployment: Deployment, own: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(deployment.socket_origin_url, subprotocols=TRANSPORT_WS, additional_headers=own):
            pass
    assert refused.value.response.status_code in (401, 403)


async def test_connection_has_its_viewers_address(deployment: Deployment) -> None:
    forged = {"x-viewer-address": "192.0.2.1"}
    here = ("127.0.0.2", 0)
    async with connect(
        deployment.socket_url, subprotocols=TRANSPORT_WS, additional_headers=forged, local_addr=here, open_timeout=60
    ):
        found = await asyncio.to_thread(deployment.on_aws, lambda aws: _connections(aws, deployment.names.of("live")))
    assert "127.0.0.2" in {row["address"]["S"] for row in found}


async def _connections(aws: Aws, table: str) -> list[dict[str, Any]]:
    target = "DynamoDB_20120810.Scan"
    answer = await aws.call(aws.signer("dynamodb"), aws.origin("dynamodb"), target, "1.0", {"TableName": table})
    return [row for row in answer["Items"] if row["pk"]["S"].startswith("CONNECTIONS")]


def test_viewers_behind_one_edge_are_counted_apart(deployment: Deployment) -> None:
    most = SIGN_UPS.most
    assert sign_ups(deployment, "127.0.0.2", most + 1) == [""] * most + ["RATE_LIMITED"]
    assert sign_ups(deployment, "127.0.0.3", 1) == [""]


def sign_ups(deployment: Deployment, address: str, number: int) -> list[str]:
    """Sign up new users from an address, each with forged headers; return the code of each, empty where it worked."""
    codes = []
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=PATIENCE) as client:
        for count in range(number):
            given = {"email": f"new-{uuid4().hex[:8]}@example.org", "password": PASSWORD, "name": "New"}
            forged = {"x-viewer-address": f"198.51.100.{count}", "x-forwarded-for": f"198.51.100.{count}"}
            body = {"query": SIGN_UP, "variables": {"input": given}}
            answer = client.post(f"{deployment.url}/graphql", json=body, headers=forged).json()
            codes.append(answer["errors"][0]["extensions"]["code"] if "errors" in answer else "")
    return codes
