"""The cost model's and the simulator's numbers of this gateway's calls to AWS are the measured ones."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import TypeVar
from uuid import uuid4

import pytest

from infra.analysis.cost.coefficients import CLOSED, OPENED, Asked, log_event, state_event
from subscriptions.apigateway import table_rows
from tests.documents import PROGRESS_LIVE as PROGRESS
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import Stream, dial
from tests.subscriptions.apigateway.metering import metered
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team

T = TypeVar("T")


@pytest.fixture(autouse=True)
def _no_rounds(gate: Gateway) -> Iterator[None]:
    """Turn off sweeps, as the counts are of one socket or one event alone."""
    gate.rounds = False
    gate.usual_pace()  # and none is under way
    yield
    gate.rounds = True


async def listening(gate: Gateway, team: Team, text: str, count: int, stack: AsyncExitStack) -> list[Stream]:
    """Open so many sockets with one subscription each."""
    streams = []
    for _ in range(count):
        connection = await stack.enter_async_context(dial(gate.api.url, team.ann))
        streams.append(await connection.subscribe(text, team=team.id))
        await streams[-1].next()
    return streams


async def of_a_walk(team: Team, streams: list[Stream], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return the calls for one walk, until every subscriber has received it."""
    async with metered(monkeypatch) as meter:
        await meter.quiet()  # they have begun
        await team.walk(team.ben)
        for stream in streams:
            await stream.next()
        return await meter.quiet()


async def agrees(model: T, measured: Callable[[], Awaitable[T]]) -> None:
    """Check that the measurement equals the model. An earlier test's message may add to it once, so it is retried."""
    for _ in range(3):
        found = await measured()
        if found == model:
            return
    assert found == model


async def test_a_socket_comes_and_goes_as_the_model_says(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit() -> tuple[Asked, Asked]:
        async with metered(monkeypatch) as meter, AsyncExitStack() as stack:
            await meter.quiet()  # founding the team is over
            await listening(gate, team, f"{WALKS} # {uuid4()}", 1, stack)  # a document that is new to every process
            opened = await meter.quiet()
            await stack.aclose()
            return opened, await meter.quiet()

    await agrees((OPENED, CLOSED), visit)


@pytest.mark.parametrize("count", [1, 5])
async def test_an_event_of_a_log_costs_what_the_model_says(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    async with AsyncExitStack() as stack:
        streams = await listening(gate, team, WALKS, count, stack)
        connections = gate.api.connections[-count:]
        buckets = {table_rows.bucket(connection) for connection in connections}
        groups = {bucket % table_rows.SHARDS for bucket in buckets}
        model = log_event(groups=len(groups), batches=len(buckets), listeners=count)
        await agrees(model, lambda: of_a_walk(team, streams, monkeypatch))


@pytest.mark.parametrize("count", [1, 8])  # the rows of eight are more than one unit of reading
async def test_a_state_costs_what_the_model_says(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    async with AsyncExitStack() as stack:
        streams = await listening(gate, team, PROGRESS, count, stack)
        buckets = {table_rows.bucket(connection) for connection in gate.api.connections[-count:]}
        alone = log_event(groups=0, batches=0, listeners=0)  # the notification, and the read of groups to be woken
        model = alone + state_event(batches=len(buckets), listeners=count)
        await agrees(model, lambda: of_a_walk(team, streams, monkeypatch))
