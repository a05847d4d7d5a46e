"""Monitoring, and the recipients of alarms."""

from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_xray as xray
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.alarms import MINUTE, alarm
from infra.constructs.metric_names import Metrics, metric
from infra.constructs.stack import Stack
from infra.names import REPLICATION, Names
from infra.queues import LINES

SLOW = 20_000.0  # milliseconds; at 29 s API Gateway gives up
CONCURRENCY = 1_000.0  # functions at once, an account's first quota
KEEP = cw.TreatMissingData.IGNORE  # a cluster that was promoted has no lag, and one that is cut off the last one
QUERIES = {
    "errors": 'fields @timestamp, message, request_id, @log | filter level = "ERROR" | sort @timestamp desc',
    "slow-operations": 'filter logger = "milequest.operation" '
    "| fields @timestamp, operation, fields.0, duration_ms, statements, request_id | sort duration_ms desc | limit 50",
    "writes": 'filter logger = "milequest.write" '
    "| fields @timestamp, action, user, request_id, @message | sort @timestamp desc | limit 200",
    "errors-by-function": 'filter level = "ERROR" | stats count(*) as errors by @log | sort errors desc',
    "cold-starts": "filter ispresent(record.metrics.initDurationMs) "
    "| stats count(*), pct(record.metrics.initDurationMs, 99) by @log",
    "most-listened-to": "filter message like /most listen to/ | sort @timestamp desc | limit 20",
    "refused-connections": 'filter action = "REJECT" | stats count(*) as tries by srcAddr, dstPort | sort tries desc',
}


