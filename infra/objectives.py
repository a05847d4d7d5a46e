"""Objectives: what the service promises its clients, and in which share of the cases, over 30 days.

Alarms and dashboards use these numbers, and they stand here alone, but that the product counts what is slow or late by
`milequest/telemetry/objective_counts.py`: a test compares them.
"""

from dataclasses import dataclass
from typing import Final

SLOW_MS: Final = 1_000.0  # an operation that takes longer is slow; of a subscription, its beginning
LATE_MS: Final = 2_000.0  # news that comes longer after its write is late
DAYS: Final = 30  # in which the shares have to hold


@dataclass(frozen=True, slots=True)
class Objective:
    """A promise, the share of cases in which it has to hold, and what clients notice where it does not."""

    name: str
    share: float
    promise: str
    broken: str

    @property
    def budget(self) -> float:
        """The share of cases that may fail."""
        return round(1 - self.share, 6)


SERVED: Final = Objective("served", 0.999, "an operation is answered without a fault of ours", "People's requests fail")
FAST: Final = Objective(
    "fast", 0.99, f"an operation is answered within {SLOW_MS / 1_000:g} s", "People wait for answers"
)
HEARD: Final = Objective(
    "heard", 0.99, f"news is delivered within {LATE_MS / 1_000:g} s of its write", "Listeners hear news late"
)
OBJECTIVES: Final = (SERVED, FAST, HEARD)


@dataclass(frozen=True, slots=True)
class Burn:
    """A speed at which a budget is used, judged over a long and a short window of minutes.

    At speed 1 the budget lasts exactly for its days. The short window ends the alarm soon after the fault.
    """

    speed: float
    long: int
    short: int


HOUR: Final = 60
FAST_BURNS: Final = (Burn(14.4, HOUR, 5), Burn(6, 6 * HOUR, 30))  # 2 % of the budget in an hour, 5 % in six
SLOW_BURNS: Final = (Burn(3, 24 * HOUR, 2 * HOUR), Burn(1, 72 * HOUR, 6 * HOUR))  # 10 % in a day, and in three
"""Google's Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"."""
LEAST: Final = 10  # bad cases in the long window: fewer tell nobody, so that one error of a quiet night pages nobody
