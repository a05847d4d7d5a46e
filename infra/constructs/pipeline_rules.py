"""Rules of EventBridge around a pipeline: what starts it, and who hears how it goes."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_events as events
from constructs import Construct

from infra.constructs.failure_rule import rule, tell_of
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import stack_of

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
    rule(
        scope,
        "pipeline-starts",
        pattern,
        events.CfnRule.TargetProperty(id="pipeline", arn=pipeline, role_arn=role.role_arn),
    )


def tell_how_it_goes(scope: Construct) -> None:
    """Tell those who get tickets of the pipeline's failures, and of an approval that is waited for."""
    _tell(scope, "pipeline-failed", "CodePipeline Pipeline Execution State Change", {"state": ["FAILED"]}, FAILED)
    waits = {"state": ["STARTED"], "type": {"category": ["Approval"]}}
    _tell(scope, "pipeline-waits", "CodePipeline Action Execution State Change", waits, WAITING)


def _tell(scope: Construct, name: str, kind: str, detail: Mapping[str, Any], says: str) -> None:
    stack = stack_of(scope)
    pattern = {
        "source": ["aws.codepipeline"],
        "detail-type": [kind],
        "detail": {"pipeline": [stack.names.of("pipeline")], **detail},
    }
    paths = {"pipeline": "$.detail.pipeline", "stage": "$.detail.stage", "execution": "$.detail.execution-id"}
    tell_of(scope, name, pattern, paths, says)
