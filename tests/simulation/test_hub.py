"""Live delivery under every fault that a seed can make of a virtual minute.

Nothing is lost, nothing delivered twice, nothing after a right has ended.

`MQ_SIMULATION_SEEDS=1000` runs that many, `MQ_SIMULATION_SEED=17` that one again.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import ClassVar

import pytest

from subscriptions.hub import Hub
from subscriptions.subscribers import Subscriber
from tests.simulation.clients import Client
from tests.simulation.clock import repeatable
from tests.simulation.lives import Life
from tests.simulation.loop import simulate
from tests.simulation.processes import FEEDS, STATE, Process
from tests.simulation.world import Redis, person

SEEDS = int(os.environ.get("MQ_SIMULATION_SEEDS", "15"))
ONE = os.environ.get("MQ_SIMULATION_SEED")
STEPS = 150
QUIET_SECONDS = 90.0
CALM_SECONDS = 5.0


class Simulation(Life):
    """Processes on one database and one Redis."""

    PEOPLE = 4
    THINGS: ClassVar[Mapping[str, int]] = {
        "write": 40, "cut": 10, "kill": 3, "start": 4, "lose_redis": 2, "find_redis": 3, "lose_database": 2,
        "find_database": 6, "revoke": 3, "grant": 4, "slow_down": 3, "sign_out": 3, "fail_over": 1, "break_things": 2,
        "lose_state": 2, "find_state": 6,
    }  # fmt: skip

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.redis = Redis(self.world)
        self.processes: list[Process] = []
        self.clients: list[Client] = []
        self.writes: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        for number in range(self.PEOPLE):
            self.world.permit(person(number), True)
        self.processes += [Process(self.world, self.redis) for _ in range(2)]
        for number in range(self.PEOPLE):
            for feed in FEEDS:
                self.clients.append(Client(self.world, self.processes, person(number), feed))
        for _ in range(STEPS):
            await asyncio.sleep(self.rng.choice((0, 0, 0.01, 0.1, 0.5)) * self.rng.random())
            self.happen()
        self.heal()
        await asyncio.sleep(QUIET_SECONDS)
        self.look()
        await self.come_and_go(CALM_SECONDS)
        await self.miss_the_state(CALM_SECONDS)
        for client in self.clients:
            await client.close()
        await asyncio.sleep(1)
        for process in self.processes:
            assert (len(process.hub), dict(process.bus._channels)) == (0, {}), "something listens for nobody"

    def notify(self, positions: dict[str, int]) -> None:
        """Wake from one of the processes, if there is one."""
        if self.processes:
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

    def find_database(self) -> None:
        self.world.database_is_away = self.world.database_is_slow = False
        self.world.fault_rate = 0.0

    def sign_out(self) -> None:
        session_id = self.rng.choice(self.clients).identity.session_id
        assert session_id is not None
        self.world.signed_out.append(session_id)

    def slow_down(self) -> None:
        if (client := self.rng.choice(self.clients)).connection is not None:
            client.connection.reads_slowly = self.rng.random() < 0.7

    def break_things(self) -> None:
        self.world.database_is_slow = True
        self.world.fault_rate = 0.1

    def heal(self) -> None:
        """End all faults, but Redis's in half of the runs."""
        self.find_database()
        self.find_state()
        self.world.redis_is_away = self.rng.random() < 0.5
        if not self.processes:
            self.processes.append(Process(self.world, self.redis))
        self.world.write()  # without a wake-up

    def look(self) -> None:
        super().look()
        for process in self.processes:
            sessions = {connection.identity.session_id for connection in process.connections}
            assert sessions.isdisjoint(self.world.signed_out), "a subscription outlives its session"
            listening = {connection.subscriber for connection in process.connections}
            assert process.hub._subscribers == listening
            assert _up_to_date(process.hub) == listening, "all are up to date, and nobody else is kept"


def _up_to_date(hub: Hub) -> set[Subscriber]:
    """Return the subscribers that new events are dispatched to."""
    audiences = [channel._current for channel in hub._channels.values()]
    audiences += [topic._current for topic in hub._topics.values()]
    return {subscriber for audience in audiences for subscriber in audience}


def run(seed: int) -> Simulation:
    """Run the simulation of a seed."""
    simulation = Simulation(seed)
    try:
        with repeatable(seed):
            simulate(simulation.run())
    except Exception as error:
        error.add_note(f"again: MQ_SIMULATION_SEED={seed}; " + ", ".join(simulation.trace[-12:]))
        raise
    return simulation


async def follow_a_failover() -> None:
    """Lose a write and make another one, at the same place in the log, without a wake-up."""
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


def test_state_is_sent_after_a_restore_though_the_log_has_its_old_length() -> None:
    with repeatable(0):
        simulate(follow_a_failover())


@pytest.mark.parametrize("seed", [int(ONE)] if ONE else range(SEEDS))
def test_live_delivery_under_faults_loses_and_repeats_nothing(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    run(seed)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_seed_run_twice_is_the_same_run() -> None:
    first, second = run(3), run(3)
    assert first.trace == second.trace
    assert [client.seen for client in first.clients] == [client.seen for client in second.clients]
