"""Metrics and traces of a server, where the settings say so: OpenTelemetry is loaded then, and not before."""

import socket
from collections.abc import Iterator, Mapping, Sized
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.environment import SetupError
from milequest.settings import Settings
from milequest.telemetry import metrics
from milequest.telemetry.metrics import Gauge, Recorder

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader

    from milequest.runtime import Runtime

NAME = "milequest"


def gauges(runtime: "Runtime", sockets: Sized, streams: Sized, subscribers: Sized) -> Mapping[str, Gauge]:
    """Return the values of a server that are read when somebody asks."""
    pools = {"writer": runtime.writer, "reader": runtime.reader}
    return {
        "milequest.sockets": lambda: [
            (len(sockets), {"kind": "websocket"}),
            (len(streams), {"kind": "event_stream"}),
        ],
        "milequest.subscribers": lambda: [(len(subscribers), {})],
        "milequest.database.connections": lambda: [
            (number, {"pool": name, "state": state})
            for name, pool in pools.items()
            for state, number in (
                ("used", pool.get_size() - pool.get_idle_size()),
                ("idle", pool.get_idle_size()),
            )
        ],
    }


def check(settings: Settings) -> None:
    """Raise SetupError if what the settings ask for cannot be had: its packages, or the address of the page."""
    if settings.metrics_address is None:
        return
    if find_spec("opentelemetry") is None:
        raise SetupError("MILEQUEST_METRICS_ADDRESS needs more packages: python3 -I app/environment.py telemetry")
    host, port = settings.metrics_address
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(address)
    except OSError as error:
        raise SetupError(f"MILEQUEST_METRICS_ADDRESS cannot be had ({error.strerror}): name another one") from None


@contextmanager
def started(settings: Settings, gauges: Mapping[str, Gauge]) -> Iterator[None]:
    """Record what the settings ask for while the block runs, for a page of metrics."""
    with ExitStack() as stack:
        if settings.metrics_address:
            _measure(_page(*settings.metrics_address, stack), gauges, stack)
        yield


def _measure(reader: "MetricReader", gauges: Mapping[str, Gauge], stack: ExitStack) -> None:
    from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider

    provider = MeterProvider([reader], exemplar_filter=AlwaysOffExemplarFilter(), shutdown_on_exit=False)
    stack.callback(provider.shutdown)
    metrics.recorder = Recorder(provider.get_meter(NAME), gauges)
    stack.callback(setattr, metrics, "recorder", None)


def _page(host: str, port: int, stack: ExitStack) -> "MetricReader":
    """Serve `/metrics` at an address of its own, by a thread of its own: the loop waits for no scrape."""
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    server, thread = start_http_server(port, host, registry)
    stack.callback(thread.join)
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return PrometheusMetricReader(disable_target_info=True, scope_info_enabled=False, registry=registry)
