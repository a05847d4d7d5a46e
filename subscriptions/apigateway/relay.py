"""Relay from logs to groups and to the event bus: after each commit, and for lost commit notifications."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import orjson

from milequest.rules.sessions import OF_USERS
from milequest.store.aws.sqs import Message
from milequest.store.sql import log
from resolvers.feeds import ANY_CHANNEL
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.group_messages import wake_up
from subscriptions.apigateway.publisher import publish
from subscriptions.apigateway.records import Event, Failures, by_group
from subscriptions.apigateway.revocation import revoke_sessions
from subscriptions.apigateway.state_groups import is_delayed

BATCH = 200  # channels at once


async def on_commit_notifications(deps: Dependencies, event: Event) -> Failures:
    """Relay commit notifications, each of which has the positions of logs after a commit: the function of the queue."""

    async def work(bodies: Sequence[str]) -> None:
        for body in bodies:
            await relay(deps, orjson.loads(body))

    return await by_group(event, work)


async def relay(deps: Dependencies, positions: Mapping[str, int]) -> None:
    """Wake the groups of these channels, as far as that has not been done. One without a log is at 0.

    A user's channel has no groups: it ends the subscriptions and connections of ended sessions.
    """
    for channel in [channel for channel in positions if channel.startswith(OF_USERS)]:
        await revoke_sessions(deps, UUID(channel.removeprefix(OF_USERS)), datetime.now(UTC))
    positions = {channel: sequence for channel, sequence in positions.items() if not channel.startswith(OF_USERS)}
    silent = [channel for channel, sequence in positions.items() if not sequence]
    logged = [channel for channel, sequence in positions.items() if sequence]
    await deps.group_queue.send(await _wake_ups(deps, dict.fromkeys(silent)))
    if logged:
        await _relay(deps, await log.ahead(deps.runtime.writer, logged))


async def relay_lost(deps: Dependencies) -> int:
    """Relay every channel whose log is ahead of what was relayed; return their number."""
    count = 0
    while (ahead := await log.any_ahead(deps.runtime.writer, BATCH)).positions:
        await _relay(deps, ahead)
        count += len(ahead.positions)
    return count


async def _relay(deps: Dependencies, ahead: log.Reached) -> None:
    """Wake, publish, record. In this order: a repeated wake-up does no harm, and sockets do not wait for the bus."""
    if not ahead.positions:
        return
    messages = await _wake_ups(
        deps, {channel: (ahead.epoch, sequence) for channel, sequence in ahead.positions.items()}
    )
    messages += [wake_up(group, ANY_CHANNEL) for group in await _groups(deps, ANY_CHANNEL)]
    await deps.group_queue.send(messages)
    if deps.bus is not None:
        await publish(deps, deps.bus, ahead)
    await log.mark_relayed(deps.runtime.writer, ahead)


async def _wake_ups(deps: Dependencies, places: Mapping[str, tuple[int, int] | None]) -> list[Message]:
    messages: list[Message] = []
    for channel, place in places.items():
        messages += [wake_up(group, channel, place) for group in await _groups(deps, channel)]
    return messages


async def _groups(deps: Dependencies, channel: str) -> list[str]:
    """Return the groups that a channel wakes, except those of states with a delayed wake-up due anyway."""
    groups = [row["sk"] async for row in deps.table.query(table_rows.interest_key(channel, "").pk)]
    return [group for group in groups if group.startswith(table_rows.OF_LOGS) or not await is_delayed(deps, group)]
