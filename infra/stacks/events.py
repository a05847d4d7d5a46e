"""Messages between parts: the bus, topics and queues."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.queue import WorkQueue, dead_letters
from infra.constructs.stack import Stack
from infra.queues import LINES

KEPT = cdk.Duration.days(30)  # events can be replayed this long; they then carry `replay-name`
TOPICS = ("page", "ticket", "bounces")  # alarms that wake people, alarms that wait, mail that did not arrive


class Events(Stack):
    """The event bus with its archive, topics, and the queues between functions."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        self._bus()
        for name, line in LINES.items():
            WorkQueue(self, name, line)
        self._undelivered()
        self._topics()

    def _undelivered(self) -> None:
        """Create the queue of what a rule's or a topic's target refused: those services need its own word to send."""
        queue = dead_letters(self, "Undelivered", "undelivered")
        for service, senders in (("events", "rule/*"), ("sns", "*")):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sqs:SendMessage"],
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    resources=[queue.queue_arn],
                    conditions={
                        "ArnLike": {"aws:SourceArn": f"arn:aws:{service}:{self.region}:{self.account}:{senders}"}
                    },
                )
            )

    def _bus(self) -> None:
        bus = events.EventBus(self, "Bus", event_bus_name=self.names.of("bus"))
        bus.archive(
            "Archive",
            archive_name=self.names.of("archive"),
            event_pattern=events.EventPattern(account=[self.account]),
            retention=KEPT,
        )

    def _topics(self) -> None:
        """Create topics that AWS's services publish to, so their key is our own and those services may use it."""
        key = kms.Key(
            self,
            "TopicKey",
            alias=f"alias/{self.names.of('topics')}",
            description="Encrypts what topics carry",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        # No condition on the source: events to an encrypted topic would be dropped silently.
        services = [
            iam.ServicePrincipal(f"{name}.amazonaws.com")
            for name in ("cloudwatch", "events", "rds", "ses", "costalerts", "budgets", "codestar-notifications")
        ]
        key.add_to_resource_policy(
            iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey*"], principals=services, resources=["*"])
        )
        topics = {
            name: sns.Topic(self, f"{name}-topic", topic_name=self.names.of(name), master_key=key, enforce_ssl=True)
            for name in TOPICS
        }
        for topic in topics.values():
            topic.add_to_resource_policy(
                iam.PolicyStatement(actions=["sns:Publish"], principals=services, resources=[topic.topic_arn])
            )
