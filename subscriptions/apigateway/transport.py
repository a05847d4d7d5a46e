"""Sending to sockets of API Gateway, and close notices, as API Gateway sends clients no close code of ours."""

import asyncio
from collections.abc import Awaitable, Callable

from milequest.store.aws.retries import pause
from milequest.store.aws.socket_api import Outcome, Sockets
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.handshakes import TRANSPORT_WS
from subscriptions.protocols.protocol_steps import Close, WireProtocol, encoded

ATTEMPTS = 4
PING = encoded(type="ping")


def keepalive(protocol: WireProtocol) -> str:
    """Return the message that keeps an idle socket open."""
    return protocol.keep_alive() or PING


def close_notice(protocol: WireProtocol, close: Close) -> str:
    """Return the message that the connection will be closed, with the code and reason of the other gateway's close.

    It is a ping in graphql-transport-ws, which clients answer and otherwise ignore; else an error of the connection.
    """
    why = {"code": int(close.code), "reason": close.reason}
    if protocol is TRANSPORT_WS:
        return encoded(type="ping", payload={"closing": why})
    return encoded(type="connection_error", payload={"message": close.reason, "errors": [why]})


async def send_with_retry(sockets: Sockets, connection: str, text: str) -> Outcome:
    """Send a message, retried where that may help."""
    return await _tried(lambda: sockets.post(connection, text))


async def close(deps: Dependencies, connection: str, protocol: WireProtocol, how: Close) -> None:
    """Close a connection. The code and the reason are sent in a message before, as API Gateway sends neither.

    One that cannot be closed now stays marked as closing, and the second sweep after that tries again.
    """
    await deps.connections.mark_closing(connection)
    await send_with_retry(deps.sockets, connection, close_notice(protocol, how))
    await _tried(lambda: deps.sockets.close(connection))


async def _tried(send: Callable[[], Awaitable[Outcome]]) -> Outcome:
    outcome = await send()
    for attempt in range(1, ATTEMPTS):
        if outcome in (Outcome.SENT, Outcome.GONE):
            return outcome
        await asyncio.sleep(pause(attempt))
        outcome = await send()
    return outcome
