"""Spans of traces; without tracing in the settings `tracing` is None, and nothing of OpenTelemetry is loaded.

A span has names, kinds and counts, never a value: no variable, no argument of a statement, no message of an error.
"""

from collections.abc import Awaitable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from milequest.telemetry.tracing import Tracing

T = TypeVar("T")
Kind: TypeAlias = Literal["internal", "server", "client", "consumer"]
Attributes: TypeAlias = Mapping[str, str | int]

NOTHING: Final = nullcontext()
NONE: Final[Attributes] = MappingProxyType({})

tracing: "Tracing | None" = None
"""The process's maker of spans, while it is traced. Read it at each use, as it may be set later."""


def span(name: str, kind: Kind = "internal", attributes: Attributes = NONE) -> AbstractContextManager[None]:
    """Return a context manager whose block is a span."""
    return NOTHING if tracing is None else tracing.span(name, kind, attributes)


def following(
    traceparents: Iterable[str | None], name: str, kind: Kind = "consumer", attributes: Attributes = NONE
) -> AbstractContextManager[None]:
    """Return a context manager whose block is a span below the first of `traceparents`, linked to the others."""
    return NOTHING if tracing is None else tracing.following(traceparents, name, kind, attributes)


def traceparent() -> str | None:
    """Return the current span as a W3C `traceparent`, to be continued in another process; None if none is recorded."""
    return None if tracing is None else tracing.traceparent()


def named(name: str, attributes: Attributes = NONE) -> None:
    """Rename the current span, once its name is known."""
    if tracing is not None:
        tracing.named(name, attributes)


async def awaited(answer: Awaitable[T], name: str) -> T:
    """Await `answer` in a span."""
    with span(name):
        return await answer
