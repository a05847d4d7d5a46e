"""A step of a group that listens to a log: some begin, the others hear what is new."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from milequest.rules.enums import Delivery
from milequest.rules.instants import milliseconds
from milequest.rules.live import LogEnd, read_cursor
from milequest.store import log
from subscriptions import telling
from subscriptions.apigateway.groups import Group, attempt, sink_of
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.rows import channel_of, expiry
from subscriptions.audiences import cohorts_of
from subscriptions.listeners import Listener
from subscriptions.plans import Plan, Scope

BATCH = 200  # entries that are read and told at once


class LogStep:
    """One step. The group's `position` is the last sequence that was handed over to all who have begun."""

    def __init__(self, parts: Parts, group: Group) -> None:
        self._parts = parts
        self._group = group
        self._db = parts.runtime.writer
        self._channel = channel_of(group.name)

    async def begin(self, newcomers: Mapping[Listener, str | None]) -> None:
        """Tell some where they stand, or what they missed from a cursor on."""
        now = datetime.now(UTC)
        end = await log.end(self._db, self._channel, now)
        alike: defaultdict[tuple[Plan, Scope, str | None], list[Listener]] = defaultdict(list)
        admitted = await self._group.admitted(newcomers)
        for listener in admitted:
            alike[listener.plan, listener.scope, newcomers[listener]].append(listener)
        for (_, _, after), some in alike.items():
            await attempt(some, self._catch_up, some, after, end)
        await self._group.hand_over()
        await self._group.note_begun(admitted)
        await self._start_position(end, now)

    async def wake(self) -> None:
        """Tell all who have begun what they have not been told."""
        row = await self._parts.table.get(self._group.position)
        end = await log.end(self._db, self._channel, datetime.now(UTC))
        if row is None or (row["epoch"], row["sequence"]) == (end.epoch, end.sequence):
            return  # nobody has begun, or an earlier wake-up's step has told this already
        listeners = [listener for listener, _ in await self._group.begun()]
        begun = min((listener.sequence for listener in listeners), default=end.sequence)
        sequence = max(row["sequence"], begun)  # nobody was told of what lies between, and nobody was there
        if row["epoch"] != end.epoch or not end.floor <= sequence <= end.sequence:
            await self._reset(end, listeners)
        else:
            await self._tell(replace(end, sequence=sequence), listeners)

    async def _tell(self, end: LogEnd, listeners: list[Listener]) -> None:
        """Tell what follows the place `end`, batch by batch."""
        while True:
            entries = await log.read(self._db, end.channel, end.sequence, BATCH)
            if not entries:
                await self._group.hand_over()
                return
            listeners = await self._group.admitted(listeners)
            if entries[0].sequence != end.sequence + 1:  # it was pruned meanwhile
                await self._reset(await log.end(self._db, end.channel, datetime.now(UTC)), listeners)
                return
            self._group.posts.since = milliseconds(entries[0].occurred_at)
            await attempt(listeners, telling.tell, self._parts.runtime, end, entries, cohorts_of(listeners))
            await self._group.hand_over()
            end = replace(end, sequence=entries[-1].sequence)
            await self._move_position(end)

    async def _catch_up(self, some: Sequence[Listener], after: str | None, end: LogEnd) -> None:
        cursor = read_cursor(after) if after else None
        if cursor is None or not end.replays(cursor):
            await self._start(some, end, Delivery.SNAPSHOT if after is None else Delivery.RESET)
            return
        sequence = cursor.sequence
        while sequence < end.sequence:  # not beyond: of who was admitted since `end` no more is known
            entries = await log.read(self._db, end.channel, sequence, min(BATCH, end.sequence - sequence))
            if not entries or entries[0].sequence != sequence + 1:
                await self._start(some, end, Delivery.RESET)
                return
            for listener in some:
                listener.sequence = sequence
            await telling.tell(self._parts.runtime, end, entries, cohorts_of(some), end.sequence)
            sequence = entries[-1].sequence
        for listener in some:
            listener.sequence = end.sequence

    async def _start(self, some: Sequence[Listener], end: LogEnd, delivery: Delivery) -> None:
        for listener in some:
            sink_of(listener).begins = True
        await telling.start(self._parts.runtime, end, delivery, some)
        for listener in some:
            sink_of(listener).begins = False

    async def _reset(self, end: LogEnd, listeners: Sequence[Listener]) -> None:
        """Let all start afresh: the log is not the one they followed."""
        alike: defaultdict[tuple[Plan, Scope], list[Listener]] = defaultdict(list)
        admitted = await self._group.admitted(listeners)
        for listener in admitted:
            alike[listener.plan, listener.scope].append(listener)
        for some in alike.values():
            await attempt(some, self._start, some, end, Delivery.RESET)
        await self._group.hand_over()
        await self._group.note_begun(admitted)
        await self._move_position(end)

    async def _start_position(self, end: LogEnd, now: datetime) -> None:
        """Where the first ones begin, the group does."""
        await self._parts.table.update(
            self._group.position,
            "SET #sequence = if_not_exists(#sequence, :sequence), #epoch = if_not_exists(#epoch, :epoch), "
            "#expires = :expires",
            sequence=end.sequence,
            epoch=end.epoch,
            expires=expiry(now),
        )

    async def _move_position(self, end: LogEnd) -> None:
        item: dict[str, Any] = {"sequence": end.sequence, "epoch": end.epoch, "expires": expiry(datetime.now(UTC))}
        await self._parts.table.put(self._group.position, item)
