"""A connection to PostgreSQL breaks or hangs at some byte: the caller gets the right answer, or UNAVAILABLE.

`MQ_FAULTS_BYTES=all` tries every byte, as `make soak` does; else it is edges of messages and some bytes between them.
"""

import asyncio
import os
import random
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from time import monotonic
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import uvloop

from milequest.rules.errors import ErrorCode, Refused
from milequest.store import deadlines
from milequest.store.away import Away
from milequest.store.deadlines import in_time
from milequest.store.sql import pool
from milequest.store.sql.transaction import Pool, Tx, open_pool, transact, unavailable_error
from tests.certificates import self_signed
from tests.faults.proxy import Fault, Kind, Way, proxying, terminating_tls

ALL = os.environ.get("MQ_FAULTS_BYTES") == "all"
SOME = 12  # bytes between the edges of messages
AT_ONCE = 12
ANSWER = 1.0
TOO_LONG = 10 * ANSWER  # on a busy machine; each step had 20 s before there was one deadline
OK, AWAY = "ok", "away"
TABLE = "CREATE TABLE run (number int PRIMARY KEY)"


@pytest.fixture
def server(
    new_database: Callable[[], AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str]]:
    """Yield a PostgreSQL's socket, and the name of a database there. It has little time to answer."""
    monkeypatch.setattr(deadlines, "ANSWER_SECONDS", ANSWER)
    monkeypatch.setattr(pool, "RELEASE_SECONDS", 0.2)
    with new_database() as url:
        parts = urlsplit(url)
        yield f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432", url


@in_time
async def write(db: Pool, number: int) -> None:
    """Run a transaction as ours are, with a read in it."""

    async def work(tx: Tx) -> None:
        await tx.execute("INSERT INTO run VALUES ($1) ON CONFLICT DO NOTHING", number)
        await tx.fetchrow("SELECT number, '{}'::jsonb FROM run WHERE number = $1", number)

    await transact(db, work)


async def outcome(db: Pool, number: int) -> str:
    """Return the caller's outcome. Anything but these two would be INTERNAL, or a hang."""
    began = monotonic()
    try:
        await write(db, number)
        return OK
    except Refused as refused:
        refusal = refused
    except Exception as error:
        away = unavailable_error(error)
        if away is None:
            raise
        refusal = away
    finally:
        assert monotonic() - began < TOO_LONG
    assert (refusal.code, refusal.details["retryable"]) == (ErrorCode.UNAVAILABLE, True)
    return AWAY


async def recovered(db: Pool, number: int) -> None:
    """Try again, without hurry: a broken connection is not used any more."""
    async with asyncio.timeout(120):
        while True:
            with suppress(Away):
                await transact(db, lambda tx: tx.execute("INSERT INTO run VALUES ($1) ON CONFLICT DO NOTHING", number))
                return


def edges(said: bytes, way: Way) -> list[int]:
    """Return where messages begin, their lengths and their bodies, and where they end."""
    found, at = set[int](), 0
    if way is Way.TO_SERVER:  # the first one has no type
        at = int.from_bytes(said[:4])
        found |= {0, 4, at - 1}
    while at < len(said):
        length = int.from_bytes(said[at + 1 : at + 5])
        found |= {at, at + 1, at + 5, at + length}
        at += 1 + length
    return sorted(place for place in found if place < len(said))


async def run(path: str, address: str, faults: Sequence[Fault]) -> Counter[str]:
    """Run a conversation with each of the faults; return how many had which outcome at first. Each retry succeeds."""
    came_to: Counter[str] = Counter()
    stored: set[int] = set()
    free = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, fault: Fault) -> None:
        async with free, proxying(path, fault) as proxy:
            db = await open_pool(address.format(port=proxy.port), 1, waiting=False)
            try:
                at_once = await outcome(db, number)
                if at_once == OK and fault.kind is not Kind.GARBLE:
                    stored.add(number)
                await recovered(db, number)
                came_to[at_once] += 1
            except Exception as error:
                error.add_note(str(fault))
                raise
            finally:
                db.terminate()

    async with asyncio.TaskGroup() as runs:
        for number, fault in enumerate(faults):
            runs.create_task(one(number, fault))
    return came_to


def chosen(said: bytes, way: Way) -> Sequence[int]:
    """Return the bytes that are tried."""
    if ALL:
        return range(len(said))
    return sorted({*edges(said, way)[::3], *random.Random(1).sample(range(len(said)), SOME)})


async def said_of(path: str, address: str) -> dict[Way, bytes]:
    """Return the bytes of a conversation without faults."""
    async with proxying(path) as proxy:
        db = await open_pool(address.format(port=proxy.port), 1, waiting=False)
        assert await outcome(db, -1) == OK
        db.terminate()
        return {way: bytes(said) for way, said in proxy.said.items()}


async def prepared(url: str) -> asyncpg.Connection:
    """Return a connection of our own, once there is a table."""
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    return connection


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.CLOSE, Kind.HALF_CLOSE, Kind.STALL])
def test_a_connection_that_breaks_at_some_byte_is_unavailable_and_loses_no_write(
    server: tuple[str, str], kind: Kind
) -> None:
    path, url = server
    address = f"postgresql://milequest@127.0.0.1:{{port}}{urlsplit(url).path}?sslmode=disable"

    async def work() -> None:
        own = await prepared(url)
        said = await said_of(path, address)
        faults = [Fault(kind, way, at) for way in Way for at in chosen(said[way], way)]
        came_to = await run(path, address, faults)
        stored = {row[0] for row in await own.fetch("SELECT number FROM run")}
        assert stored == {-1, *range(len(faults))}  # each was in the end
        assert came_to[AWAY] > len(faults) / 3
        await own.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


def test_a_byte_that_is_garbled_under_tls_is_unavailable(server: tuple[str, str], tmp_path: Path) -> None:
    path, url = server
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    address = f"postgresql://milequest@127.0.0.1:{{port}}{urlsplit(url).path}?sslmode=require"
    tls = str(tmp_path / "tls")

    async def work() -> None:
        own = await prepared(url)
        async with terminating_tls(tls, path, context):
            said = await said_of(tls, address)
            some = range(1, 200) if ALL else (1, 5, 9, 40)  # the handshake's are the first; no fault disables TLS
            faults = [
                Fault(Kind.GARBLE, way, at)
                for way in Way
                for at in {*some, *random.Random(1).sample(range(len(said[way])), SOME)}
            ]
            came_to = await run(tls, address, faults)
            assert came_to[AWAY] > len(faults) / 2
        await own.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())
