"""Revocation of subscriptions whose access ended without an event: of expired tokens, closed accounts and ended
sessions; and of the connections of such sessions."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from milequest.rules.errors import unauthenticated
from milequest.rules.sessions import ENDED
from milequest.store.sql import audience
from schema.error_payloads import error_payload
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.connection_store import PROTOCOLS
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.outbound import Kind, OutboundMessages
from subscriptions.apigateway.table_rows import OperationKey
from subscriptions.apigateway.transport import close, send_with_retry
from subscriptions.policy import CLOSED, EXPIRED
from subscriptions.protocols.protocol_steps import Close
from subscriptions.protocols.transport_ws import CloseCode

Row = Mapping[str, Any]

SESSION_ENDED = Close(CloseCode.UNAUTHORIZED, ENDED)


async def revoke_connections(deps: Dependencies, connections: Sequence[Row], now: datetime) -> None:
    """End the connections and subscriptions, of those given, whose access has ended.

    A connection's row has its identity; its subscriptions are read only if that has ended or some have own tokens.
    """
    await deps.runtime.revocations.refresh_if_stale()
    has_ended = deps.runtime.revocations.has_ended
    over = [row for row in connections if "doomed" not in row and has_ended(table_rows.identity_of(row))]
    await asyncio.gather(*(_end(deps, row) for row in over))
    busy = [row for row in connections if row["operations"] and row not in over]
    closed = await _closed(deps, busy)
    doubtful = [row for row in busy if "own" in row or _reason(deps, row, closed, now)]
    subscribers = [row for one in doubtful for row in await deps.connections.subscribers(one["sk"])]
    closed = await _closed(deps, subscribers)
    for row in subscribers:
        reason = _reason(deps, row, closed, now)
        if reason is not None:
            posts = OutboundMessages(row["group"])
            posts.add(OperationKey.of(row), Kind.ERRORS, orjson.dumps(error_payload(unauthenticated(reason))).decode())
            await deps.outbound_queue.send(posts.take_all())


async def revoke_sessions(deps: Dependencies, user_id: UUID, now: datetime) -> None:
    """End the connections and subscriptions of a user's sessions that have just ended."""
    await deps.runtime.revocations.refresh()
    await revoke_connections(deps, await deps.connections.of_user(user_id), now)


async def _end(deps: Dependencies, row: Row) -> None:
    """Send errors to a connection's operations and close it.

    They are not queued, as they would be sent after the close.
    """
    connection, protocol = row["sk"], PROTOCOLS[row["kind"]]
    for who, _ in await deps.connections.operations(connection):
        await send_with_retry(deps.sockets, connection, protocol.error(who.id, error_payload(unauthenticated(ENDED))))
    await close(deps, connection, protocol, SESSION_ENDED)


async def _closed(deps: Dependencies, some: Sequence[Row]) -> set[UUID]:
    users = {UUID(row["user"]) for row in some if "user" in row}
    return await audience.ended(deps.runtime.writer, users) if users else set()


def _reason(deps: Dependencies, row: Row, closed: set[UUID], now: datetime) -> str | None:
    """Return the reason why access has ended; None if it has not."""
    identity = table_rows.identity_of(row)
    if identity.expires_at is not None and identity.expires_at <= now:
        return EXPIRED
    if deps.runtime.revocations.has_ended(identity):
        return ENDED
    return CLOSED if identity.user_id in closed else None
