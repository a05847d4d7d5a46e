"""Rules of EventBridge by which those who get tickets are told of an event of a service, in words."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_events as events
from constructs import Construct

from infra.constructs.stack import stack_of

SAYS = '{"version": "1.0", "source": "custom", "content": {"description": "%s"}}'
"""A notification that mail shows as it is, and Slack as its description."""


def tell_of(scope: Construct, name: str, pattern: Mapping[str, Any], paths: Mapping[str, str], says: str) -> None:
    """Tell who gets tickets of each event that matches.

    `says` is the text, with words of the event as `<word>`; `paths` is where each stands in the event.
    """
    stack = stack_of(scope)
    message = events.CfnRule.InputTransformerProperty(
        input_paths_map={word: path for word, path in paths.items() if f"<{word}>" in says},
        input_template=SAYS % says,
    )
    target = events.CfnRule.TargetProperty(
        id="ticket", arn=stack.arn_of("sns", stack.names.of("ticket")), input_transformer=message
    )
    rule(scope, name, pattern, target)


def rule(scope: Construct, name: str, pattern: Mapping[str, Any], target: events.CfnRule.TargetProperty) -> None:
    """Create a rule of the account's own bus, whose undelivered events are kept."""
    stack = stack_of(scope)
    undelivered = stack.arn_of("sqs", stack.names.queue("undelivered"))
    events.CfnRule(
        scope,
        f"{name}-rule",
        name=stack.names.of(name),
        event_pattern=pattern,
        targets=[
            events.CfnRule.TargetProperty(
                id=target.id,
                arn=target.arn,
                role_arn=target.role_arn,
                input_transformer=target.input_transformer,
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=undelivered),
            )
        ],
    )
