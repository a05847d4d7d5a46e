"""A project of CodeBuild: its commands and its permissions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra import packaging
from infra.constructs.function import log_group
from infra.constructs.permissions import acknowledge, allow, service_role
from infra.constructs.stack import stack_of

TOOLS: Final = codebuild.LinuxArmBuildImage.from_code_build_image_id("aws/codebuild/amazonlinux-aarch64-standard:4.0")
"""AWS's own image, with its command line, Docker and Node, on the processor that is deployed to."""
DEBIAN: Final = codebuild.LinuxBuildImage.from_docker_registry("public.ecr.aws/docker/library/python:3.11-bookworm")
"""Image of the builds that run `.ci/run`, as in GitHub's workflow: its tests install PostgreSQL and Chromium by apt."""
PYTHON: Final = {"install": {"runtime-versions": {"python": packaging.RUNTIME}}}  # else it is the image's oldest
OBJECTS: Final = "s3:GetObject s3:GetObjectVersion s3:PutObject"


class Build(Construct):
    """Commands, run on a clean machine, and the folder `artifacts`, whose files are passed on.

    Its role may use the pipeline's bucket and key, clone by the `connection` to the repository, and what else is added.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        commands: Sequence[str],
        *,
        bucket: str,
        key: kms.IKey,
        artifacts: str = "",
        connection: str = "",
        images: bool = False,
        debian: bool = False,
        minutes: int = 60,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, f"{name}-build")
        stack = stack_of(self)
        self.name = stack.names.of(name)
        logs = log_group(self, "Logs", f"build/{name}")
        self.role = service_role(self, "Role", "codebuild")
        allow(self.role, "logs:CreateLogStream logs:PutLogEvents", logs.log_group_arn)
        use_artifacts(self.role, bucket, key)
        if connection:  # the pipeline hands on which commit, and the build clones it
            may_clone(self.role, connection)
        if images:
            acknowledge(self, "AwsSolutions-CB3", "It builds an image, which Docker does only so")
        if debian:
            acknowledge(
                self, "AwsSolutions-CB5", "Images of AWS have no apt, or no Chromium in it, which the tests ask for"
            )
        self.project = codebuild.PipelineProject(
            self,
            "Project",
            project_name=self.name,
            role=self.role.without_policy_updates(),
            encryption_key=key,
            environment=codebuild.BuildEnvironment(
                build_image=DEBIAN if debian else TOOLS,
                compute_type=codebuild.ComputeType.MEDIUM,
                privileged=images,
            ),
            timeout=cdk.Duration.minutes(minutes),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value) for name, value in (variables or {}).items()
            },
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=logs)),
            build_spec=codebuild.BuildSpec.from_object(_spec(commands, artifacts, {} if debian else PYTHON)),
        )


def _spec(commands: Sequence[str], artifacts: str, before: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"version": "0.2", "phases": {**before, "build": {"commands": list(commands)}}}
    return spec | ({"artifacts": {"base-directory": artifacts, "files": ["**/*"]}} if artifacts else {})


def may_clone(role: iam.Role, connection: str) -> None:
    """Let a role use the connection to the repository, by the service's new name and its old one."""
    allow(role, "codestar-connections:UseConnection codeconnections:UseConnection", connection)


def use_artifacts(role: iam.Role, bucket: str, key: kms.IKey | None) -> None:
    """Let a role read and write the artifacts that are passed between steps, in the bucket of this name."""
    arn = f"arn:aws:s3:::{bucket}"
    allow(role, OBJECTS, f"{arn}/*", because="What is handed on has names that the pipeline makes up")
    allow(role, "s3:GetBucketLocation s3:GetBucketVersioning s3:ListBucket", arn)
    if key:
        allow(role, "kms:Decrypt kms:GenerateDataKey", key.key_arn)
