"""Everybody comes back at once: `python -m tests.performance.storm`. Each client missed three events and says `after`.

The process is fresh, so it knows nobody's token: what is measured is what a client costs that a deployment sent away.
"""

import argparse
import asyncio
from datetime import UTC, datetime

from milequest.rules.events import team_channel
from milequest.runtime import open_runtime
from milequest.store import log
from tests.performance import measuring
from tests.performance.arena import WALKS, Arena, arena, guest, service, spending, walks
from tests.performance.guests import Cause, Guest
from tests.performance.population import People, Size

CLIENTS, EACH, MISSED = 5_000, 20, 3
GOAL = 0.5  # ms of CPU for each


def run(arena: Arena, clients: int = CLIENTS) -> None:
    """Measure and print."""
    with service(arena) as server:
        for cause in asyncio.run(_causes(arena, clients)):
            arena.tell(server, [cause] * MISSED, 0)
    with service(arena) as server:
        guests = asyncio.run(_returning(arena, clients))
        with spending(server) as spent:
            seconds = arena.open(server, guests, MISSED)["seconds"]
        arena.ask("close", count=len(guests))
    each = 1e3 * spent[0].cpu / len(guests)
    print(f"\n{len(guests):,} clients come back at once, each to {MISSED} events it missed")
    print(
        f"  {each:.2f} ms of CPU per connect + subscribe + replay: {each / GOAL:.1f} of the {GOAL} ms that are the goal"
    )
    print(f"  {seconds:.1f} s until the last is up to date; of that the server worked {spent[0].cpu:.1f} s")
    print(f"Load average {measuring.load_average()}.")


async def _causes(arena: Arena, clients: int) -> list[Cause]:
    """Whatever makes an event in each team."""
    async with open_runtime(arena.stage.settings) as runtime:
        teams = await People(runtime, arena.size).of_teams(range(clients // EACH), 1)
        return walks([founder for (founder,) in teams])


async def _returning(arena: Arena, clients: int) -> list[Guest]:
    """The members of the teams, with the place in the log before the last events."""
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
