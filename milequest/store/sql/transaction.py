"""Statements on PostgreSQL, and the one place that begins, commits and retries transactions.

`Reader` is anything a read may run on. A `Tx` is a connection inside a writing transaction, so a function with one in
its signature must not run outside; events recorded on it are stored as the transaction's last step.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import asyncpg

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.events import Event
from milequest.store.away import Away, ReadSkew
from milequest.store.sql import log
from milequest.store.sql.pool import Connection, Pool, open_pool
from milequest.telemetry.writes import committed

__all__ = ["Connection", "Pool", "Reader", "Tx", "is_writable", "open_pool", "reason", "transact", "unavailable_error"]

T = TypeVar("T")

ATTEMPTS = 4  # the first and three more


AWAY = "The database is out of reach; try again."


def unavailable_error(error: BaseException | None) -> Refused | None:
    """Return the refusal for an error of a statement, if the database is out of reach; None for any other error."""
    if not isinstance(error, Away):
        return None
    message = "It was changed while it was read; try again." if isinstance(error, ReadSkew) else AWAY
    return Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=1)


def reason(error: BaseException) -> str:
    """Return the class name of an error's cause, for a log."""
    return type(error.__cause__ if isinstance(error, Away) and error.__cause__ else error).__name__


class Reader(Protocol):
    """Anything a read may run on: a pool, a connection or a Tx."""

    async def fetch(self, query: str, /, *args: Any) -> list[asyncpg.Record]:
        """Return all rows."""

    async def fetchrow(self, query: str, /, *args: Any) -> asyncpg.Record | None:
        """Return the first row."""

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        """Return the first value of the first row."""


@dataclass(slots=True)
class Tx:
    """A connection inside a writing transaction, and the events it has recorded so far."""

    connection: Connection
    events: list[Event] = field(default_factory=list)

    async def fetch(self, query: str, /, *args: Any) -> list[asyncpg.Record]:
        """Return all rows."""
        return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, /, *args: Any) -> asyncpg.Record | None:
        """Return the first row."""
        return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        """Return the first value of the first row."""
        return await self.connection.fetchval(query, *args)

    async def execute(self, query: str, /, *args: Any) -> str:
        """Run a statement for its effect; return the command's tag."""
        return await self.connection.execute(query, *args)

    async def executemany(self, query: str, rows: Sequence[Sequence[Any]], /) -> None:
        """Run a statement once per row."""
        await self.connection.executemany(query, rows)

    def record(self, *events: Event) -> None:
        """Append events to the log when the transaction ends, so that its counters are locked as late as possible."""
        self.events.extend(events)


@dataclass(frozen=True, slots=True)
class Committed(Generic[T]):
    """The result of a transaction, and how far each channel's log reaches since."""

    result: T
    positions: dict[str, int]


async def is_writable(db: Reader) -> bool:
    """Return whether a database takes writes: not one that follows another, as in a standby region."""
    setting: str = await db.fetchval("SELECT current_setting('transaction_read_only')")  # "on" in recovery too
    return setting == "off"


async def transact(pool: Pool, work: Callable[[Tx], Awaitable[T]]) -> Committed[T]:
    """Run `work` in one transaction and commit. Serialization failures and deadlocks are retried, three times.

    `work` may run more than once, so it touches nothing but the database. Raises UNAVAILABLE when it never succeeded,
    and where the database follows another.
    """
    for attempt in range(ATTEMPTS):
        try:
            async with pool.acquire() as connection:
                done, events = await _committed(connection, work)
            committed(events, done.positions, attempt)
            return done
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))
        except asyncpg.ReadOnlySQLTransactionError:
            message = "The database takes no writes just now, as in a failover; try again."
            raise Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=1) from None
    raise Refused(ErrorCode.UNAVAILABLE, "Too many writers at once; try again.", retryable=True, retryAfterSeconds=1)


async def _committed(
    connection: Connection, work: Callable[[Tx], Awaitable[T]]
) -> tuple[Committed[T], Sequence[Event]]:
    """Run `work` and commit. A broken statement ends the connection instead of waiting for a rollback."""
    await connection.execute("BEGIN")
    try:
        tx = Tx(connection)
        result = await work(tx)
        positions = await log.append(connection, tx.events)
    except Away:
        raise
    except Exception:
        await connection.execute("ROLLBACK")
        raise
    outcome = await connection.execute("COMMIT")
    if outcome != "COMMIT":  # the server rolls back what failed, and reports success
        raise RuntimeError("a failed statement was ignored, so nothing was stored")
    return Committed(result, positions), tx.events
