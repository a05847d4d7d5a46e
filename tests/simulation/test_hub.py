"""Live delivery under every fault that a seed can make of a virtual minute: nothing lost, nothing twice, nothing after
a right has ended.

`MQ_SIMULATION_SEEDS=1000` runs that many, `MQ_SIMULATION_SEED=17` that one again.
"""

import asyncio
import os
import random

import pytest

from tests.simulation.clients import Client
from tests.simulation.loop import simulate
from tests.simulation.processes import NEWS, STATE, Process
from tests.simulation.world import Redis, World, person

SEEDS = int(os.environ.get("MQ_SIMULATION_SEEDS", "15"))
ONE = os.environ.get("MQ_SIMULATION_SEED")
STEPS = 150
PEOPLE = 4
QUIET_SECONDS = 90.0


class Simulation:
    """A world, its processes, its clients, and what happens to them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(self.rng)
        self.redis = Redis(self.world)
        self.processes: list[Process] = []
        self.clients: list[Client] = []
        self.trace: list[str] = []
        self.writes: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Let things happen, then heal everything, wait, and look whether all is right."""
        for number in range(PEOPLE):
            self.world.permit(person(number), True)
        self.processes += [Process(self.world, self.redis) for _ in range(2)]
        for number in range(PEOPLE):
            for feed in (NEWS, STATE):
                self.clients.append(Client(self.world, self.processes, person(number), feed))
        for _ in range(STEPS):
            await asyncio.sleep(self.rng.choice((0, 0, 0.01, 0.1, 0.5)) * self.rng.random())
            self.happen()
        self.heal()
        await asyncio.sleep(QUIET_SECONDS)
        self.look()
        for client in self.clients:
            await client.close()
        await asyncio.sleep(1)
        for process in self.processes:
            assert (len(process.hub), dict(process.bus._channels)) == (0, {}), "something listens for nobody"

    def happen(self) -> None:
        """Let one thing happen."""
        things = {
            self.write: 40, self.cut: 10, self.kill: 3, self.start: 4, self.lose_redis: 2, self.find_redis: 3,
            self.lose_database: 2, self.find_database: 6, self.revoke: 3, self.grant: 4, self.slow_down: 3,
            self.sign_out: 3,
            self.fail_over: 1, self.break_things: 2,
        }  # fmt: skip
        thing = self.rng.choices(list(things), list(things.values()))[0]
        self.trace.append(f"{self.world.now:.4f} {thing.__name__}")
        thing()

    def write(self) -> None:
        for _ in range(self.rng.choice((1, 1, 2, 12))):
            self._committed(self.world.write())

    def _committed(self, positions: dict[str, int]) -> None:
        """Wake from one of the processes, or from one that dies before it can."""
        if self.processes and self.rng.random() < 0.9:
            task = asyncio.create_task(self.rng.choice(self.processes).commit(positions))
            self.writes.add(task)
            task.add_done_callback(self.writes.discard)

    def cut(self) -> None:
        if (client := self.rng.choice(self.clients)).connection is not None:
            client.connection.cut()

    def kill(self) -> None:
        if self.processes:
            self.processes.pop(self.rng.randrange(len(self.processes))).kill()

    def start(self) -> None:
        if len(self.processes) < 3:
            self.processes.append(Process(self.world, self.redis))

    def lose_redis(self) -> None:
        self.world.redis_is_away = True
        self.redis.drop()

    def find_redis(self) -> None:
        self.world.redis_is_away = False

    def lose_database(self) -> None:
        self.world.database_is_away = True

    def find_database(self) -> None:
        self.world.database_is_away = self.world.database_is_slow = False
        self.world.fault_rate = 0.0

    def revoke(self) -> None:
        if len(self.world.members) > 1:
            self._committed(self.world.permit(self.rng.choice(sorted(self.world.members)), False))

    def grant(self) -> None:
        outside = [person(number) for number in range(PEOPLE) if person(number) not in self.world.members]
        if outside:
            self._committed(self.world.permit(self.rng.choice(outside), True))

    def sign_out(self) -> None:
        session_id = self.rng.choice(self.clients).identity.session_id
        assert session_id is not None
        self.world.signed_out.append(session_id)

    def slow_down(self) -> None:
        if (client := self.rng.choice(self.clients)).connection is not None:
            client.connection.reads_slowly = self.rng.random() < 0.7

    def fail_over(self) -> None:
        self.world.fail_over(lost=self.rng.choice((0, 1, 5)))

    def break_things(self) -> None:
        self.world.database_is_slow = True
        self.world.fault_rate = 0.1

    def heal(self) -> None:
        """Everything works again, but Redis in half of the runs."""
        self.find_database()
        self.world.redis_is_away = self.rng.random() < 0.5
        if not self.processes:
            self.processes.append(Process(self.world, self.redis))
        self.world.write()  # which nobody is woken for

    def look(self) -> None:
        """Check what each client has."""
        assert self.world.violations == []
        for process in self.processes:
            sessions = {connection.identity.session_id for connection in process.connections}
            assert sessions.isdisjoint(self.world.signed_out), "a subscription outlives its session"
        for client in self.clients:
            if client.user_id not in self.world.members:
                assert client.was_refused, "somebody without the right is told nothing, and not that"
            elif client.feed is NEWS:
                client.check_log()
            else:
                assert client.seen[-1] == {"version": self.world.version, "sees": True}


def run(seed: int) -> Simulation:
    """Run the simulation of a seed."""
    simulation = Simulation(seed)
    try:
        simulate(simulation.run())
    except Exception as error:
        error.add_note(f"again: MQ_SIMULATION_SEED={seed}; " + ", ".join(simulation.trace[-12:]))
        raise
    return simulation


async def follow_a_failover() -> None:
    """Lose a write and make another one, at the same place in the log, that nobody is woken for."""
    simulation = Simulation(0)
    world = simulation.world
    world.permit(person(0), True)
    simulation.processes.append(Process(world, simulation.redis))
    client = Client(world, simulation.processes, person(0), STATE)
    await simulation.processes[0].commit(world.write())
    await asyncio.sleep(QUIET_SECONDS)
    assert client.seen[-1] == {"version": world.version, "sees": True}
    world.fail_over(lost=1)
    world.write()
    await asyncio.sleep(QUIET_SECONDS)
    assert client.seen[-1] == {"version": world.version, "sees": True}
    await client.close()


def test_a_state_whose_log_was_put_back_is_told_though_the_log_is_as_long_as_before() -> None:
    simulate(follow_a_failover())


@pytest.mark.parametrize("seed", [int(ONE)] if ONE else range(SEEDS))
def test_live_delivery_under_faults_loses_and_repeats_nothing(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    run(seed)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_seed_run_twice_is_the_same_run() -> None:
    first, second = run(3), run(3)
    assert first.trace == second.trace
    assert [client.seen for client in first.clients] == [client.seen for client in second.clients]
