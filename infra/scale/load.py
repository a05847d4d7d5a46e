"""What happens: events at random moments, each heard by some sockets; and what became of it."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from infra.scale.queueing import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many sockets, events a minute, and sockets that hear of each. `seconds` of it are simulated."""

    sockets: int
    events: float
    listeners: int
    seconds: float = 60
    seed: int = 1

    @property
    def per_second(self) -> float:
        """Events."""
        return self.events / 60

    @property
    def deliveries(self) -> float:
        """A second."""
        return self.per_second * self.listeners

    def moments(self) -> list[float]:
        """When something happens: the times between are those of chance."""
        chance, now, found = random.Random(self.seed), 0.0, []
        while (now := now - math.log(1 - chance.random()) / self.per_second) < self.seconds:
            found.append(now)
        return found

    def places(self, events: int, among: int) -> list[dict[int, int]]:
        """For each event in which of so many places its listeners are, and how many in each."""
        chance, found = random.Random(self.seed + 1), []
        for _ in range(events):
            places: dict[int, int] = {}
            for _ in range(self.listeners):
                place = int(chance.random() * among)
                places[place] = places.get(place, 0) + 1
            found.append(places)
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who heard how long after the event, and how busy each part was: 1 is all it can do."""

    told: Sequence[Job]
    busy: dict[str, float]

    @property
    def deliveries(self) -> int:
        """Results that were told."""
        return sum(job.size for job in self.told)

    @property
    def busiest(self) -> str:
        """The part that breaks first."""
        return max(self.busy, key=lambda name: self.busy[name])

    def lag(self, share: float) -> float:
        """Seconds within which that share of all results was told."""
        lags = sorted((job.ready - job.began, job.size) for job in self.told)
        left = share * self.deliveries
        for lag, size in lags:
            left -= size
            if left <= 0:
                return lag
        return lags[-1][0] if lags else 0.0

    def growth(self) -> float:
        """Seconds by which the lag of the last third of events is longer than that of the first: with more than the
        parts can do it grows for as long as that lasts."""
        events = sorted(self.told, key=lambda job: job.began)
        third = len(events) // 3
        return _mean(events[-third:]) - _mean(events[:third]) if third else 0.0


def _mean(jobs: Sequence[Job]) -> float:
    return math.fsum((job.ready - job.began) * job.size for job in jobs) / sum(job.size for job in jobs)
