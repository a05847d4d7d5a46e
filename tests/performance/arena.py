"""Common parts of the live benches: the stage with its people, servers, guests, and the events with their receivers."""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson

from app.bundle import find_node, install_packages
from app.environment import SetupError
from milequest.runtime import Runtime
from milequest.settings import PROJECT
from tests.performance import measuring, population
from tests.performance.dataset import Member
from tests.performance.guests import Cause, Guest, message
from tests.performance.population import Size
from tests.performance.servers import Server, Stage, serving, stage, started
from tests.performance.workloads import LOG_ACTIVITY, requests

UNLIMITED = 1_000_000
SILENCE = 1.0  # seconds in which nothing happens, three times, to measure the idle cost
PEERS = PROJECT / "tests" / "performance" / "peers"

BOARD = """subscription Board($team: ID!) { teamLeaderboardUpdated(teamId: $team, period: ALL_TIME, metric: DISTANCE) {
    teamId leaderboard { version entries(first: 10) { nodes { rank value competitor { name } } } } } }"""
WALKS = """subscription Walks($team: ID!, $after: String) { teamActivityChanged(teamId: $team, after: $after) {
    cursor sequence delivery occurredAt teamId change removedId edge { cursor node { id type distanceMeters
    durationSeconds startedAt source privacy user { id name } } } } }"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Resources a server spent: seconds of CPU, and additional bytes of memory."""

    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class Told:
    """Delays of events in seconds, by event if sent one by one, soonest first; and the last message."""

    delays: list[list[float]]
    sample: str


@dataclass(slots=True)
class Arena:
    """Environment of a live bench: servers and people, and the sockets, which are another process's."""

    stage: Stage
    size: Size
    guests: subprocess.Popen[str]
    _files: Iterator[int] = field(default_factory=count)

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Let the guests do something. An error ends the bench: a server that fails looks fast."""
        assert self.guests.stdin is not None
        assert self.guests.stdout is not None
        self.guests.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.guests.stdin.flush()
        answer: dict[str, Any] = json.loads(self.guests.stdout.readline() or '{"fault": "the guests are gone"}')
        if fault := answer.pop("fault"):
            sys.exit(f"error: the guests cannot {do}: {fault}")
        return answer

    def open(self, server: Server, guests: Sequence[Guest], each: int = 1) -> dict[str, Any]:
        """Open a socket for each guest, until each has received `each` results."""
        return self.ask("open", port=server.port, file=self._file(guests), each=each)

    def tell(
        self, server: Server, causes: Sequence[Cause], each: int, *, pause: float = 0.0, one_by_one: bool = False
    ) -> Told:
        """Make events, each delivered to `each` sockets. `one_by_one` waits for all of them before the next event."""
        answer = self.ask(
            "tell", port=server.port, file=self._file(causes), each=each, pause=pause, one_by_one=one_by_one
        )
        return Told(**answer)

    def _file(self, content: Sequence[object]) -> str:
        path = self.stage.folder / f"guests-{next(self._files)}"
        path.write_bytes(pickle.dumps(list(content)))
        return str(path)


@contextmanager
def spending(server: Server) -> Iterator[list[Spent]]:
    """Measure a server while the block runs: the result is the only item of the list, once it has ended."""
    spent: list[Spent] = []
    cpu, memory = measuring.cpu_seconds(server.pid), measuring.resident_mb(server.pid)
    yield spent
    more = measuring.resident_mb(server.pid) - memory
    spent.append(Spent(measuring.cpu_seconds(server.pid) - cpu, more * 2**20))


def idling(server: Server) -> float:
    """Return seconds of CPU in an idle second; the least of three seconds, for pings come all at once."""
    windows = []
    for _ in range(3):
        with spending(server) as spent:
            time.sleep(SILENCE)
        windows.append(spent[0].cpu / SILENCE)
    return min(windows)


@contextmanager
def arena(size: Size) -> Iterator[Arena]:
    """Yield the arena of a stage of its own."""

    async def fill(runtime: Runtime, now: datetime) -> list[Member]:
        await population.make(runtime, now, size)
        return []

    if not measuring.known():
        sys.exit("error: the live benches read /proc, which this machine does not have")
    with stage(f"{size.users:,} people in {size.teams + 1:,} teams", fill) as built, on(built, size) as made:
        yield made


@contextmanager
def on(built: Stage, size: Size) -> Iterator[Arena]:
    """Yield the arena of an existing stage."""
    command = [sys.executable, "-m", "tests.performance.guests"]
    guests = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Arena(built, size, guests)
    finally:
        guests.terminate()
        guests.wait()


@contextmanager
def service(arena: Arena, kind: str = "service") -> Iterator[Server]:
    """Run our server, which lets one user have as many sockets as the bench needs."""
    with serving(arena.stage, kind, kind, sockets_per_user=UNLIMITED, sockets_per_network=UNLIMITED) as server:
        yield server


@contextmanager
def peer(arena: Arena, name: str) -> Iterator[Server | None]:
    """Run a server to compare with; yield None, with a notice, where Node or its packages are unavailable."""
    if name != "yoga":
        with serving(arena.stage, name, name) as server:
            yield server
        return
    try:
        node, npm = find_node()
        install_packages(npm, PEERS)
    except (SetupError, OSError) as error:
        print(f"  (without yoga: {error})")
        yield None
        return
    with started([node, "yoga.mjs"], name, PEERS, {"NODE_ENV": "production"}) as server:
        yield server


def guest(member: Member, document: str, **variables: object) -> Guest:
    """Return a socket that subscribes to the member's team in the member's name."""
    team = f"team_{member.team_id.hex}"
    payload = {"query": document, "variables": {"team": team, "teamId": team, **variables}}
    init = message(type="connection_init", payload={"Authorization": f"Bearer {member.token}"})
    return Guest(team, init, message(id="1", type="subscribe", payload=payload))


def walks(members: Sequence[Member]) -> list[Cause]:
    """Return a walk of each."""
    posted = requests(LOG_ACTIVITY, members, datetime.now(UTC))
    return [Cause(f"team_{member.team_id.hex}", request) for member, request in zip(members, posted, strict=True)]


def told(topic: str, result: str) -> Cause:
    """Return the request by which a peer sends all subscribers of a topic something."""
    body = result.encode()
    head = f"POST /tell/{topic} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n"
    return Cause(topic, head.encode() + body)


def result_of(sample: str) -> str:
    """Return the result in a message that was received."""
    return orjson.dumps(orjson.loads(sample)["payload"]).decode()
