"""Many topics with a few sockets each: `python -m tests.performance.topics`. Events to all topics in turn, at a pace.

An event's cost without subscribers is measured first; the figure is the sockets' addition to it, by delivery, without
their idle cost. The peer is `broadcast`.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from itertools import cycle, islice

from milequest.runtime import open_runtime
from tests.performance import measuring
from tests.performance.arena import WALKS, Arena, arena, guest, idling, peer, result_of, service, spending, told, walks
from tests.performance.dataset import Member
from tests.performance.guests import Cause, Guest
from tests.performance.population import People, Size
from tests.performance.servers import Server

TOPICS, EACH = 500, 20
PEOPLE = 5  # who have those sockets
PAUSE = 0.02  # seconds between two events


def measure(arena: Arena, server: Server, guests: Sequence[Guest], causes: Sequence[Cause], by_hand: float) -> float:
    """Print deliveries' cost and their delays; return the CPU in microseconds per delivery."""
    each = len(guests) // len(causes)
    arena.tell(server, causes, 0, pause=PAUSE)
    with spending(server) as silent:
        arena.tell(server, causes, 0, pause=PAUSE)
    arena.open(server, guests)
    idle, began = idling(server), time.monotonic()
    with spending(server) as telling:
        delays = arena.tell(server, causes, each, pause=PAUSE).delays[0]
    more = telling[0].cpu - silent[0].cpu - idle * (time.monotonic() - began)
    arena.ask("close", count=len(guests))
    alone, added = 1e6 * silent[0].cpu / len(causes), 1e6 * more / len(guests)
    p50, p99 = (1e3 * delays[int(part * len(delays))] for part in (0.5, 0.99))
    ratio = f"{added / by_hand:9.1f}" if by_hand else ""
    print(f"{server.name:12}{alone:12.0f}{added:14.1f}{p50:9.1f}{p99:9.1f}{ratio}", flush=True)
    return added


def run(arena: Arena, topics: int = TOPICS, each: int = EACH) -> None:
    """Measure and print."""
    teams = asyncio.run(_teams(arena, topics))
    guests = [guest(member, WALKS) for team in teams for member in islice(cycle(team), each)]
    causes = walks([team[0] for team in teams])
    print(f"\n{topics} topics with {each} sockets each, an event every {1e3 * PAUSE:.0f} ms\n")
    print(f"{'':12}{'us/event':>12}{'us/delivery':>14}{'p50 ms':>9}{'p99 ms':>9}   CPU : broadcast")
    with service(arena) as server:
        arena.open(server, guests[:1])
        sample = arena.tell(server, causes[:1], 1).sample
        arena.ask("close", count=1)
    prepared = [told(cause.topic, result_of(sample)) for cause in causes]
    with peer(arena, "broadcast") as other:
        assert other is not None
        by_hand = measure(arena, other, guests, prepared, 0.0)
    with service(arena) as server:
        measure(arena, server, guests, causes, by_hand)
    print(f"Load average {measuring.load_average()}.")


async def _teams(arena: Arena, topics: int) -> list[list[Member]]:
    async with open_runtime(arena.stage.settings) as runtime:
        return await People(runtime, arena.size).of_teams(range(topics), PEOPLE)


def main() -> None:
    """Run this bench alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", type=int, default=TOPICS)
    parser.add_argument("--each", type=int, default=EACH, help="sockets of a topic (default %(default)s)")
    asked = parser.parse_args()
    with arena(Size(asked.topics, PEOPLE, crowd=1)) as made:
        run(made, asked.topics, asked.each)


if __name__ == "__main__":
    main()
