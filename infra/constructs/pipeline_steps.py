"""The steps of a pipeline, in CodePipeline's format."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from aws_cdk import aws_codepipeline as codepipeline

Action: TypeAlias = codepipeline.CfnPipeline.ActionDeclarationProperty
Variables: TypeAlias = Mapping[str, str]
Stage: TypeAlias = codepipeline.CfnPipeline.StageDeclarationProperty
CAPABILITIES = "CAPABILITY_IAM,CAPABILITY_NAMED_IAM,CAPABILITY_AUTO_EXPAND"


def stage(name: str, *actions: Action) -> Stage:
    """Return a stage of actions."""
    return Stage(name=name, actions=list(actions))


def _action(
    name: str,
    category: str,
    provider: str,
    given: dict[str, str],
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    order: int = 1,
    region: str | None = None,
    role: str | None = None,
    owner: str = "AWS",
) -> Action:
    pipeline = codepipeline.CfnPipeline
    return Action(
        name=name,
        action_type_id=pipeline.ActionTypeIdProperty(category=category, owner=owner, provider=provider, version="1"),
        configuration=given,
        input_artifacts=[pipeline.InputArtifactProperty(name=name) for name in inputs],
        output_artifacts=[pipeline.OutputArtifactProperty(name=name) for name in outputs],
        run_order=order,
        region=region,
        role_arn=role,
    )


def source(connection: str, repository: str, branch: str) -> Action:
    """Return the source: a push to a branch of the repository."""
    given = {"ConnectionArn": connection, "FullRepositoryId": repository, "BranchName": branch}
    whole = given | {"OutputArtifactFormat": "CODEBUILD_CLONE_REF"}
    return _action("GitHub", "Source", "CodeStarSourceConnection", whole, outputs=["source"])


def release(bucket: str, key: str) -> Action:
    """Return the source: an artifact set that another pipeline made."""
    given = {"S3Bucket": bucket, "S3ObjectKey": key, "PollForSourceChanges": "false"}
    return _action("Release", "Source", "S3", given, outputs=["assembly"])


def build(
    name: str,
    project: str,
    *given: str,
    made: Sequence[str] = (),
    order: int = 1,
    variables: Variables = MappingProxyType({}),
) -> Action:
    """Return a build by a project of CodeBuild, in the first artifact that is given to it."""
    values = [{"name": key, "value": value, "type": "PLAINTEXT"} for key, value in variables.items()]
    whole = {
        "ProjectName": project,
        **({"PrimarySource": given[0]} if len(given) > 1 else {}),
        **({"EnvironmentVariables": json.dumps(values)} if values else {}),
    }
    return _action(name, "Build", "CodeBuild", whole, inputs=given, outputs=made, order=order)


def approval(says: str) -> Action:
    """Return a manual approval."""
    return _action("Approve", "Approval", "Manual", {"CustomData": says})


def update(stack: str, template: str, role: str, order: int, region: str) -> Action:
    """Return the creation or update of a stack by CloudFormation, with the role that the bootstrap made for it."""
    given = {
        "ActionMode": "CREATE_UPDATE",
        "StackName": stack,
        "TemplatePath": f"assembly::{template}.template.json",
        "RoleArn": role,
        "Capabilities": CAPABILITIES,
    }
    return _action(template, "Deploy", "CloudFormation", given, inputs=["assembly"], order=order, region=region)
