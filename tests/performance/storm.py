"""All clients reconnect at once: `python -m tests.performance.storm`. Each missed three events and sends `after`.

The process is fresh, without any cached token: measured is the cost of a client after a deployment.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from milequest.rules.events import team_channel
from milequest.runtime import open_runtime
from milequest.store.sql import log
from tests.performance import measuring
from tests.performance.arena import WALKS, Arena, arena, guest, service, spending, told, walks
from tests.performance.guests import Cause, Guest
from tests.performance.population import People, Size
from tests.performance.servers import Server, serving

CLIENTS, EACH, MISSED = 5_000, 20, 3
GOAL = 0.5  # ms of CPU for each


def run(arena: Arena, clients: int = CLIENTS) -> None:
    """Measure and print."""
    with service(arena) as server:
        for cause in asyncio.run(_causes(arena, clients)):
            arena.tell(server, [cause] * MISSED, 0)
    guests = asyncio.run(_returning(arena, clients))
    with service(arena) as server:
        ours = _opened(arena, server, guests, MISSED)
    with serving(arena.stage, "broadcast", "broadcast") as server:
        topics = sorted({one.topic for one in guests})
        arena.tell(server, [told(topic, "{}") for topic in topics], 0)
        by_hand = _opened(arena, server, guests, 1)
    print(f"\n{len(guests):,} clients come back at once, each to {MISSED} events it missed")
    print(f"  {ours.each:.2f} ms of CPU per connect + subscribe + replay: {ours.each / GOAL:.1f} of the goal of {GOAL}")
    print(
        f"  {by_hand.each:.2f} ms where nobody is asked who he is and one prepared message is all there is: "
        f"the service takes {ours.each / by_hand.each:.1f} times that"
    )
    print(f"  {ours.seconds:.1f} s until the last is up to date; of that the server worked {ours.cpu:.1f} s")
    print(f"Load average {measuring.load_average()}.")


@dataclass(frozen=True, slots=True)
class Opened:
    """The cost until the last client was up to date: seconds, of CPU and altogether, and ms of CPU for each."""

    cpu: float
    seconds: float
    each: float


def _opened(arena: Arena, server: Server, guests: Sequence[Guest], results: int) -> Opened:
    with spending(server) as spent:
        seconds: float = arena.open(server, guests, results)["seconds"]
    arena.ask("close", count=len(guests))
    return Opened(spent[0].cpu, seconds, 1e3 * spent[0].cpu / len(guests))


async def _causes(arena: Arena, clients: int) -> list[Cause]:
    """Return requests that make an event in each team."""
    async with open_runtime(arena.stage.settings) as runtime:
        teams = await People(runtime, arena.size).of_teams(range(clients // EACH), 1)
        return walks([founder for (founder,) in teams])


async def _returning(arena: Arena, clients: int) -> list[Guest]:
    """Return the members of the teams, with the place in the log before the last events."""
    async with open_runtime(arena.stage.settings) as runtime:
        guests = []
        for team in await People(runtime, arena.size).of_teams(range(clients // EACH), EACH):
            end = await log.end(runtime.writer, team_channel(team[0].team_id), datetime.now(UTC))
            after = str(end.cursor(end.sequence - MISSED))
            guests += [guest(member, WALKS, after=after) for member in team]
        return guests


def main() -> None:
    """Run this bench alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    asked = parser.parse_args()
    with arena(Size(asked.clients // EACH, EACH, crowd=1)) as made:
        run(made, asked.clients)


if __name__ == "__main__":
    main()