class Watch(Stack):
    """Dashboards, alarms over resources of several stacks, saved queries, traces of failures; and their recipients."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        self._metrics = Metrics(self.names)
        alarms = [*self._pages(), *self._tickets()]
        xray.CfnGroup(
            self,
            "Failed",
            group_name=self.names.of("failed"),
            filter_expression="fault = true OR error = true",
            insights_configuration=xray.CfnGroup.InsightsConfigurationProperty(
                insights_enabled=True, notifications_enabled=True
            ),
        )
        self._dashboard(alarms)
        for name, text in QUERIES.items():
            logs.CfnQueryDefinition(self, f"{name}-query", name=f"{self.names.of('')}/{name}", query_string=text)
        self._tell()

    def _pages(self) -> list[cw.Alarm]:
        """Return the alarms that page. Those of a queue or a function are created with it."""
        of = self._metrics
        made = [
            alarm(self, "Broken", of.failed_requests(), 1, "More than 1 % of requests fail", urgency="page", of=10),
            alarm(self, "Slow", of.api("Latency", "p99"), SLOW, "Latency is near the timeout", urgency="page"),
            alarm(self, "Lag", of.own("FanOutLag", "p99"), 2_000, "Delivery takes over two seconds", urgency="page"),
            alarm(
                self,
                "Unpublished",
                of.own("OldestUnpublished", "max"),
                30,
                "An event has not been delivered for half a minute: relay, planner or poster is stuck",
                urgency="page",
            ),
            alarm(
                self, "Capacity", of.database("ACUUtilization", "max"), 90, "Aurora is near its maximum", urgency="page"
            ),
        ]
        if self.home.features.dr and not self.where.primary:
            lag = metric("AWS/RDS", "AuroraGlobalDBRPOLag", "max", DBClusterIdentifier=self.names.of("database"))
            says = "A failover now would lose more than ten seconds of writes"
            made.append(alarm(self, "Recovery", lag, 10_000, says, urgency="page", missing=KEEP))
        return made

    def _tickets(self) -> list[cw.Alarm]:
        """Return the alarms that can wait until morning."""
        of = self._metrics
        running = metric("AWS/Lambda", "ConcurrentExecutions", "max")
        busy = cw.MathExpression(
            expression=f"100 * running / {CONCURRENCY:g}", using_metrics={"running": running}, period=MINUTE
        )
        made = [
            alarm(self, "Unexpected", of.own("UnexpectedErrors", "sum"), 0, "Unexpected errors: read the logs"),
            alarm(self, "Busy", busy, 80, "Functions use more than 80 % of the account's concurrency"),
            alarm(self, "SocketsBusy", of.own("SocketsThrottled", "sum"), 10, "@connections answers 429"),
            alarm(self, "TableBusy", of.throttled(), 0, "DynamoDB throttles"),
            alarm(self, "CacheBusy", of.cache("ThrottledCmds", "sum"), 0, "Valkey throttles: raise its limits"),
        ]
        if self.home.features.dr and self.where.primary:
            (other,) = [region for region in self.home.regions if not region.primary]
            waiting = metric(
                "AWS/S3",
                "OperationsPendingReplication",
                "max",
                SourceBucket=self.names.bucket("user-data"),
                DestinationBucket=Names(self.home, other).bucket("user-data"),
                RuleId=REPLICATION,
            )
            made.append(
                alarm(self, "Files", waiting, 1_000, "Uploads wait for replication to the other region", minutes=15)
            )
        return made

    def _dashboard(self, alarms: list[cw.Alarm]) -> None:
        """Create one page: alarms, symptoms that users notice, then possible causes."""
        of = self._metrics
        board = cw.Dashboard(self, "Dashboard", dashboard_name=f"{self.names.of('overview')}-{self.where.short}")
        board.add_widgets(cw.AlarmStatusWidget(title="Alarms", alarms=alarms, width=24))
        rows: list[dict[str, list[cw.IMetric]]] = [
            {
                "Requests": [of.api("Count", "sum"), of.api("4XXError", "sum"), of.api("5XXError", "sum")],
                "Failed": [of.failed_requests()],
                "Latency, ms": [of.api("Latency", "p99"), of.api("IntegrationLatency", "p99")],
            },
            {
                "News, ms": [of.own("FanOutLag", "p99")],
                "Oldest message, s": [
                    of.queue(self.names.queue(name, fifo=line.fifo), "ApproximateAgeOfOldestMessage")
                    for name, line in LINES.items()
                ],
                "Traces that failed": [
                    metric("AWS/X-Ray", "ApproximateTraceCount", "sum", GroupName=self.names.of("failed"))
                ],
            },
            {
                "Sockets of API Gateway": [of.own("OpenSockets", "max")],
                "Subscriptions on them": [of.subscriptions()],
                "Topics listened to": [of.own("Topics", "max")],
            },
            {
                "Aurora, ACU": [of.database("ServerlessDatabaseCapacity", "max")],
                "Connections": [of.database("DatabaseConnections", "max")],
                "Valkey": [of.cache("ElastiCacheProcessingUnits", "sum"), of.cache("BytesUsedForCache", "max")],
            },
            {
                "Calls": [of.functions("Invocations", "sum")],
                "Errors": [of.functions("Errors", "sum")],
                "At once": [of.functions("ConcurrentExecutions", "max")],
            },
        ]
        for row in rows:
            board.add_widgets(*(cw.GraphWidget(title=title, left=lines, width=8) for title, lines in row.items()))

    def _tell(self) -> None:
        """Subscribe PagerDuty to pages, and mail to all topics. Slack is a stack of its own, once authorized."""
        self._subscribe("PagerDuty", "page", "https", self.shared("by-hand/pagerduty"))
        for topic in ("page", "ticket", *(["bounces"] if self.where.primary else [])):  # where the pool sends mail
            self._subscribe(f"Mail {topic}", topic, "email", self.home.alerts.email)

    def _subscribe(self, id: str, topic: str, protocol: str, endpoint: str) -> None:
        sns.CfnSubscription(
            self,
            id,
            topic_arn=self.arn_of("sns", self.names.of(topic)),
            protocol=protocol,
            endpoint=endpoint,
            redrive_policy={"deadLetterTargetArn": self.arn_of("sqs", self.names.queue("undelivered"))},
        )
