"""`python -m tests.performance.telemetry`: the cost of the log's lines, of metrics and of traces, as ratios in one run.

Servers of the same code take turns, as in `bench`: with the log at WARNING, which the others are compared with, with
its lines, with metrics, and with traces to a collector on this machine. Never a gate.
"""

import argparse
import pickle
import socket
import statistics
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.performance import dataset, measuring
from tests.performance.bench import WARM_UP, Bench, Slice, _fill
from tests.performance.servers import serving, stage
from tests.performance.workloads import WORKLOADS, requests


class _Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def main() -> None:
    """Run it and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="another version of the code, to compare with")
    asked = parser.parse_args()
    collector = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{collector.server_address[1]}"
    with stage(f"{dataset.WALKS:,} walks", _fill) as built, ExitStack() as stack:
        bench = Bench(built, 32)
        for workload in WORKLOADS:
            bench.file(workload).write_bytes(pickle.dumps(requests(workload, built.members, datetime.now(UTC))))
        with socket.create_server(("127.0.0.1", 0)) as free:
            page = f"127.0.0.1:{free.getsockname()[1]}"
        kinds: dict[str, dict[str, Any]] = {
            "quiet": {"log_level": "WARNING"},
            "lines": {"log_level": "INFO"},
            "metrics": {"log_level": "WARNING", "metrics_address": page},
            "traces": {"log_level": "WARNING", "otel_exporter_otlp_endpoint": address},
        }
        servers = [stack.enter_context(serving(built, "logged", name, **given)) for name, given in kinds.items()]
        if asked.before:
            servers.append(stack.enter_context(serving(built, "service", "before", asked.before)))
        print(f"{'':28}" + "".join(f"{server.name:>26}" for server in servers))
        for workload in WORKLOADS:
            for server in servers:
                bench.turn(server, workload, WARM_UP)
            rounds = [[bench.turn(server, workload, asked.seconds) for server in servers] for _ in range(asked.rounds)]
            print(
                f"{workload.title:28}" + "".join(_column(rounds, number) for number in range(len(servers))), flush=True
            )
        print(
            f"\nLoad average {measuring.load_average()}. CPU of the server per answer, as a ratio to the quiet one's."
        )
    collector.shutdown()


def _column(rounds: Sequence[Sequence[Slice]], number: int) -> str:
    ratios = [slices[number].own / slices[0].own for slices in rounds]
    micros = statistics.median(slices[number].own for slices in rounds)
    return f"{micros:8.0f} us {statistics.median(ratios):5.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


if __name__ == "__main__":
    main()
