"""The load: events at random moments, each received by some sockets; and the outcome."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from infra.analysis.scale.queueing import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many sockets, events a minute, and sockets that receive each. `seconds` of it are simulated."""

    sockets: int
    events: float
    listeners: int
    seconds: float = 60
    seed: int = 1

    @property
    def per_second(self) -> float:
        """Events a second."""
        return self.events / 60

    @property
    def deliveries(self) -> float:
        """Deliveries a second."""
        return self.per_second * self.listeners

    def moments(self) -> list[float]:
        """Return the moments of events, with exponentially distributed times between them."""
        chance, now, found = random.Random(self.seed), 0.0, []
        while (now := now - math.log(1 - chance.random()) / self.per_second) < self.seconds:
            found.append(now)
        return found

    def places(self, events: int, among: int) -> list[dict[int, int]]:
        """Return for each event the places, of so many, that hold its subscribers, and how many in each."""
        chance, found = random.Random(self.seed + 1), []
        for _ in range(events):
            places: dict[int, int] = {}
            for _ in range(self.listeners):
                place = int(chance.random() * among)
                places[place] = places.get(place, 0) + 1
            found.append(places)
        return found


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """Delays of deliveries after their events, and each part's utilization: 1 is all it can do."""

    told: Sequence[Job]
    busy: dict[str, float]

    @property
    def deliveries(self) -> int:
        """Results that were delivered."""
        return sum(job.size for job in self.told)

    @property
    def busiest(self) -> str:
        """The part that reaches its limit first."""
        return max(self.busy, key=lambda name: self.busy[name])

    def lag(self, share: float) -> float:
        """Return the seconds within which that share of all results was delivered."""
        lags = sorted((job.ready - job.began, job.size) for job in self.told)
        left = share * self.deliveries
        for lag, size in lags:
            left -= size
            if left <= 0:
                return lag
        return lags[-1][0] if lags else 0.0

    def growth(self) -> float:
        """Return the seconds by which the lag of the last third of events exceeds that of the first.

        Under overload it grows for as long as that lasts.
        """
        events = sorted(self.told, key=lambda job: job.began)
        third = len(events) // 3
        return _mean(events[-third:]) - _mean(events[:third]) if third else 0.0


def _mean(jobs: Sequence[Job]) -> float:
    return math.fsum((job.ready - job.began) * job.size for job in jobs) / sum(job.size for job in jobs)
