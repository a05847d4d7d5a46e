"""Metrics as lines of the log, from which CloudWatch reads them (its embedded metric format): no call is made."""

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import orjson

MOST_AT_ONCE: Final = 100  # values of one line


class Metric(StrEnum):
    """A counted or measured value, with its unit in CloudWatch."""

    unit: str

    def __new__(cls, name: str, unit: str) -> "Metric":
        """Create a name with its unit."""
        metric = str.__new__(cls, name)
        metric._value_, metric.unit = name, unit
        return metric

    FAN_OUT_LAG = ("FanOutLag", "Milliseconds")  # from an event until all receivers of a message have it
    OLDEST_UNPUBLISHED = ("OldestUnpublished", "Seconds")  # age of the oldest event that was not published
    SOCKETS_THROTTLED = ("SocketsThrottled", "Count")  # posts that API Gateway throttled until we gave up
    SOCKETS_PER_SERVER = ("SocketsPerServer", "Count")
    OPEN_SOCKETS = ("OpenSockets", "Count")  # held by API Gateway
    SUBSCRIPTIONS = ("Subscriptions", "Count")  # on those sockets, of each `Kind`
    TOPICS = ("Topics", "Count")  # subscribed to on those sockets


def measured(namespace: str, metric: Metric, values: Sequence[float], **about: str) -> None:
    """Log values with their dimensions; nothing without a namespace, as CloudWatch does not read our log then."""
    if not namespace:
        return
    described = {
        "Namespace": namespace,
        "Dimensions": [list(about)],
        "Metrics": [{"Name": metric, "Unit": metric.unit}],
    }
    told = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [described]}
    for start in range(0, len(values), MOST_AT_ONCE):
        line = {"_aws": told, **about, metric.value: values[start : start + MOST_AT_ONCE]}
        print(orjson.dumps(line).decode(), flush=True)  # noqa: T201  # CloudWatch reads it here
