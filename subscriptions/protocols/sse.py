"""GraphQL over Server-Sent Events, in distinct connections: one HTTP response is one operation.

Source: enisdenjo/graphql-sse, PROTOCOL.md; the format is the HTML standard's. A result in JSON is one line, whatever it
holds: JSON has no other way to write a line break than `\\n`.
"""

from typing import Final

from subscriptions.protocols.steps import Errors, encoded

EVENTS: Final = "text/event-stream"

KEEP_ALIVE: Final = ":\n\n"  # a comment: proxies see that something comes, and clients pass it over
COMPLETE: Final = (
    "event: complete\ndata:\n\n"  # EventSource tells no event without data; urql reads a space as a result
)


def next(payload: str, cursor: str | None = None) -> str:
    """A result, already in JSON. EventSource hands the last `cursor` back as Last-Event-ID when it comes again."""
    place = f"id: {cursor}\n" if cursor is not None else ""
    return f"event: next\n{place}data: {payload}\n\n"


def only(payload: str) -> str:
    """All of an operation with one result."""
    return next(payload) + COMPLETE


def failed(errors: Errors) -> str:
    """An operation ends, or never began, for these reasons. The protocol has no word of its own for that."""
    return only(encoded(errors=errors))
