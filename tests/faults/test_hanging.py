"""A server that hangs, neither answering nor refusing: every caller gets an answer all the same, and soon."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from statistics import median
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from app.http import health
from milequest.settings import Settings
from milequest.store import deadlines
from milequest.store.sql import pool
from tests.faults.proxy import Proxy, proxying
from tests.listening import dial
from tests.service import Service, serving
from tests.subscriptions.team import LOG, Team, gather

ANSWER = 1.5
SOON = 12.0  # on a busy machine: it was 40 s
WALKS = "subscription ($team: ID!) { teamActivityChanged(teamId: $team) { sequence } }"
HELLO = "{ viewer { email } }"


class Frozen:
    """A proxy on a loop of its own, which a test freezes and thaws."""

    def __init__(self, path: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._context = proxying(path)
        self.proxy: Proxy = self._run(self._context.__aenter__())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Hang the server while the block runs."""
        self._loop.call_soon_threadsafe(self.proxy.freeze)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self.proxy.thaw)

    def close(self) -> None:
        """End it."""
        self._run(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def database(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[tuple[str, Frozen]]:
    """Yield the address of a database behind a proxy, and the proxy."""
    with new_database() as url:
        parts = urlsplit(url)
        frozen = Frozen(f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432")
        yield f"postgresql://milequest@127.0.0.1:{frozen.proxy.port}{parts.path}?sslmode=disable", frozen
        frozen.close()


@pytest.fixture
def valkey(redis_url: str) -> Iterator[tuple[str, Frozen]]:
    """Yield the address of a Valkey behind a proxy, and the proxy."""
    frozen = Frozen(urlsplit(redis_url).path)
    yield f"redis://127.0.0.1:{frozen.proxy.port}/0", frozen
    frozen.close()


def a_walk(**more: str) -> dict[str, Any]:
    """Return the input of a new walk."""
    now = datetime.now(UTC).isoformat()
    return {"distanceMeters": 1, "durationSeconds": 60, "startedAt": now, "allowDuplicate": True, **more}


def refusals(service: Service, token: str, query: str, **variables: Any) -> set[tuple[str, bool]]:
    """Return the operation's refusals; check that they come soon."""
    began = monotonic()
    headers = {"authorization": f"Bearer {token}"}
    body = {"query": query, "variables": variables}
    answer = service.client.post(service.url, json=body, headers=headers, timeout=2 * SOON).json()
    assert monotonic() - began < SOON
    return {(error["extensions"]["code"], error["extensions"]["retryable"]) for error in answer["errors"]}


async def test_hanging_database_is_answered_with_a_retryable_error_in_time(
    database: tuple[str, Frozen], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, frozen = database
    monkeypatch.setattr(deadlines, "ANSWER_SECONDS", ANSWER)
    monkeypatch.setattr(pool, "RELEASE_SECONDS", 0.2)
    monkeypatch.setattr(health, "TIMEOUT", 0.5)
    again = {("UNAVAILABLE", True)}
    with serving(Settings(database_url=address, redis_url=redis_url, database_pool=3, embedded=True)) as service:
        monkeypatch.setattr(deadlines, "ANSWER_SECONDS", 60.0)
        team = await gather(service)
        async with dial(service.socket_url, team.ann) as connection:
            monkeypatch.setattr(deadlines, "ANSWER_SECONDS", ANSWER)
            given = a_walk(idempotencyKey=f"walk-{uuid4().hex}")
            with frozen.hanging():
                asked = [
                    asyncio.to_thread(refusals, service, token, text, **variables)
                    for token in (team.ann, team.ben)
                    for text, variables in ((HELLO, {}), (LOG, {"input": given}))
                ]  # more than there are connections: some wait for one
                assert await asyncio.gather(*asked) == [again] * len(asked)
                began = monotonic()
                ready = await asyncio.to_thread(service.client.get, f"{service.origin}/readyz", timeout=SOON)
                assert (ready.status_code, ready.json()["parts"]["database"]) == (503, "no answer within 0.5 s")
                stream = await connection.subscribe(WALKS, team=team.id)
                assert await asyncio.wait_for(stream.failure(), SOON) == ["UNAVAILABLE"]
                assert monotonic() - began < SOON
            monkeypatch.setattr(deadlines, "ANSWER_SECONDS", 60.0)
            await team.do(team.ann, LOG, **given)
            await team.do(team.ann, LOG, **given)
            assert len(await walks(team)) == 1


async def test_a_connection_that_cannot_be_closed_fails_no_statement_that_was_answered(
    database: tuple[str, Frozen], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address, frozen = database
    monkeypatch.setattr(pool, "RELEASE_SECONDS", 0.2)
    async with await pool.open_pool(address, 1) as db:
        (holder,) = getattr(db, "_holders")  # noqa: B009  # private to its library, which closes by this count
        holder._max_queries = 1
        with ExitStack() as stack:
            async with db.acquire() as connection:
                assert await connection.fetchval("SELECT 1") == 1
                stack.enter_context(frozen.hanging())
            assert [record.getMessage() for record in caplog.records] == [
                "a connection that could not be released is closed: TimeoutError"
            ]
        assert await db.fetchval("SELECT 1") == 1


async def walks(team: Team) -> list[Any]:
    return await team.rows("SELECT id FROM activity")


async def test_while_valkey_hangs_writes_are_as_fast_as_ever(
    new_database: Callable[[], AbstractContextManager[str]], valkey: tuple[str, Frozen]
) -> None:
    """Each waited 5.5 s for it, as long as it hung."""
    address, frozen = valkey
    with new_database() as url, serving(Settings(database_url=url, redis_url=address, embedded=True)) as service:
        team = await gather(service)

        async def times(count: int) -> list[float]:
            taken = []
            for _ in range(count):
                began = monotonic()
                await team.do(team.ann, LOG, **a_walk())
                taken.append(monotonic() - began)
            return taken

        usual = await times(7)
        with frozen.hanging():
            hanging = await times(15)
        print(f"usual {median(usual):.3f} s, hanging {median(hanging):.3f} s, worst {max(hanging):.3f} s")
        assert median(hanging) < 2 * median(usual) + 0.5
        assert len(await walks(team)) == 22
