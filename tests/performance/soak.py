"""`make soak`: sockets that open and close and walks at a steady pace, for ten minutes; its resources stay level.

Memory, descriptors and tasks are sampled. After the warm-up none may move by more than 5 %: else the exit code is 1.
"""

import argparse
import asyncio
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple

from milequest.runtime import open_runtime
from tests.performance import measuring
from tests.performance.arena import BOARD, WALKS, Arena, arena, guest, service, walks
from tests.performance.dataset import Member
from tests.performance.population import People, Size
from tests.performance.servers import Server

MINUTES, SOCKETS, EACH = 10.0, 1_000, 10
WALKS_A_ROUND, MOVES_A_ROUND = 10, 10  # in each second
WARM_UP = 0.3  # of the time: caches fill, the heap grows to its size
MARGIN = 0.05


class Sample(NamedTuple):
    """The service's resources."""

    memory_mb: float
    descriptors: float
    tasks: float


def sample(server: Server) -> Sample:
    """Return its present resources."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/tasks") as answer:
        tasks = int(answer.read())
    return Sample(measuring.resident_mb(server.pid), measuring.descriptors(server.pid), tasks)


def drift(samples: Sequence[float]) -> float:
    """Return how far the mean of the last third of samples is from that of the first, as a part of the first."""
    third = max(1, len(samples) // 3)
    first, last = statistics.mean(samples[:third]), statistics.mean(samples[-third:])
    return last / first - 1


def load(arena: Arena, server: Server, sockets: int, seconds: float) -> Iterator[Sample]:
    """Keep the service busy, second after second; yield a sample each time."""
    people = asyncio.run(_people(arena, sockets))
    coming = cycle([guest(member, (BOARD, WALKS)[number % 2]) for number, member in enumerate(people)])
    going = cycle(walks(people))
    until = time.monotonic() + seconds
    arena.open(server, list(islice(coming, sockets)))
    while time.monotonic() < until:
        arena.tell(server, list(islice(going, WALKS_A_ROUND)), 0, pause=1 / WALKS_A_ROUND)
        arena.ask("close", count=MOVES_A_ROUND)
        arena.open(server, list(islice(coming, MOVES_A_ROUND)))
        yield sample(server)
    arena.ask("close", count=sockets)


def run(arena: Arena, sockets: int, seconds: float) -> bool:
    """Measure and print; return whether everything stayed level."""
    with service(arena, "watched") as server:
        samples = list(load(arena, server, sockets, seconds))
    steady = samples[int(WARM_UP * len(samples)) :]
    print(
        f"\n{seconds / 60:g} minutes, {sockets:,} sockets; {WALKS_A_ROUND} walks and {MOVES_A_ROUND} new ones a second"
    )
    drifts = {name: drift([getattr(each, name) for each in steady]) for name in Sample._fields}
    for name, moved in drifts.items():
        first, last = getattr(steady[0], name), getattr(steady[-1], name)
        print(f"  {name:12}{first:9.1f} → {last:9.1f}  {moved:+.1%}{'' if abs(moved) <= MARGIN else '  not level'}")
    print(f"Load average {measuring.load_average()}.")
    return all(abs(moved) <= MARGIN for moved in drifts.values())


async def _people(arena: Arena, count: int) -> list[Member]:
    async with open_runtime(arena.stage.settings) as runtime:
        teams = await People(runtime, arena.size).of_teams(range(count // EACH), EACH)
        return [member for members in zip(*teams, strict=True) for member in members]  # of another team each time


def main() -> None:
    """Run the soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    asked = parser.parse_args()
    with arena(Size(asked.sockets // EACH, EACH, crowd=1)) as made:
        if not run(made, asked.sockets, 60 * asked.minutes):
            sys.exit("error: the service does not stay level")


if __name__ == "__main__":
    main()
