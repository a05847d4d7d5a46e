"""A step of a log's group: start new subscribers, and send new events to the started ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from milequest.rules.enums import Delivery
from milequest.rules.grouping import group_by
from milequest.rules.instants import milliseconds
from milequest.rules.live import LogEnd, read_cursor
from milequest.store.sql import log
from subscriptions import dispatcher
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.groups import Group, sink_of
from subscriptions.apigateway.table_rows import channel_of, expiry
from subscriptions.audiences import cohorts_of
from subscriptions.subscribers import Subscriber
from subscriptions.tasks import attempt_once

BATCH = 200  # entries that are read and dispatched at once


class LogStep:
    """One step. The group's `position` is the last sequence that was handed over for all started subscribers."""

    def __init__(self, deps: Dependencies, group: Group) -> None:
        self._deps = deps
        self._group = group
        self._db = deps.runtime.writer
        self._channel = channel_of(group.name)

    async def begin(self, pending: Mapping[Subscriber, str | None]) -> None:
        """Send new subscribers a snapshot, or a replay from their cursor on."""
        now = datetime.now(UTC)
        end = await log.end(self._db, self._channel, now)
        admitted = await self._group.admitted(pending)
        alike = group_by(admitted, lambda one: (one.plan, one.scope, pending[one]))
        for (_, _, after), some in alike.items():
            await attempt_once(some, self._catch_up, some, after, end)
        await self._group.queue_outbound()
        await self._group.mark_started(admitted)
        await self._start_position(end, now)

    async def wake(self) -> None:
        """Send started subscribers the events they were not sent yet."""
        row = await self._deps.table.get(self._group.position)
        end = await log.end(self._db, self._channel, datetime.now(UTC))
        if row is None or (row["epoch"], row["sequence"]) == (end.epoch, end.sequence):
            return  # no subscriber has begun, or an earlier wake-up's step has sent this already
        subscribers = [subscriber for subscriber, _ in await self._group.started()]
        begun = min((subscriber.sequence for subscriber in subscribers), default=end.sequence)
        sequence = max(row["sequence"], begun)  # there was no subscriber for the events in between
        if row["epoch"] != end.epoch or not end.floor <= sequence <= end.sequence:
            await self._reset(end, subscribers)
        else:
            await self._dispatch(replace(end, sequence=sequence), subscribers)

    async def _dispatch(self, end: LogEnd, subscribers: list[Subscriber]) -> None:
        """Dispatch the entries after `end`, batch by batch."""
        while True:
            entries = await log.read(self._db, end.channel, end.sequence, BATCH)
            if not entries:
                await self._group.queue_outbound()
                return
            subscribers = await self._group.admitted(subscribers)
            if entries[0].sequence != end.sequence + 1:  # it was pruned meanwhile
                await self._reset(await log.end(self._db, end.channel, datetime.now(UTC)), subscribers)
                return
            self._group.outbound.since = milliseconds(entries[0].occurred_at)
            await attempt_once(
                subscribers, dispatcher.dispatch, self._deps.runtime, end, entries, cohorts_of(subscribers)
            )
            await self._group.queue_outbound()
            end = replace(end, sequence=entries[-1].sequence)
            await self._move_position(end)

    async def _catch_up(self, some: Sequence[Subscriber], after: str | None, end: LogEnd) -> None:
        cursor = read_cursor(after) if after else None
        if cursor is None or not end.replays(cursor):
            await self._start(some, end, Delivery.SNAPSHOT if after is None else Delivery.RESET)
            return
        sequence = cursor.sequence
        while sequence < end.sequence:  # not beyond `end`: access was checked for it, not for later entries
            entries = await log.read(self._db, end.channel, sequence, min(BATCH, end.sequence - sequence))
            if not entries or entries[0].sequence != sequence + 1:
                await self._start(some, end, Delivery.RESET)
                return
            for subscriber in some:
                subscriber.sequence = sequence
            await dispatcher.dispatch(self._deps.runtime, end, entries, cohorts_of(some), end.sequence)
            sequence = entries[-1].sequence
        for subscriber in some:
            subscriber.sequence = end.sequence

    async def _start(self, some: Sequence[Subscriber], end: LogEnd, delivery: Delivery) -> None:
        for subscriber in some:
            sink_of(subscriber).begins = True
        await dispatcher.send_initial(self._deps.runtime, end, delivery, some)
        for subscriber in some:
            sink_of(subscriber).begins = False

    async def _reset(self, end: LogEnd, subscribers: Sequence[Subscriber]) -> None:
        """Reset all subscribers: the log is not the one they followed."""
        admitted = await self._group.admitted(subscribers)
        for some in cohorts_of(admitted).values():
            await attempt_once(some, self._start, some, end, Delivery.RESET)
        await self._group.queue_outbound()
        await self._group.mark_started(admitted)
        await self._move_position(end)

    async def _start_position(self, end: LogEnd, now: datetime) -> None:
        """Set the group's position to that of its first subscribers, unless it has one."""
        await self._deps.table.update(
            self._group.position,
            "SET #sequence = if_not_exists(#sequence, :sequence), #epoch = if_not_exists(#epoch, :epoch), "
            "#expires = :expires",
            sequence=end.sequence,
            epoch=end.epoch,
            expires=expiry(now),
        )

    async def _move_position(self, end: LogEnd) -> None:
        item: dict[str, Any] = {"sequence": end.sequence, "epoch": end.epoch, "expires": expiry(datetime.now(UTC))}
        await self._deps.table.put(self._group.position, item)
