"""Rules of EventBridge around a pipeline: what starts it, and who hears how it goes."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_events as events
from constructs import Construct

from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import stack_of

SAYS = '{"version": "1.0", "source": "custom", "content": {"description": "%s"}}'
"""A notification that mail shows as it is, and Slack as its description."""
FAILED = "<pipeline> failed: what it had not reached yet is not deployed. Look at its execution <execution>."
WAITING = "<pipeline> waits for an approval, in its stage <stage>, for seven days. The execution is <execution>."


def start_with(scope: Construct, bucket: str, key: str) -> None:
    """Start the pipeline whenever an object of a bucket, which tells EventBridge of its objects, is written."""
    stack = stack_of(scope)
    pipeline = stack.arn_of("codepipeline", stack.names.of("pipeline"))
    role = service_role(scope, "Starter", "events")
    allow(role, "codepipeline:StartPipelineExecution", pipeline)
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
    }
    _rule(scope, "starts", pattern, events.CfnRule.TargetProperty(id="pipeline", arn=pipeline, role_arn=role.role_arn))


def tell_how_it_goes(scope: Construct) -> None:
    """Tell those who get tickets of the pipeline's failures, and of an approval that is waited for."""
    _tell(scope, "failed", "CodePipeline Pipeline Execution State Change", {"state": ["FAILED"]}, FAILED)
    waits = {"state": ["STARTED"], "type": {"category": ["Approval"]}}
    _tell(scope, "waits", "CodePipeline Action Execution State Change", waits, WAITING)


def _tell(scope: Construct, name: str, kind: str, detail: Mapping[str, Any], says: str) -> None:
    stack = stack_of(scope)
    pattern = {
        "source": ["aws.codepipeline"],
        "detail-type": [kind],
        "detail": {"pipeline": [stack.names.of("pipeline")], **detail},
    }
    message = events.CfnRule.InputTransformerProperty(
        input_paths_map={
            word: f"$.detail.{'execution-id' if word == 'execution' else word}"
            for word in ("pipeline", "stage", "execution")
            if f"<{word}>" in says
        },
        input_template=SAYS % says,
    )
    target = events.CfnRule.TargetProperty(
        id="ticket", arn=stack.arn_of("sns", stack.names.of("ticket")), input_transformer=message
    )
    _rule(scope, name, pattern, target)


def _rule(scope: Construct, name: str, pattern: Mapping[str, Any], target: events.CfnRule.TargetProperty) -> None:
    stack = stack_of(scope)
    undelivered = stack.arn_of("sqs", stack.names.queue("undelivered"))
    events.CfnRule(
        scope,
        f"{name}-rule",
        name=stack.names.of(f"pipeline-{name}"),
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
