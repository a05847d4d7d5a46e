"""A channel's log and everybody in this process who follows it.

Those who are up to date are told together. Who begins anywhere else catches up first, together with all who begin at
the same place, and joins them in the very step in which nothing is missing any more.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from milequest.rules.enums import Delivery
from milequest.rules.live import LogEnd, read_cursor
from milequest.runtime import Runtime
from milequest.store import log
from milequest.store.log import Entry
from milequest.store.together import more_to_come
from resolvers.feeds import Gate
from subscriptions import telling
from subscriptions.audiences import Audience, cohorts_of
from subscriptions.listeners import Listener
from subscriptions.policy import admit
from subscriptions.tasks import Tasks, attempt, retried

BATCH = 200  # entries that are read and told at once
TOGETHER = 0.1  # seconds in which newcomers gather at most, while those before them catch up
NOWHERE = ""  # the cursor of who has to start afresh


class LogChannel:
    """The listeners of one channel's log."""

    def __init__(self, runtime: Runtime, channel: str) -> None:
        self._runtime = runtime
        self._channel = channel
        self._all: set[Listener] = set()
        self._current = Audience()  # those of them who were told everything up to `_end`
        self._end: LogEnd | None = None
        self._newcomers: list[tuple[Listener, str | None]] = []
        self._is_beginning = False
        self._grown = asyncio.Event()
        self._tasks = Tasks()
        self._tasks.start(self._follow())

    def __len__(self) -> int:
        return len(self._all)

    def add(self, listener: Listener, after: str | None) -> None:
        """Begin to follow from the cursor `after` on, or from now."""
        self._all.add(listener)
        self._newcomers.append((listener, after))
        if not self._is_beginning:
            self._is_beginning = True
            self._tasks.start(self._begin())

    def remove(self, listener: Listener) -> None:
        """Follow no more."""
        self._all.discard(listener)
        self._current.discard(listener)

    def wake(self, sequence: int) -> None:
        """The log reaches up to there."""
        if self._end is None or sequence > self._end.sequence:
            self._grown.set()

    def stay_in(self, epoch: int) -> None:
        """Let everybody who is up to date start afresh if the log they followed was of another epoch."""
        if self._end is not None and self._end.epoch != epoch:
            self._reset()

    def close(self) -> None:
        """Stop all work."""
        self._tasks.cancel()

    async def _begin(self) -> None:
        """Let those begin who came since the last time, until nobody has come."""
        while self._newcomers:
            await more_to_come()
            newcomers, self._newcomers = dict(self._newcomers), []
            await attempt(newcomers, self._sort, newcomers)
        self._is_beginning = False

    async def _sort(self, newcomers: Mapping[Listener, str | None]) -> None:
        """Let all who begin at the same place catch up together; who comes while they do is of the next ones.

        So the more come back at once, the fewer questions the database is asked for each.
        """
        end = await log.end(self._runtime.writer, self._channel, datetime.now(UTC))
        if self._end is None:
            self._end = end
            self._grown.set()  # a wake-up may have come before
        groups: defaultdict[str | None, list[Listener]] = defaultdict(list)
        for listener, after in newcomers.items():
            groups[after].append(listener)
        catching_up = [
            self._tasks.start(attempt(group, self._catch_up, group, after, end)) for after, group in groups.items()
        ]
        await asyncio.wait(catching_up, timeout=TOGETHER)

    async def _catch_up(self, group: Sequence[Listener], after: str | None, end: LogEnd) -> None:
        """Tell some what they missed, or where they are."""
        group = await self._admitted(group)
        cursor = read_cursor(after) if after else None
        if cursor is not None and end.replays(cursor):
            await self._replay(group, cursor.sequence, end)
            return
        delivery = Delivery.SNAPSHOT if after is None else Delivery.RESET
        for alike in cohorts_of(group).values():
            await attempt(alike, telling.start, self._runtime, end, delivery, alike)
        await self._replay(group, end.sequence, end)

    async def _replay(self, group: Sequence[Listener], sequence: int, end: LogEnd) -> None:
        """Tell what follows `sequence`, as missed up to `end`, until the group is up to date."""
        _place(group, sequence)
        while self._is_before(end, sequence):
            entries = await retried(log.read, self._runtime.writer, self._channel, sequence, BATCH)
            if not _follows(entries, sequence):
                self._start_afresh(group)
                return
            group = await self._admitted(group)
            await attempt(group, telling.tell, self._runtime, end, entries, cohorts_of(group), end.sequence)
            sequence = entries[-1].sequence
            _place(group, sequence)  # which may be further than those who are up to date have heard of
            group = self._with_room(group, sequence, end)
        if self._end is not None and self._end.epoch == end.epoch:
            for listener in self._all.intersection(group):
                self._current.add(listener)
        else:
            self._start_afresh(group)

    def _is_before(self, end: LogEnd, sequence: int) -> bool:
        """Whether more is to be read than `sequence`: of what was there at the beginning, or is told by now."""
        return sequence < max(end.sequence, self._end.sequence if self._end is not None else 0)

    def _reset(self) -> None:
        self._end = None
        self._start_afresh(self._current)

    def _start_afresh(self, group: Iterable[Listener]) -> None:
        for listener in self._all.intersection(group):
            self._current.discard(listener)
            self.add(listener, NOWHERE)

    def _with_room(self, group: Iterable[Listener], sequence: int, end: LogEnd) -> list[Listener]:
        """Those whose connections take more; each of the others goes on alone, as fast as it can."""
        quick = []
        for listener in group:
            if listener.sink.is_behind:
                self._tasks.start(attempt([listener], self._replay_slowly, listener, sequence, end))
            else:
                quick.append(listener)
        return quick

    async def _replay_slowly(self, listener: Listener, sequence: int, end: LogEnd) -> None:
        await listener.sink.room()
        if listener in self._all:
            await self._replay([listener], sequence, end)

    async def _follow(self) -> None:
        """Tell those who are up to date whatever comes."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self._tell_current()

    async def _tell_current(self) -> None:
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
            self._end = replace(end, sequence=entries[-1].sequence)  # who joins from now on has read these
            await attempt(self._current, self._tell, end, entries, self._end)
            if len(entries) < BATCH:
                return  # a wake-up tells of more

    async def _tell(self, end: LogEnd, entries: Sequence[Entry], reached: LogEnd) -> None:
        """Tell those who are up to date, unless it was reset since: whoever is up to date then has begun afresh."""
        await self._current.review(self._runtime.writer, datetime.now(UTC))
        if self._end is reached:
            await telling.tell(self._runtime, end, entries, self._current.cohorts)

    async def _admitted(self, listeners: Iterable[Listener]) -> list[Listener]:
        """Those who may go on, as the policy says now."""
        by_gate: defaultdict[Gate, list[Listener]] = defaultdict(list)
        for listener in self._all.intersection(listeners):
            by_gate[listener.plan.feed.gate].append(listener)
        admitted: list[Listener] = []
        for gate, group in by_gate.items():
            admitted += await retried(admit, self._runtime.writer, gate, group, datetime.now(UTC))
        return admitted


def _place(group: Iterable[Listener], sequence: int) -> None:
    for listener in group:
        listener.sequence = sequence


def _follows(entries: Sequence[Entry], sequence: int) -> bool:
    """Whether nothing is missing after `sequence`: a log has no holes but the one at its beginning."""
    return bool(entries) and entries[0].sequence == sequence + 1
