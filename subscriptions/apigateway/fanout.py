"""The function of the queue `news`: one step at a time for each group."""

from collections.abc import Sequence
from typing import Any

from subscriptions.apigateway import table_rows
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.group_messages import SubscribeCommand, Wake, parse_group_message
from subscriptions.apigateway.groups import Group
from subscriptions.apigateway.log_groups import LogStep
from subscriptions.apigateway.outbound import Kind
from subscriptions.apigateway.records import Event, Failures, by_group
from subscriptions.apigateway.state_groups import StateStep
from subscriptions.subscribers import Subscriber


async def fan_out(deps: Dependencies, event: Event) -> Failures:
    """Render the results for the subscribers of the event's groups, and queue them for the sender."""

    async def work(bodies: Sequence[str]) -> None:
        await _step(deps, [parse_group_message(body) for body in bodies])

    return await by_group(event, work)


async def _step(deps: Dependencies, messages: Sequence[tuple[str, SubscribeCommand | Wake]]) -> None:
    """Start new subscribers first, so that they too are sent the events that the wake-ups announce."""
    group = Group(deps, messages[0][0])
    commands = [command for _, command in messages if isinstance(command, SubscribeCommand)]
    wakes = [command for _, command in messages if isinstance(command, Wake)]
    if commands:
        await _start(deps, group, commands)
    if wakes:
        await _wake(deps, group, wakes)


async def _start(deps: Dependencies, group: Group, commands: Sequence[SubscribeCommand]) -> None:
    pending: dict[Subscriber, str | None] = {}
    for command in commands:
        row = await _row(deps, group, command)
        if command.again:
            group.outbound.add(command.who, Kind.AGAIN)
        subscriber = await group.subscriber(row) if row else None
        if subscriber is not None:
            pending[subscriber] = command.after
    if not pending:
        await group.queue_outbound()
    elif group.name.startswith(table_rows.OF_LOGS):
        await LogStep(deps, group).begin(pending)
    else:
        await StateStep(deps, group).begin(list(pending))


async def _row(deps: Dependencies, group: Group, command: SubscribeCommand) -> dict[str, Any] | None:
    """Return the subscriber's row; None if it has ended already."""
    row = await deps.table.get(table_rows.listener_key(group.name, command.who.connection, command.who.id))
    return row if row and row["serial"] == command.who.serial else None


async def _wake(deps: Dependencies, group: Group, wakes: Sequence[Wake]) -> None:
    interests = [
        table_rows.interest_key(channel, group.name) for channel in dict.fromkeys(wake.channel for wake in wakes)
    ]
    stamps = [await deps.table.get(key) for key in interests]  # read first: a later subscriber writes a new stamp
    if await group.is_empty():
        for key, kept in zip(interests, stamps, strict=True):
            if kept is not None:
                await deps.table.delete(key, "#stamp = :stamp", stamp=kept["stamp"])
        if not group.name.startswith(table_rows.OF_LOGS):  # else a delayed wake-up would still seem to be due
            await deps.table.remove([group.position])
    elif group.name.startswith(table_rows.OF_LOGS):
        await LogStep(deps, group).wake()
    else:
        await StateStep(deps, group).wake(wakes[0].channel, is_delayed=any(wake.is_delayed for wake in wakes))
