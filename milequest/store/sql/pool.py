"""The pool of connections to PostgreSQL. Any failure between a server and us is raised as Away.

An error is either the server's, about a statement, or ours, about the arguments of a driver call; any other error of
the driver means a broken connection. A connection that broke or did not answer in time is not used again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from milequest.store.away import Away
from milequest.store.deadlines import before_due
from milequest.telemetry import metrics, spans
from milequest.telemetry.work import current

if TYPE_CHECKING:
    _Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    _Lent: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    _Pool, _Lent = asyncpg.Pool, asyncpg.pool.PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

log = logging.getLogger("milequest.database")

STATEMENT_SECONDS = 20.0  # for a statement, also where no caller waits
MOST_TEXT = 1_000  # characters of a statement in a trace
RELEASE_SECONDS = 5.0  # for a server to confirm, in the background, that a statement was cancelled
# Classes of SQLSTATE of a server that cannot serve us now, whatever the statement: because of the connection, its
# resources, an operator, its own disks.
GIVEN_UP = ("08", "53", "57", "58")


@contextmanager
def _driver_call(connection: asyncpg.Connection) -> Iterator[None]:
    """Count a statement for the current work, and raise errors of the connection as Away; other errors pass."""
    work = current.get()
    if work is not None:
        work.statements += 1
    began = perf_counter() if metrics.recorder is not None else 0.0
    try:
        yield
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "")[:2] in GIVEN_UP:
            raise _away(error) from error
        raise
    except (asyncpg.InterfaceError, TypeError, AttributeError) as error:
        if connection.is_closed():
            raise _away(error) from error
        raise  # our arguments were wrong: the connection is intact
    except Exception as error:
        raise _away(error) from error
    else:
        if metrics.recorder is not None and began:
            metrics.recorder.statement(perf_counter() - began)


def _statement_span(query: str) -> AbstractContextManager[None]:
    """Return the span of a statement, whose text has no values: those are arguments."""
    if spans.tracing is None:
        return spans.NOTHING
    verb = query.split(None, 1)[0]
    return spans.span(verb, "client", {"db.system.name": "postgresql", "db.query.text": query[:MOST_TEXT]})


def _away(error: Exception) -> Away:
    """Return the error to raise, as a server is out of reach."""
    if metrics.recorder is not None:
        metrics.recorder.failed("PostgreSQL")
    return Away(type(error).__name__)


class _PooledConnection(asyncpg.Connection):
    """A connection that sends no session SET: those pin a connection of a transaction-level proxy."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._server_caps: Any = self._server_caps._replace(jit=False)

    def get_reset_query(self) -> str:
        return ""

    async def execute(self, query: str, *args: Any, **kwargs: Any) -> Any:
        with _statement_span(query), _driver_call(self):
            return await super().execute(query, *args, **kwargs)

    async def executemany(self, command: str, args: Any, **kwargs: Any) -> Any:
        with _statement_span(command), _driver_call(self):
            return await super().executemany(command, args, **kwargs)

    async def fetch(self, query: str, *args: Any, **kwargs: Any) -> Any:
        with _statement_span(query), _driver_call(self):
            return await super().fetch(query, *args, **kwargs)

    async def fetchrow(self, query: str, *args: Any, **kwargs: Any) -> Any:
        with _statement_span(query), _driver_call(self):
            return await super().fetchrow(query, *args, **kwargs)

    async def fetchval(self, query: str, *args: Any, **kwargs: Any) -> Any:
        with _statement_span(query), _driver_call(self):
            return await super().fetchval(query, *args, **kwargs)


class Pool(_Pool):
    """Connections to a database, each lent to one user at a time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settling: set[asyncio.Task[None]] = set()

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Return a connection for an `async with` block. Raises Away, at the caller's deadline at the latest."""
        return self._lent()

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[_Lent]:
        async with before_due(), self._held() as connection:
            yield connection

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[_Lent]:
        connection = await self._connected()
        try:
            yield connection
        except asyncio.CancelledError:
            self._settle_later(connection)
            raise
        except Away:
            _terminate(connection)
            raise
        except Exception as error:
            lost = _is_lost(connection)
            await self._give_back(connection)
            if lost and isinstance(error, asyncpg.InterfaceError):  # it broke between two statements
                raise Away(type(error).__name__) from error
            raise
        else:
            await self._give_back(connection)

    async def _connected(self) -> _Lent:
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                return await super().acquire()
        except Exception as error:  # whatever fails here, it is not about a statement
            raise _away(error) from error

    async def _give_back(self, connection: _Lent) -> None:
        """Return the connection to the pool. The driver closes one that breaks here; its statements are done."""
        try:
            await self.release(connection, timeout=RELEASE_SECONDS)
        except OSError as error:
            log.warning("a connection that could not be released is closed: %s", type(error).__name__)

    def _settle_later(self, connection: _Lent) -> None:
        """Let the server cancel the statement, as the driver has requested, in the background."""
        task = asyncio.create_task(self._settle(connection))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, connection: _Lent) -> None:
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                if connection.is_in_transaction():
                    await connection.execute("ROLLBACK")
                await self.release(connection)
        except Exception as error:
            log.warning("a connection that did not answer in time is closed: %s", type(error).__name__)
        finally:
            _terminate(connection)  # unless it was released


def _is_lost(connection: _Lent) -> bool:
    """Return whether the connection has broken; then the pool may have taken it back already."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


def _terminate(connection: _Lent) -> None:
    """Close the connection at once, unless the pool has it back."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _connect(*args: Any, **kwargs: Any) -> asyncpg.Connection:
    connection: asyncpg.Connection = await asyncpg.connect(*args, **kwargs)
    try:
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            format="binary",
            encoder=lambda value: b"\x01" + orjson.dumps(value, default=_uuid_text),
            decoder=lambda data: orjson.loads(data[1:]),
        )
    except BaseException:
        connection.terminate()  # a regular close may take as long as what has just failed
        raise
    return connection


def _uuid_text(value: object) -> str:
    """Return the text of a UUID: those that asyncpg reads are of its own class, which orjson doesn't know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


async def open_pool(
    url: str,
    size: int,
    *,
    waiting: bool = True,
    password: Callable[[], Awaitable[str]] | None = None,
) -> Pool:
    """Open a pool of up to `size` connections to `url` (a libpq URL; a `host=` parameter may name a socket folder).

    Two of them are made at once and wait for work; without `waiting` none is made before it is needed. `password` makes
    one for each connection, where the address has none. No setting is sent at the start: a proxy of AWS refuses most.
    """
    pool = Pool(
        url,
        connect=_connect,
        connection_class=_PooledConnection,
        record_class=asyncpg.Record,
        min_size=min(2, size) if waiting else 0,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        password=password,
        timeout=STATEMENT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
    )
    await pool
    return pool
