"""One event to thousands of sockets on one process: `python -m tests.performance.fanout --sockets 1000`.

Its peers are one prepared message under the same server (`broadcast`), the same by hand from TCP up (`raw`), and
graphql-yoga with graphql-ws on Node (`yoga`). All get the same documents from the same sockets, and send a result of
the same bytes. The service's cost of an event is all of it: the mutation, the policy for everybody, reading; but its
sockets' idle cost is a column of its own.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from milequest.runtime import open_runtime
from tests.performance import measuring
from tests.performance.arena import (
    BOARD,
    WALKS,
    Arena,
    arena,
    guest,
    idling,
    peer,
    result_of,
    service,
    spending,
    told,
    walks,
)
from tests.performance.dataset import Member
from tests.performance.guests import Cause, Guest
from tests.performance.population import People, Size
from tests.performance.servers import Server

SOCKETS = (1_000, 5_000, 10_000)
DELIVERIES, EVENTS = 20_000, 10  # so many are measured, but not with more events
PRACTICE = 2  # events before that
WALKERS = 10  # as many as the board shows
PAUSE = 0.35  # between events: a board is sent every 250 ms at most
SOME = 50  # sockets
PEERS = ("broadcast", "raw", "yoga")
GOAL = "goals: CPU and memory at most 1.5 times broadcast's, and ahead of yoga"


@dataclass(frozen=True, slots=True)
class Row:
    """One server's results for its sockets."""

    name: str
    connect: float  # CPU per socket in ms: handshake, `connection_init`, subscription, first result
    memory: float  # KB per socket
    last: float  # ms until the last socket has received an event, the median of all events
    cpu: float  # us per delivery
    idle: float  # us per socket and second
    sample: str


def measure(arena: Arena, server: Server, guests: Sequence[Guest], causes: Sequence[Cause]) -> Row:
    """Open the sockets, make the events, close the sockets. Some are opened first, for work that is done but once."""
    arena.open(server, guests[:SOME])
    arena.ask("close", count=SOME)
    with spending(server) as opening:
        arena.open(server, guests)
    arena.tell(server, causes[:PRACTICE], len(guests), pause=PAUSE, one_by_one=True)
    idle, began = idling(server), time.monotonic()
    with spending(server) as telling:
        told = arena.tell(server, causes[PRACTICE:], len(guests), pause=PAUSE, one_by_one=True)
    seconds = time.monotonic() - began
    idle = min(idle, idling(server))  # rather too little is subtracted: new sockets cost more than idle ones
    cpu = telling[0].cpu - idle * seconds
    arena.ask("close", count=len(guests))
    return Row(
        server.name,
        1e3 * opening[0].cpu / len(guests),
        opening[0].memory / 1024 / len(guests),
        1e3 * statistics.median(each[-1] for each in told.delays),
        1e6 * cpu / len(guests) / len(told.delays),
        1e6 * idle / len(guests),
        told.sample,
    )


def compare(arena: Arena, crowd: Sequence[Member], sockets: int, peers: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of the service and the peers, for so many sockets of the crowd."""
    events = PRACTICE + max(3, min(EVENTS, DELIVERIES // sockets))
    causes = [walks([crowd[number % WALKERS]])[0] for number in range(events)]
    members = [crowd[number % len(crowd)] for number in range(sockets)]
    with service(arena) as server:
        arena.tell(server, walks(crowd[:WALKERS]), 0)
        guests = [guest(member, BOARD) for member in members]
        board = measure(arena, server, guests, causes)
    yield replace(board, name="service, a board")
    result, topic = result_of(board.sample), guests[0].topic
    for name in peers:
        with peer(arena, name) as other:
            if other is not None:
                arena.tell(other, [told(topic, result)], 0)
                yield measure(arena, other, guests, [told(topic, result)] * events)
    with service(arena) as server:
        log = measure(arena, server, [guest(member, WALKS) for member in members], causes)
    yield replace(log, name="service, a log's event")


def run(arena: Arena, counts: Sequence[int] = SOCKETS, peers: Sequence[str] = PEERS) -> None:
    """Measure and print."""
    crowd = asyncio.run(_crowd(arena, max(counts)))
    print(f"\nOne event to all sockets of a process\n\n{_HEAD}\n{'-' * len(_HEAD)}")
    for sockets in counts:
        rows = list(compare(arena, crowd, sockets, peers))
        by_hand = next(row for row in rows if row.name == PEERS[0])
        for row in rows:
            print(_line(sockets, row, by_hand), flush=True)
    print(f"Load average {measuring.load_average()}; {GOAL}.")


async def _crowd(arena: Arena, most: int) -> list[Member]:
    async with open_runtime(arena.stage.settings) as runtime:
        return await People(runtime, arena.size).of_crowd(most)


_HEAD = (
    f"{'sockets':>7}  {'':22}{'last ms':>8}{'us/delivery':>13}{'ms/connect':>12}{'KB/socket':>11}{'us idle/s':>11}"
    f"{'bytes':>7} : broadcast  {'last':>6}{'CPU':>6}{'connect':>9}{'memory':>8}"
)


def _line(sockets: int, row: Row, to: Row) -> str:
    ratios = [a / b for a, b in ((row.last, to.last), (row.cpu, to.cpu), (row.connect, to.connect))]
    memory = row.memory / to.memory if to.memory else 0.0
    return (
        f"{sockets:7,}  {row.name:22}{row.last:8.0f}{row.cpu:13.1f}{row.connect:12.2f}{row.memory:11.1f}"
        f"{row.idle:11.1f}{len(row.sample):7}{'':13}{ratios[0]:6.1f}{ratios[1]:6.1f}{ratios[2]:9.1f}{memory:8.1f}"
    )


def main() -> None:
    """Run this bench alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, nargs="+", default=SOCKETS)
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS, help="broadcast is always one")
    asked = parser.parse_args()
    with arena(Size(teams=1, members=1)) as made:
        run(made, asked.sockets, list(dict.fromkeys([PEERS[0], *asked.peers])))


if __name__ == "__main__":
    main()
