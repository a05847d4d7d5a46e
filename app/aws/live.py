"""The functions behind the sockets: clients' messages, fan-out to groups, outbound messages; see `apigateway`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from app.aws.container import Container, Event
from milequest.jobs.primary_region import PrimaryRegionGuard
from milequest.runtime import open_runtime
from milequest.settings import Settings
from milequest.telemetry.work import job
from schema.build import runner
from subscriptions.apigateway import delay_queue, fanout, messages, relay, sender, sweeper
from subscriptions.apigateway.dependencies import Dependencies, dependencies


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Dependencies]:
    async with open_runtime(settings, serves=False) as runtime:
        yield dependencies(runtime)


runner()  # the schema is built while the container starts
container, guard = Container(_opened), PrimaryRegionGuard()


def default(event: Event, context: Any) -> Any:
    """Handle one message of a client."""
    return container.run(lambda deps: messages.receive(deps, event))


def fan_out(event: Event, context: Any) -> Any:
    """Work out the messages for groups' subscribers."""
    return container.run(lambda deps: fanout.fan_out(deps, event))


def send(event: Event, context: Any) -> Any:
    """Post outbound messages to sockets. It uses no database, so it works where none is reachable."""
    return container.run(lambda deps: sender.send(deps, event))


def redeliver(event: Event, context: Any) -> Any:
    """Forward messages of the delay queue."""
    return container.run(lambda deps: delay_queue.redeliver(deps, event))


def relay_commits(event: Event, context: Any) -> Any:
    """Relay commit notifications."""
    return container.run(lambda deps: relay.on_commit_notifications(deps, event))


def sweep(event: Event, context: Any) -> Any:
    """Run the sweep of every minute: lost notifications, keep-alives, subscriptions that are no longer allowed."""
    return container.run(_sweep)


async def _sweep(deps: Dependencies) -> None:
    with job("sweep"):
        await guard.run(deps.runtime.writer, lambda: sweeper.sweep(deps, datetime.now(UTC), sweeper.Timeouts()))
    if guard.is_standby:
        await sweeper.drain(deps)
