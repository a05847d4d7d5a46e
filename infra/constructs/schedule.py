"""Triggers of functions: schedules, and events of AWS's services."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import Function
from infra.constructs.stack import stack_of


def schedule(scope: Construct, function: Function, expression: str) -> None:
    """Call it by a rule: `rate(1 minute)`, `cron(…)`."""
    _rule(scope, function, "schedule", schedule_expression=expression)


def on_event(scope: Construct, function: Function, pattern: Mapping[str, Any]) -> None:
    """Call it with each event of the account's own bus that matches `pattern`."""
    _rule(scope, function, "event", event_pattern=pattern)


def _rule(scope: Construct, function: Function, kind: str, **given: Any) -> None:
    stack = stack_of(scope)
    undelivered = sqs.Queue.from_queue_arn(
        function, "Undelivered", stack.arn_of("sqs", stack.names.queue("undelivered"))
    )
    rule = events.CfnRule(
        scope,
        f"{function.name}-rule",
        name=stack.names.of(function.name),
        targets=[
            events.CfnRule.TargetProperty(
                id="function",
                arn=function.alias.function_arn,
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=undelivered.queue_arn),
            )
        ],
        **given,
    )
    function.alias.add_permission(
        kind, principal=iam.ServicePrincipal("events.amazonaws.com"), source_arn=rule.attr_arn
    )
