"""A project of CodeBuild: its commands and its permissions."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.function import log_group
from infra.constructs.permissions import acknowledge, allow, service_role
from infra.constructs.stack import stack_of

IMAGE = codebuild.LinuxBuildImage.from_code_build_image_id("aws/codebuild/amazonlinux-aarch64-standard:3.0")
OBJECTS = "s3:GetObject s3:GetObjectVersion s3:PutObject"


class Build(Construct):
    """Commands, run on a clean machine, and the folder `artifacts`, whose files are passed on.

    Its role may use the pipeline's bucket and key, and what is added to it.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        commands: Sequence[str],
        *,
        bucket: s3.IBucket,
        key: kms.IKey,
        artifacts: str = "",
        images: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, f"{name}-build")
        stack = stack_of(self)
        self.name = stack.names.of(name)
        logs = log_group(self, "Logs", f"build/{name}")
        self.role = service_role(self, "Role", "codebuild")
        allow(self.role, "logs:CreateLogStream logs:PutLogEvents", logs.log_group_arn)
        use_artifacts(self.role, bucket, key)
        if images:
            acknowledge(self, "AwsSolutions-CB3", "It builds an image, which Docker does only so")
        self.project = codebuild.PipelineProject(
            self,
            "Project",
            project_name=self.name,
            role=self.role.without_policy_updates(),
            encryption_key=key,
            environment=codebuild.BuildEnvironment(
                build_image=IMAGE, compute_type=codebuild.ComputeType.MEDIUM, privileged=images
            ),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value) for name, value in (variables or {}).items()
            },
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=logs)),
            build_spec=codebuild.BuildSpec.from_object(_spec(commands, artifacts)),
        )


def _spec(commands: Sequence[str], artifacts: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"version": "0.2", "phases": {"build": {"commands": list(commands)}}}
    return spec | ({"artifacts": {"base-directory": artifacts, "files": ["**/*"]}} if artifacts else {})


def use_artifacts(role: iam.Role, bucket: s3.IBucket, key: kms.IKey) -> None:
    """Let a role read and write the artifacts that are passed between steps."""
    stack = stack_of(role)
    objects = f"arn:aws:s3:::{stack.names.bucket('artifacts')}/*"
    allow(role, OBJECTS, objects, because="What is handed on has names that the pipeline makes up")
    allow(role, "s3:GetBucketLocation s3:GetBucketVersioning s3:ListBucket", bucket.bucket_arn)
    allow(role, "kms:Decrypt kms:GenerateDataKey", key.key_arn)
