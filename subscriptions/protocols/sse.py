"""GraphQL over Server-Sent Events, in distinct connections: one HTTP response is one operation.

Source: enisdenjo/graphql-sse, PROTOCOL.md; the format is the HTML standard's. A result in JSON is one line, as JSON
escapes line breaks.
"""

from typing import Final

from schema.error_payloads import Errors
from subscriptions.protocols.protocol_steps import encoded

EVENTS: Final = "text/event-stream"

KEEP_ALIVE: Final = ":\n\n"  # a comment: it shows proxies that the connection is alive, and clients ignore it
COMPLETE: Final = (
    "event: complete\ndata:\n\n"  # EventSource dispatches no event without data; urql parses a space as a result
)


def next(payload: str, cursor: str | None = None) -> str:
    """Return the event of a result in JSON. EventSource sends the last `cursor` as Last-Event-ID when it reconnects."""
    place = f"id: {cursor}\n" if cursor is not None else ""
    return f"event: next\n{place}data: {payload}\n\n"


def only(payload: str) -> str:
    """Return the complete body of an operation with one result."""
    return next(payload) + COMPLETE


def failed(errors: Errors) -> str:
    """Return the end of an operation that failed or never began. The protocol has no event of its own for that."""
    return only(encoded(errors=errors))
