"""Events of a simulated service's life: one seeded draw after the other, common to all simulations."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from tests.simulation.clients import Client
from tests.simulation.processes import NEWS
from tests.simulation.world import World, person


class Life(ABC):
    """A world, its clients, and random steps."""

    THINGS: ClassVar[Mapping[str, int]]
    """Relative frequency of each of the methods below."""
    PEOPLE: ClassVar[int]
    clients: Sequence[Client]

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(self.rng)
        self.trace: list[str] = []

    @abstractmethod
    async def run(self) -> None:
        """Run random steps, then heal everything, wait, and check the result."""

    @abstractmethod
    def committed(self, positions: dict[str, int]) -> None:
        """Notify of a commit, unless its process dies before that."""

    def happen(self) -> None:
        """Run one random step."""
        (thing,) = self.rng.choices(list(self.THINGS), list(self.THINGS.values()))
        self.trace.append(f"{self.world.now:.4f} {thing}")
        getattr(self, thing)()

    def write(self) -> None:
        """Commit one event or several."""
        for _ in range(self.rng.choice((1, 1, 2, 12))):
            self.committed(self.world.write())

    def revoke(self) -> None:
        """Remove a member, but not the last one."""
        if len(self.world.members) > 1:
            self.committed(self.world.permit(self.rng.choice(sorted(self.world.members)), False))

    def grant(self) -> None:
        """Add a former member again."""
        everybody = [person(number) for number in range(self.PEOPLE)]
        outside = [one for one in everybody if one not in self.world.members]
        if outside:
            self.committed(self.world.permit(self.rng.choice(outside), True))

    def lose_database(self) -> None:
        """Let statements fail."""
        self.world.database_is_away = True

    def fail_over(self) -> None:
        """Lose the newest events, or none."""
        self.world.fail_over(lost=self.rng.choice((0, 1, 5)))

    def look(self) -> None:
        """Check each client's state."""
        assert self.world.violations == []
        for client in self.clients:
            if client.user_id not in self.world.members:
                assert client.was_refused, "somebody without the right is told nothing, and not that"
                continue
            assert client.identity.session_id not in self.world.signed_out, "a subscription outlives its session"
            if client.feed is NEWS:
                client.check_log()
            else:
                assert client.seen[-1] == {"version": self.world.version, "sees": True}
