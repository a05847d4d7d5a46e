"""A queue, with its dead-letter queue and the alarms of both."""

from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarm_words import GAVE_UP, WAITING
from infra.constructs.alarms import MINUTE, alarm
from infra.constructs.permissions import acknowledge
from infra.constructs.stack import stack_of
from infra.queues import Line

OLD = 120.0  # seconds; a message that waits longer is worth a ticket
HIGH_THROUGHPUT: Final[dict[str, Any]] = {  # else a FIFO queue takes 300 calls a second; ids contain their group anyway
    "fifo_throughput_limit": sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    "deduplication_scope": sqs.DeduplicationScope.MESSAGE_GROUP,
}
KEPT = cdk.Duration.days(14)  # the maximum: time to investigate failures
ENCRYPTED = "It is encrypted with SQS's own keys, which the rule does not know"


class WorkQueue(Construct):
    """A queue with its dead-letter queue.

    Both have fixed names, so that no other stack imports anything of this one.
    """

    def __init__(self, scope: Construct, name: str, line: Line) -> None:
        super().__init__(scope, f"{name}-queue")
        self.dead = dead_letters(self, "Dead", f"{name}-dead", fifo=line.fifo)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=stack_of(self).names.queue(name, fifo=line.fifo),
            fifo=line.fifo or None,
            **(HIGH_THROUGHPUT if line.fifo else {}),
            visibility_timeout=cdk.Duration.seconds(line.visibility_timeout),
            retention_period=KEPT,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=line.tries),
        )
        acknowledge(self.queue, "CKV_AWS_27", ENCRYPTED)
        age = self.queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic="max")
        says = f"{WAITING[name]}: messages of {name} wait for more than two minutes"
        alarm(self, "Old", age, OLD, says, "messages-wait")

    @property
    def arn(self) -> str:
        """ARN of the queue itself."""
        return str(self.queue.queue_arn)


def dead_letters(scope: Construct, id: str, name: str, *, fifo: bool = False) -> sqs.Queue:
    """Create a dead-letter queue. Any message in it pages."""
    queue = sqs.Queue(
        scope,
        id,
        queue_name=stack_of(scope).names.queue(name, fifo=fifo),
        fifo=fifo or None,
        retention_period=KEPT,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
    )
    acknowledge(queue, "CKV_AWS_27", ENCRYPTED)
    acknowledge(queue, "AwsSolutions-SQS3", "It is a dead-letter queue itself")
    acknowledge(queue, "Serverless-SQSRedrivePolicy", "It is a dead-letter queue itself")
    visible: cw.IMetric = queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="max")
    words = GAVE_UP[name]
    says = f"{words.broken}: messages failed for good and are in {name}"
    alarm(scope, f"{id} alarm", visible, 0, says, words.section, urgency="page", minutes=1)
    return queue
