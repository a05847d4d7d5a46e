"""The dashboard: one page of four questions, as each dashboard beyond an account's first three costs $3 a month."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cw
from constructs import Construct

from infra.config import EDGE_REGION
from infra.constructs.burn_alarms import speed
from infra.constructs.metric_names import Metrics, metric
from infra.constructs.stack import Stack
from infra.objectives import DAYS, FAST, HEARD, HOUR, SERVED, Objective
from infra.queues import LINES

Graphs = Mapping[str, Sequence[cw.IMetric]]
WIDTH = 8  # three graphs are a row


class Overview(Construct):
    """The dashboard of an environment in a region: what is wrong now, then a section for each question."""

    def __init__(self, stack: Stack, metrics: Metrics, alarms: Sequence[cw.AlarmBase]) -> None:
        super().__init__(stack, "Overview")
        self._of, self._stack = metrics, stack
        name = f"{stack.names.of('overview')}-{stack.where.short}"
        self._board = cw.Dashboard(self, "Dashboard", dashboard_name=name)
        self._board.add_widgets(cw.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24))
        self._section("Are clients served?", (SERVED, FAST), self._served())
        self._section("Is news late?", (HEARD,), self._news())
        self._section("Are jobs done?", (), self._jobs())
        self._section("What does it cost?", (), self._cost())

    def _section(self, question: str, objectives: Sequence[Objective], graphs: Graphs) -> None:
        promises = "".join(
            f"\n\n{one.share:.1%} of the time {one.promise}, in {DAYS} days. At speed 1 the budget lasts for them."
            for one in objectives
        )
        self._board.add_widgets(cw.TextWidget(markdown=f"# {question}{promises}", width=24, height=2 + len(objectives)))
        burnt = {
            f"Budget of {one.name}, speed": [speed(self._of, one, HOUR), speed(self._of, one, 24 * HOUR)]
            for one in objectives
        }
        shown = [
            cw.GraphWidget(title=title, left=list(lines), width=WIDTH) for title, lines in {**burnt, **graphs}.items()
        ]
        for first in range(0, len(shown), 3):
            self._board.add_widgets(*shown[first : first + 3])

    def _served(self) -> Graphs:
        of = self._of
        failed = metric("AWS/X-Ray", "ApproximateTraceCount", "sum", GroupName=self._stack.names.of("failed"))
        return {
            "A client of ours, steps that worked": [of.own("ProbeWorked", "min")],
            "Operations": [of.own(name, "sum") for name in ("Operations", "OperationsFailed", "OperationsSlow")],
            "Requests": [of.api(name, "sum") for name in ("Count", "4XXError", "5XXError")],
            "Latency, ms": [
                of.api("Latency", "p99"),
                of.api("IntegrationLatency", "p99"),
                of.own("ProbeDuration", "max"),
            ],
            "Traces that failed": [failed],
            "Aurora, ACU and connections": [
                of.database("ServerlessDatabaseCapacity", "max"),
                of.database("DatabaseConnections", "max"),
            ],
            "Valkey": [of.cache("ElastiCacheProcessingUnits", "sum"), of.cache("BytesUsedForCache", "max")],
        }

    def _news(self) -> Graphs:
        of = self._of
        return {
            "News": [of.own("News", "sum"), of.own("NewsLate", "sum")],
            "From a write to its listeners, ms": [of.own("FanOutLag", "p99"), of.own("ProbeHeard", "max")],
            "Oldest event, s": [of.own("OldestUnpublished", "max")],
            "Oldest message, s": [self._queue(name, "ApproximateAgeOfOldestMessage") for name in LINES],
            "Sockets of API Gateway": [of.own("OpenSockets", "max")],
            "Subscriptions on them": [of.subscriptions()],
            "Topics listened to": [of.own("Topics", "max")],
        }

    def _jobs(self) -> Graphs:
        of = self._of
        return {
            "Calls": [of.functions("Invocations", "sum")],
            "Errors": [of.functions("Errors", "sum")],
            "At once": [of.functions("ConcurrentExecutions", "max")],
            "Messages that failed for good": [of.dead_letters()],
            "Unexpected errors": [of.own("UnexpectedErrors", "sum")],
        }

    def _cost(self) -> Graphs:
        of = self._of
        bill = metric("AWS/Billing", "EstimatedCharges", "max", Currency="USD")  # of the account, here alone
        return {
            **({"This month until now, $": [bill]} if self._stack.where.name == EDGE_REGION else {}),
            "Seconds of functions": [of.functions("Duration", "sum")],
            "Capacity of Aurora, ACU": [of.database("ServerlessDatabaseCapacity", "avg")],
            "Units of the table of sockets": [
                metric("AWS/DynamoDB", f"Consumed{kind}CapacityUnits", "sum", TableName=self._stack.names.of("live"))
                for kind in ("Read", "Write")
            ],
            "Logs, bytes": [metric("AWS/Logs", "IncomingBytes", "sum")],
        }

    def _queue(self, name: str, what: str) -> cw.Metric:
        return self._of.queue(self._stack.names.queue(name, fifo=LINES[name].fifo), what)
