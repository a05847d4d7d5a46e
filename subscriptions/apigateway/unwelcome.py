"""Ends subscriptions whose reason has ended without any news: by tokens that expired, of accounts that were closed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from milequest.rules.errors import unauthenticated
from milequest.store import audience
from subscriptions.apigateway import rows
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.posts import Kind, Posts
from subscriptions.apigateway.rows import Recipient
from subscriptions.errors import told
from subscriptions.policy import CLOSED, EXPIRED

Row = Mapping[str, Any]


async def end_the_unwelcome(parts: Parts, connections: Sequence[Row], now: datetime) -> None:
    """Look who of some connections may listen no longer, and tell them.

    A connection says whose it is; only where that one is gone, or operations have tokens of their own, are these read.
    """
    busy = [row for row in connections if row["operations"]]
    ended = await _ended(parts, busy)
    doubtful = [row for row in busy if "own" in row or _reason(row, ended, now)]
    listeners = [row for one in doubtful for row in await parts.connections.listeners(one["sk"])]
    ended = await _ended(parts, listeners)
    for row in listeners:
        reason = _reason(row, ended, now)
        if reason is not None:
            posts = Posts(row["group"])
            posts.add(Recipient.of(row), Kind.ERRORS, orjson.dumps(told(unauthenticated(reason))).decode())
            await parts.posts.send(posts.taken())


async def _ended(parts: Parts, some: Sequence[Row]) -> set[UUID]:
    users = {UUID(row["user"]) for row in some if "user" in row}
    return await audience.ended(parts.runtime.writer, users) if users else set()


def _reason(row: Row, ended: set[UUID], now: datetime) -> str | None:
    """Why somebody may listen no longer, if that is so."""
    identity = rows.identity_of(row)
    if identity.expires_at is not None and identity.expires_at <= now:
        return EXPIRED
    return CLOSED if identity.user_id in ended else None
