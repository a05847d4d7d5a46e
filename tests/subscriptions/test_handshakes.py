"""Handshakes: the protocol agreed on, and the credentials, within their limits."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from subscriptions.handshakes import APPSYNC, APPSYNC_PATH, LEGACY, TRANSPORT_WS, Handshake, agreed
from subscriptions.protocols.protocol_steps import WireProtocol
from tests.service import Service

PATH = "/graphql"
WS, TRANSPORT = "graphql-ws", "graphql-transport-ws"


def packed(**headers: str) -> str:
    """Return headers as Amplify packs them."""
    return base64.urlsafe_b64encode(json.dumps(headers).encode()).decode().rstrip("=")


HEADER = packed(host="milequest.example", Authorization="token")


@pytest.mark.parametrize(
    ("path", "offered", "query", "protocol"),
    [
        (PATH, [TRANSPORT], {}, TRANSPORT_WS),
        (PATH, [WS], {}, LEGACY),
        (PATH, [WS, TRANSPORT], {}, TRANSPORT_WS),
        (PATH, [WS, TRANSPORT], {"header": HEADER}, TRANSPORT_WS),
        (PATH, ["soap", WS], {}, LEGACY),
        (PATH, [WS, f"header-{HEADER}"], {}, APPSYNC),
        (PATH, [WS], {"header": HEADER, "payload": "e30="}, APPSYNC),
        (PATH, [WS], {"payload": "e30="}, LEGACY),
        (APPSYNC_PATH, [WS], {}, APPSYNC),
        (APPSYNC_PATH, [WS, f"header-{HEADER}"], {}, APPSYNC),
        (APPSYNC_PATH, [WS, TRANSPORT], {}, APPSYNC),
    ],
)
def test_handshake_agrees_on_an_offered_protocol(
    path: str, offered: list[str], query: dict[str, str], protocol: WireProtocol
) -> None:
    handshake = agreed(path, offered, query)
    assert handshake is not None
    assert handshake.protocol is protocol
    assert handshake.fault is None


@pytest.mark.parametrize(
    ("path", "offered"),
    [
        (PATH, []),
        (PATH, ["soap", "GraphQL-WS"]),
        (PATH, [f"header-{HEADER}"]),
        (APPSYNC_PATH, []),
        (APPSYNC_PATH, [TRANSPORT]),
        (APPSYNC_PATH, [f"header-{HEADER}"]),
    ],
)
def test_handshake_without_a_known_protocol_agrees_on_none(path: str, offered: list[str]) -> None:
    assert agreed(path, offered, {"header": HEADER}) is None


@pytest.mark.parametrize(
    ("header", "authorization"),
    [
        (HEADER, "token"),
        (packed(authorization="token>~"), "token>~"),
        (base64.b64encode(json.dumps({"Authorization": "token>~>~>~"}).encode()).decode(), "token>~>~>~"),
        (base64.b64encode(b'{"Authorization":"~~~>>>"}').decode().replace("+", " "), "~~~>>>"),
        (packed(host="milequest.example", **{"x-api-key": "da2-key", "x-amz-date": "20261125T000000Z"}), ""),
        (packed(host="milequest.example"), None),
        ("e30", None),
    ],
)
def test_credentials_come_in_either_alphabet_with_padding_or_without(header: str, authorization: str | None) -> None:
    for handshake in (agreed(PATH, [WS, f"header-{header}"], {}), agreed(PATH, [WS], {"header": header})):
        assert handshake == Handshake(APPSYNC, authorization)


@pytest.mark.parametrize("header", ["", "=", "e", "%%%", "bm9uc2Vuc2U", "W10", "bnVsbA", "_____w", "é" * 8, "e30=e30="])
def test_handshake_header_without_credentials_is_a_fault(header: str) -> None:
    handshake = agreed(PATH, [WS, f"header-{header}"], {})
    assert handshake is not None
    assert handshake.fault is not None
    assert handshake.fault.message == "header: must be a JSON object in base64"


@given(st.text())
def test_handshake_with_any_text_as_header_is_in_appsyncs_protocol(header: str) -> None:
    handshake = agreed(PATH, [WS], {"header": header})
    assert handshake is not None
    assert handshake.protocol is APPSYNC


async def test_credentials_that_are_too_long_are_refused_at_once(service: Service) -> None:
    offered = [Subprotocol(WS), Subprotocol(f"header-{packed(Authorization='x' * 40_000)}")]
    with pytest.raises(InvalidStatus) as refused:
        async with connect(service.socket_url, subprotocols=offered):
            pass
    assert refused.value.response.status_code == 431


def test_a_token_is_not_shown() -> None:
    assert "token" not in repr(agreed(PATH, [WS, f"header-{HEADER}"], {}))
