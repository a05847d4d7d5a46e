"""The functions behind the sockets: what clients say, what their groups hear, what they are sent; see `apigateway`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from app.aws.container import Container, Event
from milequest.jobs.duty import Duty
from milequest.runtime import open_runtime
from milequest.settings import Settings
from schema.build import runner
from subscriptions.apigateway import later, messages, planner, poster, relay, rounds
from subscriptions.apigateway.parts import Parts, open_parts


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Parts]:
    async with open_runtime(settings, serves=False) as runtime, open_parts(runtime) as parts:
        yield parts


runner()  # the schema is built while the container starts
container, duty = Container(_opened), Duty()


def default(event: Event, context: Any) -> Any:
    """One message of a client."""
    return container.run(lambda parts: messages.receive(parts, event))


def plan(event: Event, context: Any) -> Any:
    """What groups are to hear."""
    return container.run(lambda parts: planner.plan(parts, event))


def post(event: Event, context: Any) -> Any:
    """What sockets are sent. It asks no database, so it works where none is in reach."""
    return container.run(lambda parts: poster.post(parts, event))


def forward(event: Event, context: Any) -> Any:
    """What had to wait some seconds."""
    return container.run(lambda parts: later.forward(parts, event))


def kicked(event: Event, context: Any) -> Any:
    """How far logs reach since a commit."""
    return container.run(lambda parts: relay.kicked(parts, event))


def sweep(event: Event, context: Any) -> Any:
    """Every minute: kicks that got lost, signs of life, who may listen no longer."""
    return container.run(_round)


async def _round(parts: Parts) -> None:
    await duty.done(parts.runtime.writer, lambda: rounds.round_of(parts, datetime.now(UTC), rounds.Pace()))
    if duty.is_elsewhere:
        await rounds.send_away(parts)
