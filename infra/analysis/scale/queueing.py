"""Queues and their workers, in simulated time: seconds as floats."""

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

AT_ONCE: Final = 10  # messages of a queue that one call of a function gets


@dataclass(frozen=True, slots=True)
class Job:
    """A task: since when it is ready, its key (those of one key run one after another), and its payload.

    `began` is when its event happened, `size` how many receive it.
    """

    ready: float
    key: int
    began: float
    size: int = 1


Seconds: TypeAlias = Callable[[Sequence[Job]], float]
"""Return the seconds one worker needs for some jobs of one key, which it does one after another."""


@dataclass(slots=True)
class Station:
    """So many workers. Each takes up to `most` jobs, of several keys at once, and no other has those keys meanwhile."""

    name: str
    workers: int
    seconds: Seconds
    most: int = AT_ONCE
    _queues: dict[int, deque[Job]] = field(default_factory=lambda: defaultdict(deque))
    _order: deque[int] = field(default_factory=deque)  # of keys that wait, without a worker
    _busy: set[int] = field(default_factory=set)

    def run(self, jobs: Iterable[Job]) -> list[Job]:
        """Do all jobs; return each with its time of completion."""
        arriving = deque(sorted(jobs, key=lambda job: job.ready))
        working: list[tuple[float, int, list[list[Job]]]] = []
        done: list[Job] = []
        number = 0
        while arriving or working:
            if working and (not arriving or working[0][0] <= arriving[0].ready):
                now, _, batch = heapq.heappop(working)
                self._finish(batch, now, done)
            else:
                now = arriving[0].ready
                self._arrive(arriving.popleft())
            while self._order and len(working) < self.workers:
                batch = self._take()
                spent = max(self.seconds(some) for some in batch)
                number += 1
                heapq.heappush(working, (now + spent, number, batch))
        return done

    def _arrive(self, job: Job) -> None:
        queue = self._queues[job.key]
        queue.append(job)
        if len(queue) == 1 and job.key not in self._busy:
            self._order.append(job.key)

    def _take(self) -> list[list[Job]]:
        """Return up to `most` jobs, by key."""
        batch: list[list[Job]] = []
        left = self.most
        while left and self._order:
            key = self._order.popleft()
            queue = self._queues[key]
            batch.append([queue.popleft() for _ in range(min(left, len(queue)))])
            left -= len(batch[-1])
            self._busy.add(key)
        return batch

    def _finish(self, batch: list[list[Job]], now: float, done: list[Job]) -> None:
        for some in batch:
            key = some[0].key
            self._busy.discard(key)
            if self._queues[key]:
                self._order.append(key)
            else:
                del self._queues[key]
            done += [Job(now, key, job.began, job.size) for job in some]


def limited(jobs: Iterable[Job], per_second: float, burst: float = 1, *, by_size: bool = False) -> list[Job]:
    """Let so many pass a second, in their order; those over a burst wait. `by_size` counts receivers, not jobs."""
    free, passed = float("-inf"), []
    for job in sorted(jobs, key=lambda job: job.ready):
        cost = (job.size if by_size else 1) / per_second
        free = max(free, job.ready - burst / per_second) + cost
        passed.append(Job(max(job.ready, free), job.key, job.began, job.size))
    return passed


def later(jobs: Iterable[Job], seconds: float) -> list[Job]:
    """Return all of them delayed by so much."""
    return [Job(job.ready + seconds, job.key, job.began, job.size) for job in jobs]
