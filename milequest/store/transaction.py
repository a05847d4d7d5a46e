"""How statements reach PostgreSQL: pools of asyncpg connections, and the one place that begins, commits and retries.

`Reader` is anything a read may run on. A `Tx` is a connection inside a writing transaction, so a function that takes
one says in its signature that it must not run outside; events recorded on it are stored as the transaction's last step.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import orjson

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.events import Event
from milequest.store import log

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
T = TypeVar("T")

ATTEMPTS = 4  # the first and three more
STATEMENT_SECONDS = 20  # a statement may take; API Gateway waits 29 for all of an answer
AWAY = (  # what statements raise while the database is out of reach
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


def unreached(error: BaseException | None) -> Refused | None:
    """The refusal for what a statement raised, where the database is out of reach; None where it is something else.

    asyncpg's errors about what we gave it are InterfaceErrors too, but those are ValueErrors as well.
    """
    if not isinstance(error, AWAY) or isinstance(error, ValueError):
        return None
    message = "The database is out of reach; try again."
    return Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=1)


class Reader(Protocol):
    """What a read needs: a pool, a connection or a Tx."""

    async def fetch(self, query: str, /, *args: Any) -> list[asyncpg.Record]:
        """All rows."""

    async def fetchrow(self, query: str, /, *args: Any) -> asyncpg.Record | None:
        """The first row."""

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        """The first value of the first row."""


@dataclass(slots=True)
class Tx:
    """A connection inside a writing transaction, and the events it has recorded so far."""

    connection: Connection
    events: list[Event] = field(default_factory=list)

    async def fetch(self, query: str, /, *args: Any) -> list[asyncpg.Record]:
        """All rows."""
        return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, /, *args: Any) -> asyncpg.Record | None:
        """The first row."""
        return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, /, *args: Any) -> Any:
        """The first value of the first row."""
        return await self.connection.fetchval(query, *args)

    async def execute(self, query: str, /, *args: Any) -> str:
        """Run a statement for its effect; the command's tag."""
        return await self.connection.execute(query, *args)

    async def executemany(self, query: str, rows: Sequence[Sequence[Any]], /) -> None:
        """Run a statement once per row."""
        await self.connection.executemany(query, rows)

    def record(self, *events: Event) -> None:
        """Append events to the log when the transaction ends, so that its counters are locked as late as can be."""
        self.events.extend(events)


@dataclass(frozen=True, slots=True)
class Committed(Generic[T]):
    """What a transaction returned, and how far each channel's log reaches since."""

    result: T
    positions: dict[str, int]


class _Connection(asyncpg.Connection):
    """A connection that sends no session SET: those pin a connection of a transaction-level proxy."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._server_caps: Any = self._server_caps._replace(jit=False)

    def get_reset_query(self) -> str:
        return ""


async def _codecs(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value, default=_uuid_text),
        decoder=lambda data: orjson.loads(data[1:]),
    )


def _uuid_text(value: object) -> str:
    """The UUIDs that asyncpg reads are of its own class, which orjson doesn't know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


async def open_pool(
    url: str,
    size: int,
    *,
    read_only: bool = False,
    waiting: bool = True,
    password: Callable[[], Awaitable[str]] | None = None,
) -> Pool:
    """A pool of up to `size` connections to `url` (a libpq URL; a `host=` parameter may name a socket folder).

    Two of them are made at once and wait for work; without `waiting` none is made before it is needed.
    `password` makes one for each connection, where the address has none.
    """
    settings = {"default_transaction_read_only": "on"} if read_only else {}
    pool: Pool = await asyncpg.create_pool(
        url,
        password=password,
        min_size=min(2, size) if waiting else 0,
        max_size=size,
        connection_class=_Connection,
        init=_codecs,
        server_settings=settings,
        command_timeout=STATEMENT_SECONDS,
    )
    return pool


async def is_writable(db: Reader) -> bool:
    """Whether a database can be written to: not one that follows another, as where a region stands by."""
    setting: str = await db.fetchval("SELECT current_setting('transaction_read_only')")  # "on" in recovery too
    return setting == "off"


async def transact(pool: Pool, work: Callable[[Tx], Awaitable[T]]) -> Committed[T]:
    """Run `work` in one transaction and commit. Serialization failures and deadlocks are tried again, three times.

    `work` may run more than once, so it touches nothing but the database. Raises UNAVAILABLE when it never got through,
    and where the database follows another.
    """
    for attempt in range(ATTEMPTS):
        try:
            async with pool.acquire() as connection, connection.transaction():
                tx = Tx(connection)
                result = await work(tx)
                return Committed(result, await log.append(connection, tx.events))
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))
        except asyncpg.ReadOnlySQLTransactionError:
            message = "The database takes no writes just now, as in a failover; try again."
            raise Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=1) from None
    raise Refused(ErrorCode.UNAVAILABLE, "Too many writers at once; try again.", retryable=True, retryAfterSeconds=1)
