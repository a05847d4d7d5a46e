"""The minutely sweep of all connections: keep-alives, time-outs, ended access and lost messages."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from milequest.rules.instants import from_seconds, seconds
from milequest.store.aws.dynamodb import Key
from milequest.store.aws.metric_lines import Metric, measured
from milequest.store.aws.socket_api import Outcome
from milequest.store.sql import log
from resolvers.feeds import ANY_CHANNEL
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.connection_store import PROTOCOLS
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.group_messages import subscribe_command, wake_up
from subscriptions.apigateway.relay import relay_lost
from subscriptions.apigateway.revocation import Row, revoke_connections
from subscriptions.apigateway.state_groups import DUE
from subscriptions.apigateway.subscription_metrics import publish_counts
from subscriptions.apigateway.table_rows import OperationKey
from subscriptions.apigateway.transport import close, close_notice, keepalive, send_with_retry
from subscriptions.protocols.protocol_steps import Close, Phase
from subscriptions.protocols.transport_ws import CloseCode
from subscriptions.quotas import INIT_SECONDS

AT_ONCE = 32  # sockets of a bucket that are checked concurrently
EPOCH = Key("EPOCH", "EPOCH")
INIT_TIMEOUT = Close(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")
END_OF_LIFE = Close(1001, "API Gateway closes it after two hours: connect again and resume")
ELSEWHERE = Close(1001, "Another region delivers the events: connect again and resume")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of a socket's idle time and age: API Gateway's 10 minutes and 2 hours, less the delay of a sweep. One not
    initialised within `init` is closed."""

    init: timedelta = timedelta(seconds=INIT_SECONDS)
    idle: timedelta = timedelta(minutes=8)
    lifetime: timedelta = timedelta(seconds=table_rows.LIFE) - timedelta(minutes=5)
    lagging: timedelta = timedelta(minutes=1)  # then the message for a restart is considered lost


async def sweep(deps: Dependencies, now: datetime, timeouts: Timeouts) -> None:
    """Sweep once. A concurrent sweep repeats work, which does no harm."""
    oldest = await log.oldest_unrelayed(deps.runtime.writer)
    age = (now - oldest).total_seconds() if oldest else 0
    measured(deps.runtime.settings.metrics_namespace, Metric.OLDEST_UNPUBLISHED, [age])
    await publish_counts(deps, now)
    try:
        await relay_lost(deps)
    finally:  # a failure of the bus must not end sockets
        await _check_all(deps, now, timeouts)


async def drain(deps: Dependencies) -> None:
    """End all connections of a standby region: it delivers no events, and reconnecting clients are routed elsewhere."""
    for number in range(table_rows.BUCKETS):
        connections = [row async for row in deps.connections.of_bucket(number)]
        for start in range(0, len(connections), AT_ONCE):
            some = connections[start : start + AT_ONCE]
            await asyncio.gather(*(close(deps, row["sk"], PROTOCOLS[row["kind"]], ELSEWHERE) for row in some))


async def _check_all(deps: Dependencies, now: datetime, timeouts: Timeouts) -> None:
    await _wake_due(deps, now)
    epoch_changed = await _epoch_changed(deps, now)
    groups: set[str] = set()
    for number in range(table_rows.BUCKETS):
        connections = [row async for row in deps.connections.of_bucket(number)]
        await revoke_connections(deps, connections, now)
        for start in range(0, len(connections), AT_ONCE):
            some = connections[start : start + AT_ONCE]
            await asyncio.gather(*(_check_connection(deps, row, now, timeouts) for row in some))
        if epoch_changed:
            for row in connections:
                groups |= {group for _, group in await deps.connections.operations(row["sk"])}
        await _resume_lagging(deps, number, now, timeouts)
    await deps.group_queue.send([wake_up(group, ANY_CHANNEL) for group in sorted(groups)])


async def _check_connection(deps: Dependencies, row: Row, now: datetime, timeouts: Timeouts) -> None:
    protocol, age = PROTOCOLS[row["kind"]], now - from_seconds(row["opened"])
    if "doomed" in row:
        if "overdue" not in row:  # the notice of the close may still be on its way: the next sweep closes it
            await deps.connections.record_time(row["sk"], "overdue", now)
        elif await deps.sockets.close(row["sk"]) is Outcome.GONE:
            await deps.connections.close(row["sk"])
    elif row["phase"] != Phase.READY and age >= timeouts.init:
        await close(deps, row["sk"], protocol, INIT_TIMEOUT)
    elif age >= timeouts.lifetime and "warned" not in row:
        await _send(deps, row, "warned", close_notice(protocol, END_OF_LIFE), now)
    elif now - from_seconds(row["alive"]) >= timeouts.idle:
        await _send(deps, row, "alive", keepalive(protocol), now)


async def _send(deps: Dependencies, row: Row, what: str, text: str, now: datetime) -> None:
    if await send_with_retry(deps.sockets, row["sk"], text) is Outcome.GONE:
        await deps.connections.close(row["sk"])
    else:
        await deps.connections.record_time(row["sk"], what, now)


async def _wake_due(deps: Dependencies, now: datetime) -> None:
    """Wake the groups of states whose time of change, midnight for instance, has passed, and of all teams' state."""
    due = [row["sk"] async for row in deps.table.query(DUE, "#sk < :now", now=f"{seconds(now):012d}")]
    groups = {sk.partition("#")[2] for sk in due}
    groups |= {row["sk"] async for row in deps.table.query(table_rows.interest_key(ANY_CHANNEL, "").pk)}
    await deps.group_queue.send([wake_up(group, ANY_CHANNEL) for group in sorted(groups)])
    await deps.table.remove([Key(DUE, sk) for sk in due])


async def _epoch_changed(deps: Dependencies, now: datetime) -> bool:
    """Return whether the epoch has changed since the last sweep."""
    epoch, kept = await log.epoch(deps.runtime.writer), await deps.table.get(EPOCH)
    await deps.table.put(EPOCH, {"epoch": epoch, "expires": table_rows.expiry(now)})
    return kept is not None and kept["epoch"] != epoch


async def _resume_lagging(deps: Dependencies, number: int, now: datetime, timeouts: Timeouts) -> None:
    """Restart lagging subscriptions whose delayed message was lost."""
    async for row in deps.table.query(table_rows.lagging_bucket(number)):
        if now - from_seconds(row["since"]) > timeouts.lagging:
            await deps.group_queue.send(
                [subscribe_command(row["group"], OperationKey.of(row), row["after"], again=True)]
            )
