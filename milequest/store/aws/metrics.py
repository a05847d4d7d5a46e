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


def measured(namespace: str, metric: Metric, values: Sequence[float]) -> None:
    """Write values down; nothing without a namespace, which is where CloudWatch does not read our log."""
    if not namespace:
        return
    for start in range(0, len(values), MOST_AT_ONCE):
        some = values[start : start + MOST_AT_ONCE]
        described = {"Namespace": namespace, "Dimensions": [[]], "Metrics": [{"Name": metric, "Unit": metric.unit}]}
        about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [described]}
        print(orjson.dumps({"_aws": about, metric.value: some}).decode(), flush=True)  # noqa: T201  # this is where it is read
