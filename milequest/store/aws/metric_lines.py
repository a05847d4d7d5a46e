"""Metrics as lines of the log, from which CloudWatch reads them (its embedded metric format): no call is made."""

import time
from collections.abc import Mapping, Sequence
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

    OPERATIONS = ("Operations", "Count")  # of GraphQL; of a subscription, its beginning
    OPERATIONS_FAILED = ("OperationsFailed", "Count")  # by a fault of the service
    OPERATIONS_SLOW = ("OperationsSlow", "Count")
    NEWS = ("News", "Count")  # deliveries of a log's events, one for all receivers of a message
    NEWS_LATE = ("NewsLate", "Count")
    PROBE_WORKED = ("ProbeWorked", "Count")  # 1 where a client of ours could do all that it does, else 0
    PROBE_HEARD = ("ProbeHeard", "Milliseconds")  # from the answer to its walk until it was heard on its socket
    PROBE_DURATION = ("ProbeDuration", "Milliseconds")  # of all that it does
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
    for start in range(0, len(values), MOST_AT_ONCE):
        _tell(namespace, {metric: values[start : start + MOST_AT_ONCE]}, about)


def counted(namespace: str, counts: Mapping[Metric, int]) -> None:
    """Log counts, each one value, in one line."""
    _tell(namespace, {metric: int(count) for metric, count in counts.items()}, {})


def _tell(namespace: str, values: Mapping[Metric, float | Sequence[float]], about: Mapping[str, str]) -> None:
    described = {
        "Namespace": namespace,
        "Dimensions": [list(about)],
        "Metrics": [{"Name": metric, "Unit": metric.unit} for metric in values],
    }
    told = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [described]}
    line = {"_aws": told, **about, **{metric.value: value for metric, value in values.items()}}
    print(orjson.dumps(line).decode(), flush=True)  # noqa: T201  # CloudWatch reads it here
