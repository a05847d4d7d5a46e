"""`make bench`: the cost of a request on the service and on a handler written by hand, as ratios in one run.

The servers take turns, round after round, so that the machine's other work affects all of them alike. A ratio is
taken within a round; shown are the median of the rounds and, in brackets, the smallest and the largest. Never a gate.
"""

import argparse
import json
import pickle
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from milequest.runtime import Runtime
from milequest.settings import PROJECT
from tests.performance import dataset, measuring
from tests.performance.dataset import Member
from tests.performance.servers import Server, Stage, serving, stage
from tests.performance.workloads import LOG_ACTIVITY, WORKLOADS, Workload, requests

CALLERS = 1_000
WARM_UP = 1.0  # seconds: statements are prepared on each connection, documents are parsed


@dataclass(frozen=True, slots=True)
class Slice:
    """A server's results in one turn: answers a second; CPU per answer in microseconds, its own and PostgreSQL's."""

    rate: float
    own: float
    postgres: float

    @property
    def cpu(self) -> float:
        """All of the CPU per answer."""
        return self.own + self.postgres


@dataclass(frozen=True, slots=True)
class Bench:
    """Loads servers."""

    stage: Stage
    connections: int

    def turn(self, server: Server, workload: Workload, seconds: float) -> Slice:
        """Load a server for a while. An error in an answer ends the bench: a server that fails looks fast."""
        before = self._cpu(server)
        command = (sys.executable, "-m", "tests.performance.client", server.port, seconds, self.connections)
        done = subprocess.run(
            [*map(str, command), self.file(workload)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=seconds + 60,
        )
        own, postgres = (now - then for now, then in zip(self._cpu(server), before, strict=True))
        outcome = json.loads(done.stdout)
        if outcome["fault"]:
            sys.exit(f"error: {server.name} answered {workload.title} with {outcome['fault']}")
        return Slice(
            outcome["answers"] / outcome["seconds"], *(1e6 * cpu / outcome["answers"] for cpu in (own, postgres))
        )

    def file(self, workload: Workload) -> Path:
        """Return the file of the workload's requests."""
        return self.stage.folder / workload.name

    def _cpu(self, server: Server) -> tuple[float, float]:
        if not measuring.known():
            return 0.0, 0.0
        return measuring.cpu_seconds(server.pid), measuring.family_cpu_seconds(self.stage.postgres_pid)


def main() -> None:
    """Run the bench and print its table."""
    asked = _arguments()
    title = f"{dataset.WALKS:,} walks of {dataset.USERS:,} people in {dataset.TEAMS} teams"
    with stage(title, _fill) as built, ExitStack() as stack:
        bench = Bench(built, asked.connections)
        for workload in WORKLOADS:
            bench.file(workload).write_bytes(pickle.dumps(requests(workload, built.members, datetime.now(UTC))))
        servers = [
            stack.enter_context(serving(built, "bare", "by hand")),
            *([stack.enter_context(serving(built, "service", "beside", asked.beside))] if asked.beside else []),
            stack.enter_context(serving(built, "service", "service")),
        ]
        _compare(servers, bench)
        print(f"{asked.rounds} rounds of {asked.seconds:g} s, {asked.connections} connections, one process each\n")
        print(f"{_HEAD}\n{'-' * len(_HEAD)}")
        for workload in WORKLOADS:
            for server in servers:
                bench.turn(server, workload, WARM_UP)
            rounds = [[bench.turn(server, workload, asked.seconds) for server in servers] for _ in range(asked.rounds)]
            print("\n".join(_rows(workload, servers, rounds)), flush=True)
        print(f"\nLoad average {measuring.load_average()}. Only the ratios count.")


async def _fill(runtime: Runtime, now: datetime) -> list[Member]:
    await dataset.make(runtime, now)
    await dataset.check(runtime)
    return await dataset.members(runtime, now, CALLERS)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn (default %(default)s)")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another version of the code, to compare with")
    return parser.parse_args()


def _compare(servers: Sequence[Server], bench: Bench) -> None:
    """Check that the servers give the same answers, as otherwise there is nothing to compare."""
    for workload in WORKLOADS:
        if workload is not LOG_ACTIVITY:
            answers = [_answer(server, pickle.loads(bench.file(workload).read_bytes())[0]) for server in servers]
            if any(answer != answers[0] for answer in answers):
                sys.exit(f"error: the answers to {workload.title} differ: {answers}")


def _answer(server: Server, request: bytes) -> object:
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    sent = urllib.request.Request(f"http://127.0.0.1:{server.port}/graphql", body, headers)
    with urllib.request.urlopen(sent) as answer:
        return json.load(answer)


_RATIOS = f"{'req/s : by hand':21}{'CPU : by hand':21}CPU + PG : by hand"
_HEAD = f"{'':28}{'req/s':>7}{'CPU us':>8}{'PG us':>7}   {_RATIOS}"


def _rows(workload: Workload, servers: Sequence[Server], rounds: Sequence[Sequence[Slice]]) -> Iterator[str]:
    for index, server in enumerate(servers):
        turns = [each[index] for each in rounds]
        rate, own, postgres = (
            statistics.median(values)
            for values in zip(*((turn.rate, turn.own, turn.postgres) for turn in turns), strict=True)
        )
        by_hand = [each[0] for each in rounds]
        measures: tuple[Callable[[Slice], float], ...] = (lambda s: s.rate, lambda s: s.own, lambda s: s.cpu)
        ratios = "".join(f"{_ratio(list(map(measure, turns)), list(map(measure, by_hand))):21}" for measure in measures)
        title = workload.title if index == 0 else ""
        yield f"{title:18}{server.name:10}{rate:7.0f}{own:8.0f}{postgres:7.0f}   {ratios if index else ''}".rstrip()


def _ratio(values: Sequence[float], to: Sequence[float]) -> str:
    """Return `1.43 (1.38-1.52)`; a dash for unknown values."""
    ratios = [value / other for value, other in zip(values, to, strict=True) if other]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else "-"


if __name__ == "__main__":
    main()
