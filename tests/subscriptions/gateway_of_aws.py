"""The whole gateway on API Gateway for tests: its functions behind doubles of their callers, the rest a local AWS."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from milequest.runtime import Runtime
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.sqs import Queue
from subscriptions.apigateway.delay_queue import redeliver
from subscriptions.apigateway.dependencies import Dependencies, dependencies
from subscriptions.apigateway.fanout import fan_out
from subscriptions.apigateway.lifecycle import ConnectDependencies, connect, disconnect
from subscriptions.apigateway.messages import receive
from subscriptions.apigateway.relay import on_commit_notifications
from subscriptions.apigateway.sender import send
from subscriptions.apigateway.sweeper import Timeouts, sweep
from tests.fakes.apigateway import ApiGateway
from tests.fakes.lambdas import consume, make_queue, make_table

T = TypeVar("T")

ROUND_SECONDS = 0.5  # a minute at AWS
CONSUMERS = 3  # of each queue


@dataclass
class Gateway:
    """Parts that a test may inspect, and disturb."""

    api: ApiGateway
    deps: Dependencies
    aws: Aws
    timeouts: Timeouts
    loop: asyncio.AbstractEventLoop
    rounds: bool = True
    most: int = 10_000  # connections of one network
    under_way: asyncio.Lock = field(default_factory=asyncio.Lock)  # a sweep

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the gateway's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    def usual_pace(self) -> None:
        """Have sweeps as at AWS from now on; one under way has ended on return."""
        self.timeouts = Timeouts()
        asyncio.run_coroutine_threadsafe(self.between_rounds(), self.loop).result(60)

    async def between_rounds(self) -> None:
        """Wait until no sweep is under way."""
        async with self.under_way:
            pass

    async def rows(self) -> list[dict[str, Any]]:
        """Return all rows of the table, for tests alone."""
        return await self.run(self._rows())

    async def _rows(self) -> list[dict[str, Any]]:
        given = {"TableName": self.deps.runtime.settings.live_table}
        signer, origin = self.aws.signer("dynamodb"), self.aws.origin("dynamodb")
        answer = await self.aws.call(signer, origin, "DynamoDB_20120810.Scan", "1.0", given)
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in answer["Items"]]

    async def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the rows of some kinds."""
        return [row for row in await self.rows() if row["pk"].startswith(kinds)]

    async def until(self, reached: Callable[[list[dict[str, Any]]], bool], *kinds: str) -> None:
        """Wait until the rows of some kinds are as they are to be."""
        async with asyncio.timeout(10):
            while not reached(await self.of_kind(*kinds)):  # noqa: ASYNC110  # they are rows
                await asyncio.sleep(0.1)

    async def nothing_left(self) -> None:
        """Wait until no connection has left any rows, but those that mark cancelled operations."""
        kinds = ("CONNECTIONS", "OPERATIONS", "LISTENERS", "BEHIND")
        await self.until(lambda rows: all("stopped" in row for row in rows), *kinds)


@asynccontextmanager
async def gateway_of_aws(runtime: Runtime, endpoint: str) -> AsyncIterator[Gateway]:
    """Serve, with a table and queues of its own. The runtime's commits notify its relay."""
    async with AsyncExitStack() as stack:
        mark = uuid4().hex[:8]
        local = replace(
            runtime.settings,
            aws_endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            live_table=f"live-{mark}",
        )
        aws = await stack.enter_async_context(open_aws(local))
        await make_table(aws, local.live_table)
        names = ("news.fifo", "posts.fifo", "later", "kicks")
        urls = [await make_queue(aws, f"{mark}-{name}") for name in names]
        gate = Gateway(None, None, aws, Timeouts(), asyncio.get_running_loop())  # type: ignore[arg-type]  # see below
        gate.api = ApiGateway(
            lambda event: connect(_doors(gate), event),
            lambda event: disconnect(_doors(gate), event),
            lambda event: receive(gate.deps, event),
        )
        await stack.enter_async_context(gate.api.serving())
        local = replace(
            local,
            live_sockets_url=gate.api.sockets_url,
            live_news_queue=urls[0],
            live_posts_queue=urls[1],
            live_later_queue=urls[2],
        )
        gate.deps = dependencies(replace(runtime, settings=local, aws=aws))
        functions = zip(urls, (fan_out, send, redeliver, on_commit_notifications), strict=True)
        work = [consume(aws, url, partial(one, gate.deps)) for url, one in functions for _ in range(CONSUMERS)]
        tasks = [asyncio.create_task(one) for one in (*work, _rounds(gate))]
        runtime.bus.commit_queue = Queue(aws, urls[3])
        try:
            yield gate
        finally:
            runtime.bus.commit_queue = None
            with suppress(asyncio.CancelledError):
                await _ended(tasks)


async def _ended(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: an error while a connection is closed may take a cancellation's place."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=2)


def _doors(gate: Gateway) -> ConnectDependencies:
    settings = gate.deps.runtime.settings
    return ConnectDependencies(
        gate.deps.connections, gate.deps.identify, {settings.origin, *settings.allowed_origins}, gate.most
    )


async def _rounds(gate: Gateway) -> None:
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        if gate.rounds:
            async with gate.under_way:
                await sweep(gate.deps, datetime.now(UTC), gate.timeouts)
