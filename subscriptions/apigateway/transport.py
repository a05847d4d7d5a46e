"""What a client is told where no close code of ours would reach it, and how a message gets to a socket."""

import asyncio
from collections.abc import Awaitable, Callable

from milequest.store.aws.client import pause
from milequest.store.aws.sockets import Outcome, Sockets
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.handshakes import TRANSPORT_WS
from subscriptions.protocols.steps import Close, WireProtocol, encoded

ATTEMPTS = 4
PING = encoded(type="ping")


def keepalive(protocol: WireProtocol) -> str:
    """What keeps a silent socket from being closed."""
    return protocol.keep_alive() or PING


def close_notice(protocol: WireProtocol, close: Close) -> str:
    """That the connection will be closed, by the code and for the reason that another gateway would close it with.

    A ping in graphql-transport-ws, which clients answer and otherwise ignore; an error of the connection elsewhere.
    """
    why = {"code": int(close.code), "reason": close.reason}
    if protocol is TRANSPORT_WS:
        return encoded(type="ping", payload={"closing": why})
    return encoded(type="connection_error", payload={"message": close.reason, "errors": [why]})


async def send_with_retry(sockets: Sockets, connection: str, text: str) -> Outcome:
    """Send a message, with more than one try where that may help."""
    return await _tried(lambda: sockets.post(connection, text))


async def close(deps: Dependencies, connection: str, protocol: WireProtocol, how: Close) -> None:
    """Close a connection. The code and the reason go ahead in a message, for API Gateway sends neither.

    One that cannot be closed now stays doomed, and the next round tries again.
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
