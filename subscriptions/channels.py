"""A channel's log and its subscribers in this process.

Subscribers that are up to date are dispatched to together. One that begins at an earlier cursor first catches up,
together with all that begin at the same cursor, and joins the others once no event is missing.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from milequest.rules.enums import Delivery
from milequest.rules.grouping import group_by
from milequest.rules.instants import milliseconds
from milequest.rules.live import LogEnd, read_cursor
from milequest.runtime import Runtime
from milequest.store.coalescer import yield_to_loop
from milequest.store.sql import log
from milequest.store.sql.log import LogEntry
from milequest.telemetry import objective_counts
from subscriptions import dispatcher
from subscriptions.audiences import Audience, cohorts_of
from subscriptions.policy import admit
from subscriptions.subscribers import Subscriber
from subscriptions.tasks import Tasks, attempt, retried

BATCH = 200  # entries that are read and dispatched at once
JOIN_WINDOW_SECONDS = 0.1  # seconds for which new subscribers are collected at most, while earlier ones catch up
RESET_CURSOR = ""  # the cursor of a subscriber that is to be reset


class LogChannel:
    """Subscribers of one channel's log."""

    def __init__(self, runtime: Runtime, channel: str) -> None:
        self._runtime = runtime
        self._channel = channel
        self._all: set[Subscriber] = set()
        self._current = Audience()  # those of them that were sent everything up to `_end`
        self._end: LogEnd | None = None
        self._pending: list[tuple[Subscriber, str | None]] = []
        self._is_beginning = False
        self._grown = asyncio.Event()
        self._tasks = Tasks()
        self._tasks.start(self._follow())

    def __len__(self) -> int:
        return len(self._all)

    def add(self, subscriber: Subscriber, after: str | None) -> None:
        """Add a subscriber, from the cursor `after` on, or from now."""
        self._all.add(subscriber)
        self._pending.append((subscriber, after))
        if not self._is_beginning:
            self._is_beginning = True
            self._tasks.start(self._start_pending())

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        self._all.discard(subscriber)
        self._current.discard(subscriber)

    def wake(self, sequence: int) -> None:
        """Note that the log reaches up to `sequence`; new entries are dispatched soon."""
        if self._end is None or sequence > self._end.sequence:
            self._grown.set()

    def reset_unless_epoch(self, epoch: int) -> None:
        """Reset the subscribers that are up to date if their log was of another epoch."""
        if self._end is not None and self._end.epoch != epoch:
            self._reset()

    def close(self) -> None:
        """Stop all work."""
        self._tasks.cancel()

    async def _start_pending(self) -> None:
        """Start the pending subscribers, until there are none left."""
        while self._pending:
            await yield_to_loop()
            pending, self._pending = dict(self._pending), []
            await attempt(pending, self._group_by_cursor, pending)
        self._is_beginning = False

    async def _group_by_cursor(self, pending: Mapping[Subscriber, str | None]) -> None:
        """Let all that begin at the same cursor catch up together; later ones are in the next group.

        So the more subscribers reconnect at once, the fewer statements the database runs for each.
        """
        end = await log.end(self._runtime.writer, self._channel, datetime.now(UTC))
        if self._end is None:
            self._end = end
            self._grown.set()  # a wake-up may have been missed before
        groups = group_by(pending, pending.__getitem__)
        catching_up = [
            self._tasks.start(attempt(group, self._catch_up, group, after, end)) for after, group in groups.items()
        ]
        await asyncio.wait(catching_up, timeout=JOIN_WINDOW_SECONDS)

    async def _catch_up(self, group: Sequence[Subscriber], after: str | None, end: LogEnd) -> None:
        """Replay what a group missed, or send it a snapshot."""
        group = await self._admitted(group)
        cursor = read_cursor(after) if after else None
        if cursor is not None and end.replays(cursor):
            await self._replay(group, cursor.sequence, end)
            return
        delivery = Delivery.SNAPSHOT if after is None else Delivery.RESET
        for alike in cohorts_of(group).values():
            await attempt(alike, dispatcher.send_initial, self._runtime, end, delivery, alike)
        await self._replay(group, end.sequence, end)

    async def _replay(self, group: Sequence[Subscriber], sequence: int, end: LogEnd) -> None:
        """Dispatch the entries after `sequence`, as REPLAY up to `end`, until the group is up to date."""
        _set_sequence(group, sequence)
        while self._is_before(end, sequence):
            entries = await retried(log.read, self._runtime.writer, self._channel, sequence, BATCH)
            if not _follows(entries, sequence):
                self._restart(group)
                return
            group = await self._admitted(group)
            await attempt(group, dispatcher.dispatch, self._runtime, end, entries, cohorts_of(group), end.sequence)
            sequence = entries[-1].sequence
            _set_sequence(group, sequence)  # may be ahead of the subscribers that are up to date
            group = self._with_room(group, sequence, end)
        if self._end is not None and self._end.epoch == end.epoch:
            for subscriber in self._all.intersection(group):
                self._current.add(subscriber)
        else:
            self._restart(group)

    def _is_before(self, end: LogEnd, sequence: int) -> bool:
        """Return whether the log has more after `sequence`: up to `end`, or to what has been dispatched by now."""
        return sequence < max(end.sequence, self._end.sequence if self._end is not None else 0)

    def _reset(self) -> None:
        self._end = None
        self._restart(self._current)

    def _restart(self, group: Iterable[Subscriber]) -> None:
        for subscriber in self._all.intersection(group):
            self._current.discard(subscriber)
            self.add(subscriber, RESET_CURSOR)

    def _with_room(self, group: Iterable[Subscriber], sequence: int, end: LogEnd) -> list[Subscriber]:
        """Return the subscribers that are not lagging.

        The replay of each lagging one continues separately, at its pace.
        """
        quick = []
        for subscriber in group:
            if subscriber.sink.is_lagging:
                self._tasks.start(attempt([subscriber], self._replay_slowly, subscriber, sequence, end))
            else:
                quick.append(subscriber)
        return quick

    async def _replay_slowly(self, subscriber: Subscriber, sequence: int, end: LogEnd) -> None:
        await subscriber.sink.drained()
        if subscriber in self._all:
            await self._replay([subscriber], sequence, end)

    async def _follow(self) -> None:
        """Dispatch new entries to the subscribers that are up to date."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self._dispatch_current()

    async def _dispatch_current(self) -> None:
        while (end := self._end) is not None:
            entries = await retried(log.read, self._runtime.writer, self._channel, end.sequence, BATCH)
            if self._end is not end:
                return  # it was reset meanwhile
            if not entries:
                await retried(self._current.review, self._runtime.writer, datetime.now(UTC))
                return
            if not _follows(entries, end.sequence):
                self._reset()
                return
            self._end = replace(end, sequence=entries[-1].sequence)  # who joins from now on has these entries already
            await attempt(self._current, self._dispatch, end, entries, self._end)
            if len(entries) < BATCH:
                return  # further entries come with a wake-up

    async def _dispatch(self, end: LogEnd, entries: Sequence[LogEntry], reached: LogEnd) -> None:
        """Dispatch to the subscribers that are up to date, unless reset since: they have a new snapshot then."""
        await self._current.review(self._runtime.writer, datetime.now(UTC))
        if self._end is reached:
            await dispatcher.dispatch(self._runtime, end, entries, self._current.cohorts)
            if self._current:
                objective_counts.news([milliseconds(datetime.now(UTC)) - milliseconds(entries[0].occurred_at)])

    async def _admitted(self, subscribers: Iterable[Subscriber]) -> list[Subscriber]:
        """Return the subscribers that the policy still admits."""
        by_rule = group_by(self._all.intersection(subscribers), lambda subscriber: subscriber.plan.feed.access_rule)
        admitted: list[Subscriber] = []
        for rule, group in by_rule.items():
            admitted += await retried(admit, self._runtime.writer, rule, group, datetime.now(UTC))
        return admitted


def _set_sequence(group: Iterable[Subscriber], sequence: int) -> None:
    for subscriber in group:
        subscriber.sequence = sequence


def _follows(entries: Sequence[LogEntry], sequence: int) -> bool:
    """Return whether no entry after `sequence` is missing: a log has no gap but the pruned part at its beginning."""
    return bool(entries) and entries[0].sequence == sequence + 1
