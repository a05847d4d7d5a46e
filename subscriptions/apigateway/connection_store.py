"""Connections and their subscriptions as rows. Messages of one socket are handled concurrently, so every write is
conditional."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from milequest.rules.identity import Identity
from milequest.rules.instants import seconds
from milequest.rules.rate_limits import network
from milequest.store.aws.dynamodb import ConflictError, Item, Key, NotWrittenError, Part, Table
from schema.error_payloads import Errors
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.connection_quota import StoredConnectionQuota
from subscriptions.apigateway.table_rows import OperationKey, connection_key, listener_key, operation_key
from subscriptions.handshakes import APPSYNC, LEGACY, TRANSPORT_WS
from subscriptions.protocols.protocol_steps import Phase, WireProtocol
from subscriptions.quotas import OPERATIONS_PER_SOCKET

PROTOCOLS: Mapping[str, WireProtocol] = {"transport": TRANSPORT_WS, "appsync": APPSYNC, "legacy": LEGACY}
CONFLICTS = 12  # tries of a transaction while others write the same rows


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """Connection as stored. `refusal` is the error of every operation on it; `is_closing` while it is being closed.

    `address` is its client's; empty for connections of a release before this column.
    """

    id: str
    kind: str
    phase: Phase
    identity: Identity
    refusal: Errors | None
    operations: int
    expires: int
    is_closing: bool
    slots: Sequence[str]
    address: str

    @property
    def protocol(self) -> WireProtocol:
        """Protocol of the connection."""
        return PROTOCOLS[self.kind]


class Added(StrEnum):
    """Outcome of storing a subscription."""

    ADDED = "ADDED"
    DUPLICATE = "DUPLICATE"  # the id is in use on the connection
    STOPPED = "STOPPED"  # the client's stop was handled before its start
    TOO_MANY = "TOO_MANY"  # the connection has its maximum of operations
    GONE = "GONE"  # the connection is not ready, or no longer


class ConnectionStore:
    """Rows of connections."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._quota = StoredConnectionQuota(table)

    async def open(
        self, connection: str, protocol: WireProtocol, identity: Identity, address: str, most: int, now: datetime
    ) -> bool:
        """Add a connection of a client's address; return False if its network has `most` already."""
        slot = f"network:{network(address)}"
        if not await self._quota.acquire(slot, most, now):
            return False
        kind = next(name for name, known in PROTOCOLS.items() if known is protocol)
        at = seconds(now)
        item: Item = {
            "phase": Phase.NEW.value,
            "kind": kind,
            "operations": 0,
            "opened": at,
            "alive": at,
            "seats": [slot],
            "address": address,
        }
        await self._table.put(
            connection_key(connection), {**item, **table_rows.row_of(identity), "expires": table_rows.expiry(now)}
        )
        return True

    async def acquire_user_slot(self, connection: str, user_id: UUID, most: int, now: datetime) -> bool:
        """Count a connection for a user; return False if they have `most` already."""
        slot = user_slot(user_id)
        if not await self._quota.acquire(slot, most, now, connection):
            return False
        sets = "SET #seats = list_append(#seats, :slots)"
        if not await self._table.update(connection_key(connection), sets, "attribute_exists(#pk)", slots=[slot]):
            await self._quota.release(slot, connection)
        return True

    async def load(self, connection: str) -> StoredConnection | None:
        """Return a connection; None if it is unknown."""
        row = await self._table.get(connection_key(connection))
        return None if row is None else _connection(row)

    async def initialise(self, connection: str, stamp: str) -> bool:
        """Mark the check of its credentials as begun; return False if that was done before.

        `stamp` is unique to this attempt.
        """
        condition = "#phase = :new OR #stamp = :stamp"  # `:stamp` matches if the response to an earlier try was lost
        return await self._table.update(
            connection_key(connection),
            "SET #phase = :phase, #stamp = :stamp",
            condition,
            phase=Phase.INITIALISING.value,
            new=Phase.NEW.value,
            stamp=stamp,
        )

    async def ready(self, connection: str, identity: Identity, refusal: Errors | None) -> bool:
        """Store the identity, or why it is refused; return False if the connection is closed.

        The identity of its handshake is replaced completely.
        """
        given = {**table_rows.row_of(identity), "refusal": orjson.dumps(refusal).decode() if refusal else None}
        known = {name: value for name, value in given.items() if value is not None}
        sets = ", ".join(f"#{name} = :{name}" for name in ("phase", *known))
        removes = ", ".join(f"#{name}" for name in given if name not in known)
        change = f"SET {sets}" + (f" REMOVE {removes}" if removes else "")
        return await self._table.update(
            connection_key(connection), change, "attribute_exists(#pk)", phase=Phase.READY.value, **known
        )

    async def mark_closing(self, connection: str) -> None:
        """Mark it as closing: its messages are ignored from now on, and its subscriptions end."""
        await self._table.update(connection_key(connection), "SET #doomed = :yes", "attribute_exists(#pk)", yes=True)
        await self._end_all(connection)

    async def close(self, connection: str) -> None:
        """Delete it and its subscriptions. The connection first: from then on nothing more can be stored for it."""
        row = await self._table.delete(connection_key(connection))
        for slot in row["seats"] if row else ():
            await self._quota.release(slot, connection)
        await self._end_all(connection)

    async def add(
        self, who: OperationKey, group: str, subscriber: Item, received: int, *, has_own_token: bool
    ) -> Added:
        """Add a subscription to a group. It was requested at `received`, by API Gateway's clock."""
        own = " SET #own = :own" if has_own_token else ""
        parts = [
            Part(
                connection_key(who.connection),
                {"one": 1, "ready": Phase.READY.value, "most": OPERATIONS_PER_SOCKET, **({"own": True} if own else {})},
                expression=f"ADD #operations :one{own}",
                condition="#phase = :ready AND #operations < :most AND attribute_not_exists(#doomed)",
            ),
            Part(
                operation_key(who.connection, who.id),
                {"received": received},
                item={**who.row(), "group": group, "received": received, "expires": subscriber["expires"]},
                condition="attribute_not_exists(#pk) OR #stopped < :received",
            ),
            Part(listener_key(group, who.connection, who.id), {}, item={**who.row(), **subscriber, "group": group}),
        ]
        for attempt in range(CONFLICTS):
            try:
                await self._table.transact(parts, who.serial)
            except ConflictError:
                await asyncio.sleep(random.uniform(0, 0.02 * 2 ** min(attempt, 5)))
            except NotWrittenError as refused:
                return await self._refused(who, has_id=refused.failed[1])
            else:
                return Added.ADDED
        raise TimeoutError("too many conflicting writes on one connection")

    async def end(self, connection: str, id: str, serial: str) -> bool:
        """Delete the subscription of that serial; return False if it had ended before."""
        row = await self._table.get(operation_key(connection, id))
        if row is None or row.get("serial") != serial:
            return False
        key, same = listener_key(row["group"], connection, id), "#serial = :serial"
        await self._table.delete(key, same, serial=serial)
        if await self._table.delete(operation_key(connection, id), same, serial=serial) is None:
            return False
        await self._table.update(connection_key(connection), "ADD #operations :less", "attribute_exists(#pk)", less=-1)
        return True

    async def stop(self, connection: str, id: str, received: int) -> None:
        """Stop the subscription that the client requested before `received`, by API Gateway's clock.

        If it is not stored yet, record that it is not to begin.
        """
        key, expires = operation_key(connection, id), received // 1000 + table_rows.MARGIN
        sets = "SET #stopped = :received, #expires = :expires"
        given = {"received": received, "expires": expires}
        if await self._table.update(key, sets, "attribute_not_exists(#serial)", **given):
            return
        row = await self._table.get(key)
        if row is not None and "serial" in row and row["received"] <= received:
            await self.end(connection, id, row["serial"])

    async def operations(self, connection: str) -> list[tuple[OperationKey, str]]:
        """Return its subscriptions and their groups."""
        pk = operation_key(connection, "").pk
        return [(OperationKey.of(row), row["group"]) async for row in self._table.query(pk) if "serial" in row]

    async def subscribers(self, connection: str) -> list[Mapping[str, Any]]:
        """Return the rows of its subscriptions."""
        found = [
            await self._table.get(listener_key(group, connection, who.id))
            for who, group in await self.operations(connection)
        ]
        return [row for row in found if row is not None]

    async def of_bucket(self, number: int) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the rows of all connections of a bucket."""
        async for row in self._table.query(f"CONNECTIONS#{number}"):
            yield row

    async def of_user(self, user_id: UUID) -> list[Mapping[str, Any]]:
        """Return the rows of all connections of a user, by `connection_init` or by an operation's own token."""
        names = await self._quota.holders(user_slot(user_id))
        found = [await self._table.get(connection_key(name)) for name in sorted(names)]
        return [row for row in found if row is not None]

    async def record_time(self, connection: str, what: str, now: datetime) -> bool:
        """Record the time of a message, `alive` or `warned`, or of a sweep that found it closing, `overdue`.

        Returns False if the connection is closed.
        """
        at = seconds(now)
        key = connection_key(connection)
        return await self._table.update(key, f"SET #{what} = :at", "attribute_exists(#pk)", at=at)

    async def _refused(self, who: OperationKey, *, has_id: bool) -> Added:
        if has_id:
            row = await self._table.get(operation_key(who.connection, who.id))
            return Added.STOPPED if row is not None and "stopped" in row else Added.DUPLICATE
        known = await self.load(who.connection)
        alive = known is not None and known.phase is Phase.READY and not known.is_closing
        return Added.TOO_MANY if alive else Added.GONE

    async def _end_all(self, connection: str) -> None:
        keys: list[Key] = []
        async for row in self._table.query(operation_key(connection, "").pk):
            keys.append(operation_key(connection, row["sk"]))
            if "group" in row:
                keys.append(listener_key(row["group"], connection, row["sk"]))
        await self._table.remove(keys)


def _connection(row: Mapping[str, Any]) -> StoredConnection:
    return StoredConnection(
        row["sk"],
        row["kind"],
        Phase(row["phase"]),
        table_rows.identity_of(row),
        orjson.loads(row["refusal"]) if "refusal" in row else None,
        row["operations"],
        row["expires"],
        "doomed" in row,
        row["seats"],
        row.get("address", ""),
    )


def user_slot(user_id: UUID) -> str:
    """Return the key by which a user's connections are counted."""
    return f"user:{user_id.hex}"
