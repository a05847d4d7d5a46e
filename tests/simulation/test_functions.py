"""The gateway on API Gateway under every fault that a seed can make of some virtual minutes.

Functions die at any call, messages come twice or late, sockets take nothing, the answers of calls are lost. Nothing is
lost, nothing told twice after the helper, nothing after a right has ended; who listens is current, or was told why not.

`MQ_SIMULATION_SEEDS=1000` runs that many, `MQ_SIMULATION_SEED=17` that one again.
"""

import asyncio
import logging
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo

import pytest

from tests.simulation.functions import ROUND_SECONDS, START, Gateway, SocketClient
from tests.simulation.lambdas import Weather
from tests.simulation.loop import simulate
from tests.simulation.processes import NEWS, STATE
from tests.simulation.world import World, person

SEEDS = int(os.environ.get("MQ_SIMULATION_SEEDS", "10"))
ONE = os.environ.get("MQ_SIMULATION_SEED")
STEPS = 100
PEOPLE = 3
QUIET_SECONDS = 150.0  # of rounds, of which the second finds what was in the midst of the first


class VirtualDatetime(datetime):
    """A clock that shows the time of the simulation."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain one, as all others are
        return START + timedelta(seconds=asyncio.get_running_loop().time())


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Let the product look at the virtual clock, and draw what it draws from generators that begin alike."""
    random.seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "urandom", random.Random(seed).randbytes)  # of which ids are made
        for name, module in list(sys.modules.items()):
            is_ours = name.startswith(("subscriptions.", "milequest.store.", "tests.simulation.world"))
            if is_ours and getattr(module, "datetime", None) is datetime:
                patch.setattr(module, "datetime", VirtualDatetime)
        yield


@pytest.fixture(autouse=True)
def _silence(caplog: pytest.LogCaptureFixture) -> None:
    """Keep what fails on purpose out of the log."""
    for name in ("milequest.live", "milequest.socket"):
        caplog.set_level(logging.CRITICAL, logger=name)


class Simulation:
    """A deployment, its clients, and what happens to them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(self.rng)
        self.weather = Weather()
        self.clients: list[SocketClient] = []
        self.trace: list[str] = []
        self.gateway: Gateway

    async def run(self) -> None:
        """Let things happen, then heal everything, wait, and look whether all is right."""
        self.gateway = Gateway(self.world, self.weather)
        for number in range(PEOPLE):
            self.world.permit(person(number), True)
        for number in range(PEOPLE):
            for feed in (NEWS, STATE):
                self.clients.append(SocketClient(self.world, self.gateway, person(number), feed))
        rounds = asyncio.create_task(self._rounds())
        for _ in range(STEPS):
            await asyncio.sleep(self.rng.choice((0, 0, 0.01, 0.1, 1.0)) * self.rng.random())
            self.happen()
        self.heal()
        for _ in range(3):  # faster than states are looked at
            self.gateway.kick(self.world.write())
            await asyncio.sleep(0.7)
        for surprise in (self.rng.choice((self.write_in_silence, self.fail_over, self.sign_out_in_silence)), None):
            await asyncio.sleep(QUIET_SECONDS)
            self.look()
            if surprise is not None:
                surprise()
        rounds.cancel()
        for client in self.clients:
            await client.close()

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            await self.gateway.round()

    def happen(self) -> None:
        """Let one thing happen."""
        things = {
            self.write: 40, self.cut: 8, self.hold: 6, self.release: 6, self.break_calls: 3, self.kill: 5,
            self.mend: 6, self.lose_database: 2, self.slow_database: 1, self.find_database: 6, self.revoke: 3,
            self.grant: 4, self.sign_out: 3, self.fail_over: 1,
        }  # fmt: skip
        thing = self.rng.choices(list(things), list(things.values()))[0]
        self.trace.append(f"{self.world.now:.4f} {thing.__name__}")
        thing()

    def write(self) -> None:
        for _ in range(self.rng.choice((1, 1, 2, 12))):
            self._committed(self.world.write())

    def _committed(self, positions: dict[str, int]) -> None:
        """Kick, unless whoever committed dies before that."""
        if self.rng.random() < 0.9:
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

    def lose_database(self) -> None:
        self.world.database_is_away = True

    def slow_database(self) -> None:
        self.world.database_is_slow = True

    def find_database(self) -> None:
        self.world.database_is_away = self.world.database_is_slow = False

    def revoke(self) -> None:
        if len(self.world.members) > 1:
            self._committed(self.world.permit(self.rng.choice(sorted(self.world.members)), False))

    def grant(self) -> None:
        outside = [person(number) for number in range(PEOPLE) if person(number) not in self.world.members]
        if outside:
            self._committed(self.world.permit(self.rng.choice(outside), True))

    def sign_out(self) -> None:
        client = self.rng.choice(self.clients)
        assert client.identity.session_id is not None
        self.world.signed_out.append(client.identity.session_id)
        if self.rng.random() < 0.9:
            self.gateway.kick({f"user:{client.user_id.hex}": 0})

    def fail_over(self) -> None:
        self.world.fail_over(lost=self.rng.choice((0, 1, 5)))

    def heal(self) -> None:
        """Everything works again."""
        self.mend()
        self.find_database()
        self.release()

    def write_in_silence(self) -> None:
        """Commit something that nobody is woken for."""
        self.world.write()

    def sign_out_in_silence(self) -> None:
        """End a session that nobody is told of."""
        session_id = self.rng.choice(self.clients).identity.session_id
        assert session_id is not None
        self.world.signed_out.append(session_id)

    def look(self) -> None:
        """Check what each client has."""
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


def test_a_seed_run_twice_is_the_same_run() -> None:
    first, second = run(3), run(3)
    assert first.trace == second.trace
    assert [client.seen for client in first.clients] == [client.seen for client in second.clients]
    assert first.gateway.cloud.table.items == second.gateway.cloud.table.items
