"""Metrics as lines of the log, from which CloudWatch reads them (its embedded metric format): no call is made."""

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import orjson

MOST_AT_ONCE: Final = 100  # values of one line


class Metric(StrEnum):
    """What is counted or measured, with its unit in CloudWatch."""

    unit: str

    def __new__(cls, name: str, unit: str) -> "Metric":
        """A name with its unit."""
        metric = str.__new__(cls, name)
        metric._value_, metric.unit = name, unit
        return metric

    FAN_OUT_LAG = ("FanOutLag", "Milliseconds")  # from an event to when all whom one message is for have it
    OLDEST_UNPUBLISHED = ("OldestUnpublished", "Seconds")  # how long ago the oldest event happened that nobody was told
    SOCKETS_THROTTLED = ("SocketsThrottled", "Count")  # posts that API Gateway held back, until we gave up
    SOCKETS_PER_SERVER = ("SocketsPerServer", "Count")
    OPEN_SOCKETS = ("OpenSockets", "Count")  # that API Gateway holds
    SUBSCRIPTIONS = ("Subscriptions", "Count")  # on them, of each `Kind`
    TOPICS = ("Topics", "Count")  # that somebody listens to on them


def measured(namespace: str, metric: Metric, values: Sequence[float], **about: str) -> None:
    """Write values down, with their dimensions; nothing where CloudWatch does not read our log: without a namespace."""
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
        print(orjson.dumps(line).decode(), flush=True)  # noqa: T201  # this is where it is read
