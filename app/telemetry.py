"""Metrics and traces of a server, if the settings ask for them; OpenTelemetry is loaded only then."""

import socket
from collections.abc import Iterator, Mapping, Sized
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.environment import SetupError
from milequest.settings import Settings
from milequest.store.aws.aws_credentials import source
from milequest.telemetry import metrics, spans
from milequest.telemetry.metrics import Gauge, Recorder

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource
    from requests import Session

    from milequest.runtime import Runtime

NAME = "milequest"
PATIENCE, PATIENCE_OF_CALL = (
    3.0,
    1.0,
)  # seconds for a collector at a server's stop, and per call


def gauges(runtime: "Runtime", sockets: Sized, streams: Sized, subscribers: Sized) -> Mapping[str, Gauge]:
    """Return the gauges of a server, by name, which are read at each collection."""
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
    """Raise SetupError if the packages of telemetry are missing, or the address of `/metrics` cannot be bound."""
    if not (settings.metrics_address or settings.otel_exporter_otlp_endpoint):
        return
    if find_spec("opentelemetry") is None:
        raise SetupError("metrics and traces need more packages: python3 -I app/environment.py telemetry")
    if settings.metrics_address is None:
        return
    host, port = settings.metrics_address
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(address)
    except OSError as error:
        raise SetupError(f"MILEQUEST_METRICS_ADDRESS cannot be had ({error.strerror}): name another one") from None


@contextmanager
def measured(settings: Settings, gauges: Mapping[str, Gauge]) -> Iterator[None]:
    """Record metrics while the block runs, for `/metrics` and for OTLP as set."""
    with ExitStack() as stack:
        readers: list[MetricReader] = []
        if settings.metrics_address is not None:
            readers.append(_page(*settings.metrics_address, stack))
        if settings.otel_exporter_otlp_endpoint and not settings.otel_signed:  # AWS's endpoint is of traces alone
            readers.append(_sender(settings))
        if readers:
            from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider

            off = AlwaysOffExemplarFilter()
            provider = MeterProvider(readers, _resource(), exemplar_filter=off, shutdown_on_exit=False)
            stack.callback(provider.shutdown)
            metrics.recorder = Recorder(provider.get_meter(NAME), gauges)
            stack.callback(setattr, metrics, "recorder", None)
        yield


@contextmanager
def traced(settings: Settings, patience: float = PATIENCE) -> Iterator[None]:
    """Trace while the block runs, if OTLP is set. Each attempt to send takes at most `patience` seconds."""
    if not settings.otel_exporter_otlp_endpoint:
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from milequest.telemetry.tracing import Tracing

    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{_base(settings)}/v1/traces", timeout=patience, session=_signing(settings))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    spans.tracing = Tracing(provider)
    try:
        yield
    finally:
        spans.tracing = None
        provider.shutdown()


def _signing(settings: Settings) -> "Session | None":
    """Return the exporter's client that signs, if traces go to AWS's endpoint; None for the exporter's own."""
    if not settings.otel_signed:
        return None
    from app.trace_signing import signed_session

    return signed_session(source(settings), settings.aws_region)


def flush() -> None:
    """Send the spans of a call, before its function is frozen."""
    if spans.tracing is not None:
        spans.tracing.provider.force_flush(round(PATIENCE_OF_CALL * 1_000))


def _base(settings: Settings) -> str:
    return settings.otel_exporter_otlp_endpoint.rstrip("/")


def _resource() -> "Resource":
    """Return the service's name and the like: of OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, or ours."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    return Resource({"service.name": NAME}).merge(OTELResourceDetector().detect())


def _sender(settings: Settings) -> "MetricReader":
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    return PeriodicExportingMetricReader(OTLPMetricExporter(f"{_base(settings)}/v1/metrics", timeout=PATIENCE))


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
