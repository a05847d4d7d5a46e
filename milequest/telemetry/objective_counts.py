"""Counts by which objectives are judged, as CloudWatch's metrics; the same from functions and from servers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from milequest.rules.errors import ErrorCode
from milequest.store.aws.metric_lines import Metric, counted

SLOW_MS: Final = 1_000.0  # as in infra/objectives.py, from where on an operation is slow, and news late
LATE_MS: Final = 2_000.0
FAULTS: Final = frozenset((ErrorCode.INTERNAL.value, ErrorCode.UNAVAILABLE.value))  # codes that are the service's fault

namespace = ""
"""CloudWatch's namespace, while this process counts. Read it at each use, as it may be set later."""


@contextmanager
def counting(into: str) -> Iterator[None]:
    """Count while the block runs; nothing without a namespace."""
    global namespace
    namespace = into
    try:
        yield
    finally:
        namespace = ""


def operation(duration_ms: float, errors: Sequence[str]) -> None:
    """Count an operation by the codes of its errors, each of which an operation may have beside others."""
    if namespace:
        counted(
            namespace,
            {
                Metric.OPERATIONS: 1,
                Metric.OPERATIONS_FAILED: not FAULTS.isdisjoint(errors),
                Metric.OPERATIONS_SLOW: duration_ms > SLOW_MS,
            },
        )


def news(lags_ms: Sequence[float]) -> None:
    """Count news that was handed over, each by the milliseconds since its write."""
    if namespace and lags_ms:
        counted(namespace, {Metric.NEWS: len(lags_ms), Metric.NEWS_LATE: sum(lag_ms > LATE_MS for lag_ms in lags_ms)})
