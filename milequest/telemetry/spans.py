"""Spans of traces, where an operator wants them: `tracing` is None where not, and nothing of OpenTelemetry is loaded.

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
"""The process's own, while it is traced. Whoever makes a span asks here each time."""


def span(name: str, kind: Kind = "internal", attributes: Attributes = NONE) -> AbstractContextManager[None]:
    """Return a block that is a span."""
    return NOTHING if tracing is None else tracing.span(name, kind, attributes)


def following(
    traceparents: Iterable[str | None], name: str, kind: Kind = "consumer", attributes: Attributes = NONE
) -> AbstractContextManager[None]:
    """Return a block that is a span of what others have caused: a part of the first one's trace, linked to the rest."""
    return NOTHING if tracing is None else tracing.following(traceparents, name, kind, attributes)


def traceparent() -> str | None:
    """Return the span under way, as W3C's header has it, for whom works on it elsewhere; None if none is recorded."""
    return None if tracing is None else tracing.traceparent()


def named(name: str, attributes: Attributes = NONE) -> None:
    """Give the span under way a name that was not known before."""
    if tracing is not None:
        tracing.named(name, attributes)


async def awaited(answer: Awaitable[T], name: str) -> T:
    """Await in a span."""
    with span(name):
        return await answer
