"""The registry of the servers' images."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.stack import stack_of
from infra.names import Names

PULLING = "ecr:BatchGetImage ecr:GetDownloadUrlForLayer"
PUSHING = (
    "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:CompleteLayerUpload ecr:DescribeImages "
    "ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart"
)


class ImageRegistry(Construct):
    """A repository whose tags are never moved, with a copy in each of the other regions.

    A region's own has to be there before the first push: ECR would make one without these properties.
    """

    def __init__(self, scope: Construct, *, copied_to: Sequence[str], readers: Sequence[str] = ()) -> None:
        super().__init__(scope, "Registry")
        stack = stack_of(self)
        self.repository = ecr.Repository(
            self,
            "Images",
            repository_name=stack.names.of("server"),
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.KMS,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=50)],
        )
        for account in readers:
            reader = iam.ArnPrincipal(f"arn:aws:iam::{account}:root")
            self.repository.add_to_resource_policy(iam.PolicyStatement(actions=PULLING.split(), principals=[reader]))
        if copied_to:
            self._copy(copied_to)

    def _copy(self, regions: Sequence[str]) -> None:
        configuration = ecr.CfnReplicationConfiguration
        account = stack_of(self).account
        destinations = [
            configuration.ReplicationDestinationProperty(region=region, registry_id=account) for region in regions
        ]
        configuration(
            self,
            "Replication",
            replication_configuration=configuration.ReplicationConfigurationProperty(
                rules=[configuration.ReplicationRuleProperty(destinations=destinations)]
            ),
        )


def may_push(role: iam.Role) -> None:
    """Let a role push images of the servers, and see which there are."""
    stack = stack_of(role)
    allow(role, "ecr:GetAuthorizationToken", "*", because="A token of ECR is for all of it")
    allow(role, PUSHING, stack.arn_of("ecr", f"repository/{stack.names.of('server')}"))


def may_pull(role: iam.Role, there: Names) -> None:
    """Let a role pull the images of another environment, whose repository lets its account."""
    repository = f"repository/{there.of('server')}"
    allow(role, PULLING, f"arn:aws:ecr:{there.region.name}:{there.environment.account}:{repository}")


def registry(names: Names) -> str:
    """Return the address of the registry of an environment's region."""
    return f"{names.environment.account}.dkr.ecr.{names.region.name}.amazonaws.com"
