"""Metrics of this process; `recorder` is None unless the settings ask for them.

No attribute is a caller's: an operation is named by the field of the root it selects, an outcome by a code of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:  # OpenTelemetry is loaded only where metrics are recorded
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

Attributes: TypeAlias = Mapping[str, str]
Gauge: TypeAlias = Callable[[], Iterable[tuple[float, Attributes]]]
"""Values at this moment, each with its attributes. Called by another thread than the loop's."""

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SEVERAL, NONE = "several", "none"


class Recorder:
    """Instruments of the process, on a meter of OpenTelemetry.

    `gauges` maps names to functions that are called at each collection.
    """

    def __init__(self, meter: "Meter", gauges: Mapping[str, Gauge]) -> None:
        counted, timed = meter.create_counter, meter.create_histogram
        self._operations = counted("milequest.operations", description="Operations, by field, kind and outcome")
        self._operation_seconds = timed(
            "milequest.operation.duration",
            unit="s",
            description="From an operation's arrival to its answer, by field and kind",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._statement_seconds = timed(
            "milequest.statement.duration",
            unit="s",
            description="A statement on PostgreSQL, as we wait for it",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._lag = timed(
            "milequest.fanout.lag",
            unit="s",
            description="From an event until it was handed to all subscribers of this process that get one answer",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._delivered = counted("milequest.results", description="Results of subscriptions handed to subscribers")
        self._sockets_ended = counted("milequest.sockets.ended", description="Sockets that ended, by protocol and code")
        self._jobs = counted("milequest.jobs", description="Runs of jobs, by job and outcome")
        self._failures = counted("milequest.server.failures", description="Calls of servers that were out of reach")
        self._away: dict[str, bool] = {"PostgreSQL": False}
        for name, gauge in {**gauges, "milequest.server.away": self._servers}.items():
            meter.create_observable_gauge(name, [_observed(gauge)])

    def operation(self, kind: str | None, fields: tuple[str, ...], seconds: float, outcome: str) -> None:
        """Count an operation."""
        field = NONE if not fields else fields[0] if len(fields) == 1 else SEVERAL
        about = {"kind": kind or NONE, "field": field}
        self._operation_seconds.record(seconds, about)
        self._operations.add(1, {**about, "outcome": outcome})

    def job(self, name: str, outcome: str) -> None:
        """Count a run of a job."""
        self._jobs.add(1, {"job": name, "outcome": outcome})

    def statement(self, seconds: float) -> None:
        """Measure a statement that was answered."""
        self._statement_seconds.record(seconds)
        self._away["PostgreSQL"] = False

    def delivered(self, number: int, lag_seconds: float | None) -> None:
        """Count results that were handed over; those of events that are new have a lag."""
        self._delivered.add(number)
        if lag_seconds is not None:
            self._lag.record(lag_seconds)

    def socket_ended(self, protocol: str, code: str) -> None:
        """Count a socket that ended, by our code, or by none of ours."""
        self._sockets_ended.add(1, {"protocol": protocol, "code": code})

    def reached(self, server: str) -> None:
        """Note that a server has answered."""
        self._away[server] = False

    def failed(self, server: str) -> None:
        """Count a failure of a server, which is away until it answers again."""
        self._away[server] = True
        self._failures.add(1, {"server": server})

    def _servers(self) -> Iterable[tuple[float, Attributes]]:
        return [(float(is_away), {"server": server}) for server, is_away in self._away.copy().items()]


recorder: Recorder | None = None
"""The process's recorder, while it serves with metrics. Read it at each use, as it may be set later."""


def _observed(gauge: Gauge) -> "Callable[[CallbackOptions], Iterable[Observation]]":
    from opentelemetry.metrics import Observation

    return lambda _: [Observation(value, attributes) for value, attributes in gauge()]
