"""Instants as whole numbers since 1970, and spans as whole seconds: of integers, as a float is one off for some.

A float in seconds times 1000 is 1000.999… at 1970-01-01T00:00:01.001Z, for instance.
"""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND, MILLISECOND, MICROSECOND = timedelta(seconds=1), timedelta(milliseconds=1), timedelta(microseconds=1)


def seconds(instant: datetime) -> int:
    """Return whole seconds from 1970 to `instant`."""
    return (instant - EPOCH) // SECOND


def milliseconds(instant: datetime) -> int:
    """Return whole milliseconds from 1970 to `instant`."""
    return (instant - EPOCH) // MILLISECOND


def microseconds(instant: datetime) -> int:
    """Return microseconds from 1970 to `instant`, the resolution of a datetime."""
    return (instant - EPOCH) // MICROSECOND


def from_seconds(count: int) -> datetime:
    """Return the instant `count` seconds after 1970."""
    return EPOCH + count * SECOND


def from_microseconds(count: int) -> datetime:
    """Return the instant `count` microseconds after 1970."""
    return EPOCH + count * MICROSECOND


def seconds_up(span: timedelta) -> int:
    """Return the span in seconds, rounded up: after waiting so long it is over."""
    return -(-span // SECOND)
