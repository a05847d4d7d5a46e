"""The function behind the queue of news: one step at a time for each group."""

from collections.abc import Sequence
from typing import Any

from subscriptions.apigateway import rows
from subscriptions.apigateway.groups import Group
from subscriptions.apigateway.logs import LogStep
from subscriptions.apigateway.news import Beginning, WakeUp, read_news
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.posts import Kind
from subscriptions.apigateway.records import Event, Failures, by_group
from subscriptions.apigateway.states import StateStep
from subscriptions.listeners import Listener


async def plan(parts: Parts, event: Event) -> Failures:
    """Work out what the groups' listeners are to be sent."""

    async def work(bodies: Sequence[str]) -> None:
        await _step(parts, [read_news(body) for body in bodies])

    return await by_group(event, work)


async def _step(parts: Parts, messages: Sequence[tuple[str, Beginning | WakeUp]]) -> None:
    """Those who begin first: what the wake-ups among the messages are about they are told as well."""
    group = Group(parts, messages[0][0])
    beginnings = [said for _, said in messages if isinstance(said, Beginning)]
    channels = {said.channel: None for _, said in messages if isinstance(said, WakeUp)}
    if beginnings:
        await _begin(parts, group, beginnings)
    if channels:
        await _wake(parts, group, list(channels))


async def _begin(parts: Parts, group: Group, beginnings: Sequence[Beginning]) -> None:
    newcomers: dict[Listener, str | None] = {}
    for said in beginnings:
        row = await _row(parts, group, said)
        if said.again:
            group.posts.add(said.who, Kind.AGAIN)
        listener = await group.listener(row) if row else None
        if listener is not None:
            newcomers[listener] = said.after
    if not newcomers:
        await group.hand_over()
    elif group.name.startswith(rows.OF_LOGS):
        await LogStep(parts, group).begin(newcomers)
    else:
        await StateStep(parts, group).begin(list(newcomers))


async def _row(parts: Parts, group: Group, said: Beginning) -> dict[str, Any] | None:
    """Who begins; None if that is over already."""
    row = await parts.table.get(rows.listener_key(group.name, said.who.connection, said.who.id))
    return row if row and row["serial"] == said.who.serial else None


async def _wake(parts: Parts, group: Group, channels: Sequence[str]) -> None:
    interests = [(rows.interest_key(channel, group.name), channel) for channel in channels]
    stamps = [await parts.table.get(key) for key, _ in interests]  # before the look: who comes after it has another
    if await group.is_empty():
        for (key, _), kept in zip(interests, stamps, strict=True):
            if kept is not None:
                await parts.table.delete(key, "#stamp = :stamp", stamp=kept["stamp"])
        if not group.name.startswith(rows.OF_LOGS):  # else a look that was put off would seem about to come
            await parts.table.remove([group.position])
    elif group.name.startswith(rows.OF_LOGS):
        await LogStep(parts, group).wake()
    else:
        await StateStep(parts, group).wake(channels[0])
