"""A function that consumes a table's stream: each change arrives at least once, those of one item in order."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_lambda as lambda_

from infra.alarm_words import FAILING
from infra.constructs.alarms import MINUTE, alarm
from infra.constructs.function import Function
from infra.constructs.permissions import allow
from infra.constructs.queue import dead_letters

AT_ONCE: Final = 1_000  # changes of one call, at most
WINDOW: Final = 20  # seconds in which they gather, for a call costs the same with one of them
BEHIND: Final = 120_000.0  # milliseconds; a stream keeps changes for a day


def follow(function: Function, stream: str, changes: Mapping[str, Any], life: int) -> None:
    """Have a function called with changes that match the pattern `changes`. After `life` seconds one is obsolete.

    A failed batch is retried until then, however often: the cause may be that Valkey is away. Then its position in the
    stream is put into a queue. A new mapping begins with the oldest change, as those made meanwhile would be lost.
    """
    steps = "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams"
    allow(function.role, steps, stream)
    dead = dead_letters(function, "Dead", f"{function.name}-failed")
    allow(function.role, "sqs:SendMessage", dead.queue_arn)
    of = lambda_.CfnEventSourceMapping
    mapping = of(
        function,
        "Feed",
        function_name=function.alias.function_arn,
        event_source_arn=stream,
        starting_position="TRIM_HORIZON",
        filter_criteria=of.FilterCriteriaProperty(filters=[of.FilterProperty(pattern=json.dumps(changes))]),
        batch_size=AT_ONCE,
        maximum_batching_window_in_seconds=WINDOW,
        maximum_record_age_in_seconds=life,
        maximum_retry_attempts=-1,
        bisect_batch_on_function_error=True,
        function_response_types=["ReportBatchItemFailures"],
        destination_config=of.DestinationConfigProperty(on_failure=of.OnFailureProperty(destination=dead.queue_arn)),
    )
    mapping.node.add_dependency(function.role)
    age = function.function.metric("IteratorAge", period=MINUTE, statistic="max")
    words = FAILING[function.name]
    says = f"{words.broken}: {function.name} is minutes behind the stream it follows"
    alarm(function, "Behind", age, BEHIND, says, words.section)
