"""The gateway on API Gateway under every fault that a seed can make of some virtual minutes.

Functions die at any call, messages arrive twice or late, sockets accept nothing, the answers of calls are lost. Nothing
is lost, nothing delivered twice after the helper, nothing after a right has ended; subscribers are current, or got the
reason why not.

`MQ_SIMULATION_SEEDS=1000` runs that many, `MQ_SIMULATION_SEED=17` that one again.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Mapping
from typing import ClassVar
from uuid import uuid4

import pytest

from tests.simulation.clock import repeatable
from tests.simulation.functions import ROUND_SECONDS, Gateway, SocketClient
from tests.simulation.lambdas import Weather
from tests.simulation.lives import AWAY_SECONDS, Life
from tests.simulation.loop import simulate
from tests.simulation.processes import FEEDS
from tests.simulation.world import person

SEEDS = int(os.environ.get("MQ_SIMULATION_SEEDS", "10"))
ONE = os.environ.get("MQ_SIMULATION_SEED")
STEPS = 100
CALM_SECONDS = 8.0  # without a fault, less than the sweep or a lost delay would need to help
DYING_SECONDS = 0.5
REPEATED_SECONDS = 30.0  # in which messages of functions that died are delivered again
QUIET_SECONDS = 150.0  # of sweeps, of which the second finds work that was under way at the first


@pytest.fixture(autouse=True)
def _silence(caplog: pytest.LogCaptureFixture) -> None:
    """Keep intended failures out of the log."""
    for name in ("milequest.live", "milequest.socket"):
        caplog.set_level(logging.CRITICAL, logger=name)


class Simulation(Life):
    """A deployment with functions."""

    PEOPLE = 3
    THINGS: ClassVar[Mapping[str, int]] = {
        "write": 40, "cut": 8, "hold": 6, "release": 6, "break_calls": 3, "kill": 5, "mend": 6, "lose_database": 2,
        "slow_database": 1, "find_database": 6, "revoke": 3, "grant": 4, "sign_out": 3, "fail_over": 1,
        "lose_state": 2, "find_state": 6,
    }  # fmt: skip

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.weather = Weather()
        self.deaths = 0.0  # rate of calls after a change at the end
        self.clients: list[SocketClient] = []
        self.gateway: Gateway

    async def run(self) -> None:
        self.gateway = Gateway(self.world, self.weather)
        for number in range(self.PEOPLE):
            self.world.permit(person(number), True)
        for number in range(self.PEOPLE):
            for feed in FEEDS:
                self.clients.append(SocketClient(self.world, self.gateway, person(number), feed))
        rounds = asyncio.create_task(self._rounds())
        for _ in range(STEPS):
            await asyncio.sleep(self.rng.choice((0, 0, 0.01, 0.1, 1.0)) * self.rng.random())
            self.happen()
        self.heal()
        await self.burst()
        await asyncio.sleep(QUIET_SECONDS)
        self.look()
        self.gateway.is_calm = True
        for _ in range(5):
            await self.burst()
            await asyncio.sleep(CALM_SECONDS)
            self.look()
        await self.come_and_go(CALM_SECONDS)
        await self.miss_the_state(CALM_SECONDS)
        await self.take_nothing()
        self.gateway.is_calm, self.deaths = False, 0.1
        await self.come_and_go(REPEATED_SECONDS)
        self.rng.choice((self.write_in_silence, self.restore, self.sign_out_in_silence))()
        await asyncio.sleep(QUIET_SECONDS)
        self.look()
        self.gateway.is_calm = True
        await self.burst()
        await asyncio.sleep(CALM_SECONDS)
        self.look()
        rounds.cancel()
        for client in self.clients:
            await client.close()

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            await self.gateway.round()

    async def burst(self) -> None:
        """Write several times within the second that passes between two looks at a state."""
        for _ in range(3):
            self.gateway.kick(self.world.write())
            await asyncio.sleep(self.rng.random())

    async def take_nothing(self) -> None:
        """Have no socket take anything while there are news, and somebody is removed."""
        for client in self.clients:
            if client.socket is not None:
                client.socket.takes_nothing = True
        await self.burst()
        self.notify(self.world.permit(person(0), False))
        await asyncio.sleep(AWAY_SECONDS)
        self.release()
        await asyncio.sleep(2 * CALM_SECONDS)
        self.look()

    async def settle(self, seconds: float) -> None:
        """Let functions die at first, if they are to, and their messages be delivered again."""
        self.weather.kills = self.deaths
        await asyncio.sleep(DYING_SECONDS)
        self.mend()
        await super().settle(seconds)

    def notify(self, positions: dict[str, int]) -> None:
        self.gateway.kick(positions)

    def cut(self) -> None:
        if (socket := self.rng.choice(self.clients).socket) is not None:
            self.gateway.sockets.close(socket.id)

    def hold(self) -> None:
        if (socket := self.rng.choice(self.clients).socket) is not None:
            socket.takes_nothing = True

    def release(self) -> None:
        for socket in self.gateway.sockets.open.values():
            socket.takes_nothing = False

    def break_calls(self) -> None:
        self.weather.faults = self.rng.choice((0.01, 0.1))
        self.gateway.cloud.table.conflicts = 0.3

    def kill(self) -> None:
        self.weather.kills = self.rng.choice((0.01, 0.1))

    def mend(self) -> None:
        self.weather.faults = self.weather.kills = self.gateway.cloud.table.conflicts = 0.0

    def slow_database(self) -> None:
        self.world.database_is_slow = True

    def find_database(self) -> None:
        self.world.database_is_away = self.world.database_is_slow = False

    def sign_out(self) -> None:
        client = self.rng.choice(self.clients)
        assert client.identity.session_id is not None
        self.world.signed_out.append(client.identity.session_id)
        if self.rng.random() < 0.9:
            self.gateway.kick({f"user:{client.user_id.hex}": 0})

    def heal(self) -> None:
        """End all faults."""
        self.mend()
        self.find_database()
        self.find_state()
        self.release()

    def write_in_silence(self) -> None:
        """Commit an event without a wake-up."""
        self.world.write()

    def restore(self) -> None:
        """Promote a standby, which goes on without a wake-up, and have clients return with places in the old log."""
        self.fail_over()
        for _ in range(6):
            self.world.write()
        for _ in self.clients:
            self.cut()

    def sign_out_in_silence(self) -> None:
        """End a session without a notification."""
        session_id = self.rng.choice(self.clients).identity.session_id
        assert session_id is not None
        self.world.signed_out.append(session_id)


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


@pytest.mark.parametrize("seed", [int(ONE)] if ONE else range(SEEDS))
def test_functions_under_faults_lose_and_repeat_nothing(seed: int) -> None:
    run(seed)


def test_a_seed_run_beside_a_thread_that_draws_ids_is_the_same_run() -> None:
    over = threading.Event()

    def draw() -> None:
        while not over.wait(0.001):
            uuid4()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        first, second = run(3), run(3)
    finally:
        over.set()
        thread.join()
    assert first.gateway.cloud.table.items == second.gateway.cloud.table.items


def test_a_seed_run_twice_is_the_same_run() -> None:
    first, second = run(3), run(3)
    assert first.trace == second.trace
    assert [client.seen for client in first.clients] == [client.seen for client in second.clients]
    assert first.gateway.cloud.table.items == second.gateway.cloud.table.items
