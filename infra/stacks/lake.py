"""The data lake: events, and daily usage, for later analysis."""

from aws_cdk import aws_events as events
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.athena import Queries
from infra.constructs.bucket import bucket, log_bucket
from infra.constructs.delivery import LakeDelivery
from infra.constructs.function import Function
from infra.constructs.permissions import acknowledge, allow
from infra.constructs.schedule import schedule
from infra.constructs.service import data_function, of_probe
from infra.constructs.stack import Stack
from infra.constructs.table import LINES, PARQUET, GlueTable

COLUMNS = {
    "id": "string",
    "channel": "string",
    "sequence": "bigint",
    "kind": "string",
    "at": "timestamp",
    "data": "string",
}
DAYS = {"day": {"type": "date", "format": "yyyy-MM-dd", "range": "2026-01-01,NOW"}}
USAGE = {
    "day": "string",
    "people": "bigint",
    "walkers": "bigint",
    "walks": "bigint",
    "requests": "bigint",
    "sockets": "bigint",
    "messages": "bigint",
}
AT_NIGHT = "cron(20 3 * * ? *)"  # when CloudWatch has all of the day before, UTC
QUERIES = {
    "events-by-day": "SELECT day, kind, count(DISTINCT id) AS events FROM events GROUP BY day, kind ORDER BY day DESC",
    "teams-by-day": "SELECT day, count(DISTINCT channel) AS teams FROM events GROUP BY day ORDER BY day DESC",
    "events-of-a-team": "SELECT * FROM events WHERE channel = 'team:…' AND day >= '2026-01-01' ORDER BY sequence",
    "usage-by-day": "SELECT * FROM usage ORDER BY day DESC",
}


class Lake(Stack):
    """The data lake: a job takes events to Firehose, which stores them as Parquet; another counts each night's usage.

    Athena queries both, and the stack of the bill joins it with the usage.
    """

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        logs = log_bucket(self, "lake-logs")
        lake = bucket(self, "lake", logs=logs)
        database = f"milequest_{environment.name}"
        made = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=self.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=database, description="What happened"),
        )
        table = GlueTable(self, database, "events", COLUMNS, f"s3://{lake.bucket_name}/events/", PARQUET, DAYS)
        table.node.add_dependency(made)
        delivery = LakeDelivery(self, lake, database, table)
        delivery.node.add_dependency(table)
        self._job(delivery)
        self._usage(lake, database).node.add_dependency(made)
        Queries(self, "lake", database, QUERIES, logs)

    def _usage(self, lake: s3.Bucket, database: str) -> GlueTable:
        """Create the table of daily usage, a file a day, as CloudWatch and the database report it."""
        function = data_function(
            self,
            "usage",
            "app.aws.usage.handler",
            "Writes down how much was used on the day before",
            seconds=120,
            asynchronous=True,
            variables={
                "MILEQUEST_LAKE_BUCKET": self.names.bucket("lake"),
                **of_probe(self),
                "MILEQUEST_METERED_API": self.names.of("api"),
                "MILEQUEST_METERED_SOCKETS": self.shared("live/id"),
            },
        )
        files = f"arn:aws:s3:::{self.names.bucket('lake')}/usage/*"
        allow(function.role, "s3:PutObject", files, because="Each day has a file of its own")
        counts = iam.PolicyStatement(actions=["cloudwatch:GetMetricData"], resources=["*"])
        policy = iam.Policy(self, "Counts", statements=[counts], roles=[function.role])
        acknowledge(policy, "AwsSolutions-IAM5[Resource::*]", "Metrics know no resource")
        schedule(self, function, AT_NIGHT)
        return GlueTable(self, database, "usage", USAGE, f"s3://{lake.bucket_name}/usage/", LINES)

    def _job(self, delivery: LakeDelivery) -> None:
        """Create the job.

        EventBridge could call Firehose itself, but a job drops replayed events, and shapes the rows.
        """
        job = Function(
            self,
            "to-lake",
            "app.aws.lake.handler",
            "Takes events to the data lake",
            asynchronous=True,
            variables={"MILEQUEST_LAKE_STREAM": self.names.of("lake")},
        )
        allow(job.role, "firehose:PutRecord", delivery.arn)
        bus = events.EventBus.from_event_bus_arn(
            self, "Bus", self.arn_of("events", f"event-bus/{self.names.of('bus')}")
        )
        rule = events.Rule(
            self,
            "EveryEvent",
            event_bus=bus,
            rule_name=self.names.of("to-lake"),
            event_pattern=events.EventPattern(source=["milequest"]),
        )
        undelivered = sqs.Queue.from_queue_arn(self, "Undelivered", self.arn_of("sqs", self.names.queue("undelivered")))
        resource = rule.node.default_child
        assert isinstance(resource, events.CfnRule)
        resource.targets = [
            events.CfnRule.TargetProperty(
                id="job",
                arn=job.alias.function_arn,
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=undelivered.queue_arn),
            )
        ]
        job.alias.add_permission(
            "Rule", principal=iam.ServicePrincipal("events.amazonaws.com"), source_arn=rule.rule_arn
        )
