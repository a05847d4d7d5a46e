"""A collector of OpenTelemetry's on the loopback: it takes OTLP over HTTP, by the protocol's own messages."""

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Admits: TypeAlias = Callable[[str, Mapping[str, str], bytes], bool]
"""Whether a request is taken: by its path, its headers in lower case, and its body as sent."""


@dataclass
class Collector:
    """Spans, metrics and service names that the collector has received."""

    url: str
    heads: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def spans(self) -> list[str]:
        """The names of spans."""
        sent = [ExportTraceServiceRequest.FromString(body) for path, body in self.bodies if path == "/v1/traces"]
        return [
            one.name
            for request in sent
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for one in scope.spans
        ]

    @property
    def metrics(self) -> set[str]:
        """The names of metrics."""
        sent = [ExportMetricsServiceRequest.FromString(body) for path, body in self.bodies if path == "/v1/metrics"]
        return {
            one.name
            for request in sent
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for one in scope.metrics
        }

    @property
    def services(self) -> set[str]:
        """The services that spans are of."""
        sent = [ExportTraceServiceRequest.FromString(body) for path, body in self.bodies if path == "/v1/traces"]
        return {
            pair.value.string_value
            for request in sent
            for resource in request.resource_spans
            for pair in resource.resource.attributes
            if pair.key == "service.name"
        }


@contextmanager
def collecting(admits: Admits | None = None) -> Iterator[Collector]:
    """Collect while the block runs; what is not admitted is refused with 403."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.heads.append({name.lower(): value for name, value in self.headers.items()})
            body = self.rfile.read(int(self.headers["content-length"]))
            if admits is not None and not admits(self.path, collector.heads[-1], body):
                self.send_error(403)
                return
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            collector.bodies.append((self.path, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
