"""The speed of writes: `python -m tests.performance.writes`. logActivity with its events, and without them.

Both are the same service; one of them keeps no log and sends nothing. They take turns, as in `bench`.
"""

import argparse
import asyncio
import pickle
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from milequest.runtime import open_runtime
from tests.performance import measuring
from tests.performance.arena import Arena, arena, service
from tests.performance.bench import WARM_UP, Bench, Slice
from tests.performance.dataset import Member
from tests.performance.population import People, Size
from tests.performance.workloads import LOG_ACTIVITY, requests

WRITERS, TEAMS, HOT = 32, 1_000, 1_000  # connections; teams; people who walk for one team
ROUNDS, SECONDS = 5, 2.0
GOAL = 0.8  # of the speed without events


def run(arena: Arena, teams: int = TEAMS, hot: int = HOT, rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    bench = Bench(arena.stage, WRITERS)
    many, one = replace(LOG_ACTIVITY, name="many"), replace(LOG_ACTIVITY, name="one")
    for workload, walkers in zip((many, one), asyncio.run(_walkers(arena, teams, hot)), strict=True):
        bench.file(workload).write_bytes(pickle.dumps(requests(LOG_ACTIVITY, walkers, datetime.now(UTC))))
    print(f"\nlogActivity by {WRITERS} writers, with its events and without")
    with ExitStack() as stack:
        servers = [stack.enter_context(service(arena, kind)) for kind in ("unlogged", "service")]
        for title, workload in ((f"{teams:,} teams", many), ("one hot team", one)):
            for server in servers:
                bench.turn(server, workload, WARM_UP)
            turns = [[bench.turn(server, workload, seconds) for server in servers] for _ in range(rounds)]
            print(f"  {title:14}{_ratios(turns)}", flush=True)
    print(f"Load average {measuring.load_average()}; goal: at least {GOAL} of the speed over many teams.")


def _ratios(turns: Sequence[Sequence[Slice]]) -> str:
    """Return the speed as a part of that without events, and the events' cost."""
    speed = [told.rate / silent.rate for silent, told in turns]
    cpu = [told.cpu / silent.cpu for silent, told in turns]
    rates = [statistics.median(turn[index].rate for turn in turns) for index in (0, 1)]
    return (
        f"{rates[1]:.0f} a second with, {rates[0]:.0f} without: {statistics.median(speed):.2f} of the speed "
        f"({min(speed):.2f}-{max(speed):.2f}), {statistics.median(cpu):.2f} times the CPU"
    )


async def _walkers(arena: Arena, teams: int, hot: int) -> tuple[list[Member], list[Member]]:
    """Return the founder of each of many teams, and many people of one team."""
    async with open_runtime(arena.stage.settings) as runtime:
        people = People(runtime, arena.size)
        founders = [founder for (founder,) in await people.of_teams(range(teams), 1)]
        return founders, await people.of_crowd(hot)


def main() -> None:
    """Run this bench alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=TEAMS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each turn (default %(default)s)")
    asked = parser.parse_args()
    with arena(Size(asked.teams, members=1, crowd=HOT)) as made:
        run(made, asked.teams, HOT, asked.rounds, asked.seconds)


if __name__ == "__main__":
    main()
