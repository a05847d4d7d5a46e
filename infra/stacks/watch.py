"""Monitoring, and the recipients of alarms."""

from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_xray as xray
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.alarms import MINUTE, alarm
from infra.constructs.burn_alarms import watch
from infra.constructs.metric_names import Metrics, metric
from infra.constructs.overview import Overview
from infra.constructs.stack import Stack
from infra.names import REPLICATION, Names
from infra.objectives import OBJECTIVES

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
    """The dashboard, alarms on objectives and on resources of several stacks, saved queries, and who is told."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        self._metrics = Metrics(self.names)
        objectives = [made for each in OBJECTIVES for made in watch(self, self._metrics, each)]
        alarms: list[cw.AlarmBase] = [*objectives, *self._pages(), *self._tickets()]
        xray.CfnGroup(
            self,
            "Failed",
            group_name=self.names.of("failed"),
            filter_expression="fault = true OR error = true",
            insights_configuration=xray.CfnGroup.InsightsConfigurationProperty(
                insights_enabled=True, notifications_enabled=True
            ),
        )
        Overview(self, self._metrics, alarms)
        for name, text in QUERIES.items():
            logs.CfnQueryDefinition(self, f"{name}-query", name=f"{self.names.of('')}/{name}", query_string=text)
        self._tell()

    def _pages(self) -> list[cw.Alarm]:
        """Return alarms that page beside those of objectives. Those of a queue or a function are created with it."""
        of = self._metrics
        made = [
            alarm(
                self,
                "Unpublished",
                of.own("OldestUnpublished", "max"),
                30,
                "Listeners hear no news: an event waits for half a minute, as relay, planner or poster is stuck",
                "news-is-stuck",
                urgency="page",
            ),
            alarm(
                self,
                "Capacity",
                of.database("ACUUtilization", "max"),
                90,
                "Soon people wait for answers: Aurora is near its maximum",
                "aurora-is-near-its-maximum",
                urgency="page",
            ),
        ]
        if self.home.features.dr and not self.where.primary:
            lag = metric("AWS/RDS", "AuroraGlobalDBRPOLag", "max", DBClusterIdentifier=self.names.of("database"))
            says = "Nobody notices, but a failover now would lose more than ten seconds of people's writes"
            section = "a-failover-would-lose-writes"
            made.append(alarm(self, "Recovery", lag, 10_000, says, section, urgency="page", missing=KEEP))
        return made

    def _tickets(self) -> list[cw.Alarm]:
        """Return the alarms that can wait until morning."""
        of = self._metrics
        running = metric("AWS/Lambda", "ConcurrentExecutions", "max")
        busy = cw.MathExpression(
            expression=f"100 * running / {CONCURRENCY:g}", using_metrics={"running": running}, period=MINUTE
        )
        given: tuple[tuple[str, cw.IMetric, float, str, str], ...] = (
            (
                "Unexpected",
                of.own("UnexpectedErrors", "sum"),
                0,
                "Somebody got an error that nobody expected",
                "unexpected-errors",
            ),
            (
                "Busy",
                busy,
                80,
                "Soon requests are refused: functions use more than 80 % of the account's concurrency",
                "functions-use-the-accounts-concurrency",
            ),
            (
                "SocketsBusy",
                of.own("SocketsThrottled", "sum"),
                10,
                "Some listeners hear news late: @connections answers 429",
                "connections-are-throttled",
            ),
            (
                "TableBusy",
                of.throttled(),
                0,
                "Listeners hear news late: DynamoDB throttles",
                "dynamodb-throttles",
            ),
            (
                "CacheBusy",
                of.cache("ThrottledCmds", "sum"),
                0,
                "People wait for answers: Valkey throttles",
                "valkey-throttles",
            ),
        )
        made = [alarm(self, id, watched, above, says, section) for id, watched, above, says, section in given]
        for other in (region for region in self.home.regions if region != self.where):
            waiting = metric(
                "AWS/S3",
                "OperationsPendingReplication",
                "max",
                SourceBucket=self.names.bucket("user-data"),
                DestinationBucket=Names(self.home, other).bucket("user-data"),
                RuleId=REPLICATION,
            )
            says = "Nobody notices, but a failover now would lose pictures: they wait for replication"
            made.append(alarm(self, "Files", waiting, 1_000, says, "pictures-wait-for-replication", minutes=15))
        return made

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
