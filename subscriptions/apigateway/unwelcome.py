"""Ends subscriptions whose reason has ended without any news: by tokens that expired, of accounts that were closed, of
sessions that were ended; and the connections that such a session introduced."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from milequest.rules.errors import unauthenticated
from milequest.rules.sessions import ENDED
from milequest.store import audience
from subscriptions.apigateway import rows
from subscriptions.apigateway.connections import PROTOCOLS
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.posts import Kind, Posts
from subscriptions.apigateway.rows import Recipient
from subscriptions.apigateway.words import close, say
from subscriptions.errors import told
from subscriptions.policy import CLOSED, EXPIRED
from subscriptions.protocols.steps import Close
from subscriptions.protocols.transport_ws import CloseCode

Row = Mapping[str, Any]

SESSION_ENDED = Close(CloseCode.UNAUTHORIZED, ENDED)


async def end_the_unwelcome(parts: Parts, connections: Sequence[Row], now: datetime) -> None:
    """Look who of some connections may listen no longer, and tell them.

    A connection says whose it is; only where that one is gone, or operations have tokens of their own, are these read.
    """
    await parts.runtime.revocations.be_current()
    has_ended = parts.runtime.revocations.has_ended
    over = [row for row in connections if "doomed" not in row and has_ended(rows.identity_of(row))]
    await asyncio.gather(*(_end(parts, row) for row in over))
    busy = [row for row in connections if row["operations"] and row not in over]
    closed = await _closed(parts, busy)
    doubtful = [row for row in busy if "own" in row or _reason(parts, row, closed, now)]
    listeners = [row for one in doubtful for row in await parts.connections.listeners(one["sk"])]
    closed = await _closed(parts, listeners)
    for row in listeners:
        reason = _reason(parts, row, closed, now)
        if reason is not None:
            posts = Posts(row["group"])
            posts.add(Recipient.of(row), Kind.ERRORS, orjson.dumps(told(unauthenticated(reason))).decode())
            await parts.posts.send(posts.taken())


async def end_sessions(parts: Parts, user_id: UUID, now: datetime) -> None:
    """End what sessions of a user left behind that have just ended."""
    await parts.runtime.revocations.look()
    await end_the_unwelcome(parts, await parts.connections.of_user(user_id), now)


async def _end(parts: Parts, row: Row) -> None:
    """Close a connection, and tell what ran on it: its socket is over before a queue would get to it."""
    connection, protocol = row["sk"], PROTOCOLS[row["kind"]]
    for who, _ in await parts.connections.operations(connection):
        await say(parts.sockets, connection, protocol.error(who.id, told(unauthenticated(ENDED))))
    await close(parts, connection, protocol, SESSION_ENDED)


async def _closed(parts: Parts, some: Sequence[Row]) -> set[UUID]:
    users = {UUID(row["user"]) for row in some if "user" in row}
    return await audience.ended(parts.runtime.writer, users) if users else set()


def _reason(parts: Parts, row: Row, closed: set[UUID], now: datetime) -> str | None:
    """Why somebody may listen no longer, if that is so."""
    identity = rows.identity_of(row)
    if identity.expires_at is not None and identity.expires_at <= now:
        return EXPIRED
    if parts.runtime.revocations.has_ended(identity):
        return ENDED
    return CLOSED if identity.user_id in closed else None
