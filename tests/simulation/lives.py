"""Events of a simulated service's life: one seeded draw after the other, common to all simulations."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from tests.simulation.clients import Client
from tests.simulation.processes import FOR_ALL, NEWS
from tests.simulation.world import World, person

AWAY_SECONDS = 2.0


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
    def cut(self) -> None:
        """Cut a client's connection."""

    @abstractmethod
    def notify(self, positions: dict[str, int]) -> None:
        """Notify of a commit."""

    def committed(self, positions: dict[str, int]) -> None:
        """Notify of a commit, unless its process dies before that."""
        if self.rng.random() < 0.9:
            self.notify(positions)

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

    def lose_state(self) -> None:
        """Let nobody read the state."""
        self.world.state_is_away = True

    def find_state(self) -> None:
        """Let the state be read again."""
        self.world.state_is_away = False

    def fail_over(self) -> None:
        """Lose the newest events, or none."""
        self.world.fail_over(lost=self.rng.choice((0, 1, 5)))

    async def miss_the_state(self, seconds: float) -> None:
        """Take the state away while it changes and clients return. Nothing happens once it is back."""
        self.lose_state()
        self.notify(self.world.write())
        for _ in self.clients:
            self.cut()
        await asyncio.sleep(AWAY_SECONDS)
        self.find_state()
        await asyncio.sleep(seconds)
        self.look()

    async def come_and_go(self, seconds: float) -> None:
        """Add and remove somebody, each of which is the last thing that happens for some seconds."""
        somebody = person(self.PEOPLE - 1)
        for may in (True, False, True):
            self.notify(self.world.permit(somebody, may))
            await self.settle(seconds)
            self.look()

    async def settle(self, seconds: float) -> None:
        """Wait until what was committed is told."""
        await asyncio.sleep(seconds)

    def look(self) -> None:
        """Check each client's state."""
        assert self.world.violations == []
        for client in self.clients:
            is_in = client.user_id in self.world.members
            if client.feed is not FOR_ALL and not is_in:
                assert client.was_refused, "somebody without the right is told nothing, and not that"
                continue
            assert client.identity.session_id not in self.world.signed_out, "a subscription outlives its session"
            if client.feed is NEWS:
                client.check_log()
            else:
                version = self.world.face if client.feed is FOR_ALL else self.world.version
                assert client.seen[-1] == {"version": version, "sees": is_in}
