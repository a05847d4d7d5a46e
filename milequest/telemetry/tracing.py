"""Spans by OpenTelemetry. Imported only where tracing is started: see `spans`."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from milequest.telemetry.spans import Attributes, Kind
from milequest.telemetry.work import OTHER, codes_of

KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
FAULTS: Final = frozenset(("INTERNAL", "UNAVAILABLE", OTHER))  # codes that are faults of the service
MOST_LINKS: Final = 16
HEADER: Final = "traceparent"


class Tracing:
    """Maker of spans."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self._tracer = provider.get_tracer("milequest")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self,
        name: str,
        kind: Kind,
        attributes: Attributes,
        parent: context.Context | None = None,
        links: Iterable[Link] = (),
    ) -> Iterator[None]:
        """Run a block as a span. Of an error it has the code or the class, not the message, which may hold values.

        A call of a server gets a span only below another span: a process's own polling is not traced.
        """
        if kind == "client" and not trace.get_current_span().get_span_context().is_valid:
            yield
            return
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=KINDS[kind],
            attributes=dict(attributes),
            links=list(links),
            record_exception=False,
            set_status_on_exception=False,
        ) as one:
            try:
                yield
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                code = codes_of(error)[0]
                one.set_attribute("error.type", type(error).__name__ if code == "INTERNAL" else code)
                if code in FAULTS:
                    one.set_status(StatusCode.ERROR)
                raise

    @contextmanager
    def following(
        self, traceparents: Iterable[str | None], name: str, kind: Kind, attributes: Attributes
    ) -> Iterator[None]:
        """Run a block as a span below the first of these, linked to the others and to the one under way."""
        causes = [one for text in dict.fromkeys(traceparents) if text and (one := self._context(text))]
        others = [trace.get_current_span(one).get_span_context() for one in causes[1 : MOST_LINKS + 1]]
        under_way = trace.get_current_span().get_span_context()
        if causes and under_way.is_valid:
            others.append(under_way)
        parent = causes[0] if causes else None
        with self.span(name, kind, attributes, parent, [Link(one) for one in others]):
            yield

    def traceparent(self) -> str | None:
        """Return the current span as a W3C `traceparent`; None if it is not recorded."""
        if not trace.get_current_span().get_span_context().trace_flags.sampled:
            return None
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get(HEADER)

    def named(self, name: str, attributes: Attributes) -> None:
        """Rename the current span."""
        one = trace.get_current_span()
        one.update_name(name)
        one.set_attributes(dict(attributes))

    def _context(self, text: str) -> context.Context | None:
        """Return the context of a `traceparent`; None for an invalid one."""
        found = self._propagator.extract({HEADER: text}, context.Context())
        return found if trace.get_current_span(found).get_span_context().is_valid else None
