"""Traces of the service in this process, kept in memory by OpenTelemetry's own exporter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from milequest.telemetry import spans
from milequest.telemetry.tracing import Tracing


@dataclass(frozen=True)
class Traces:
    """Finished spans of the service."""

    exporter: InMemorySpanExporter

    def named(self, name: str) -> list[ReadableSpan]:
        """Return the spans of a name, in the order in which they ended."""
        return [one for one in self.exporter.get_finished_spans() if one.name == name]

    def trace(self, one: ReadableSpan) -> list[ReadableSpan]:
        """Return all spans of the trace of a span."""
        spans = self.exporter.get_finished_spans()
        return [other for other in spans if other.context.trace_id == one.context.trace_id]

    def path(self, one: ReadableSpan) -> list[str]:
        """Return the names from the root of its trace to a span."""
        by_id = {other.context.span_id: other for other in self.trace(one)}
        names = [one.name]
        while one.parent is not None and one.parent.span_id in by_id:
            one = by_id[one.parent.span_id]
            names.insert(0, one.name)
        return names


@contextmanager
def kept_traces() -> Iterator[Traces]:
    """Trace the service while the block runs."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.tracing = Tracing(provider)
    try:
        yield Traces(exporter)
    finally:
        spans.tracing = None
        provider.shutdown()
