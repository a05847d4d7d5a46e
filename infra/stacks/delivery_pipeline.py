"""The release process: built and tested once, deployed to staging automatically, to production after approval."""

from collections.abc import Iterable, Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import PRODUCTION, STAGING, Environment, Region
from infra.constructs import pipeline_steps as steps
from infra.constructs.bucket import bucket, log_bucket
from infra.constructs.codebuild import Build, use_artifacts
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack
from infra.names import Names

REPOSITORY: Final = "mile-quest/mile-quest"
RELEASE: Final = "release.zip"
ORDER: Final = ("state", "events", "identity", "api", "live", "jobs", "lake", "fleet", "watch")
"""The stacks that change with the code. The others are deployed by hand, by the runbook."""

ENVIRONMENT: Final = "ENVIRONMENT"  # the variable with its name
PUBLISH: Final = (
    "for assets in milequest-$ENVIRONMENT-*.assets.json; "
    "do npx --yes cdk-assets@4 publish --path $assets || exit 1; done"
)
CHECK: Final = ["make check"]
TEST: Final = [".ci/run"]
PACKAGE: Final = [
    'uv=$(python3 -I app/environment.py uv) && $uv python install 3.14 && export PATH="$HOME/.local/bin:$PATH"',
    "make package",
    "MILEQUEST_PACKAGES=$PWD/packages make synth",
    "cd cdk.out",
    PUBLISH,
]
MIGRATE: Final = [  # CodePipeline's own step for functions would wait until the function reports to it, from the VPC
    'error=$(aws lambda invoke --cli-read-timeout 0 --function-name "$FUNCTION" --query FunctionError --output text '
    "answer.json)",
    "cat answer.json",
    'test "$error" = None',
]
LOGIN: Final = "aws ecr get-login-password | docker login --username AWS --password-stdin ${IMAGES%%/*}"
PUSH: Final = [
    "docker push $IMAGES:$CODEBUILD_RESOLVED_SOURCE_VERSION",
    "aws ssm put-parameter --overwrite --type String --name $PARAMETER "
    "--value $(docker inspect --format '{{index .RepoDigests 0}}' $IMAGES:$CODEBUILD_RESOLVED_SOURCE_VERSION)",
]


RELEASED: Final = [f"zip -qr {RELEASE} .", f"aws s3 cp {RELEASE} s3://$RELEASES/{RELEASE}"]


class Pipeline(Stack):
    """CodePipeline with its projects, its bucket, and the registry of images.

    Production's begins with the artifacts of staging's, so nothing is built twice.
    """

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        self.key = kms.Key(
            self,
            "Key",
            description="What pipelines hand on",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self.artifacts = self._bucket()
        if not region.primary:
            return  # the pipeline works in both regions and exists in one; here it needs a bucket alone
        self._images()
        self.role = service_role(self, "Role", "codepipeline")
        use_artifacts(self.role, self.artifacts, self.key)
        stages = self._to_production() if environment.production else self._to_staging()
        self._pipeline(list(stages))

    def _bucket(self) -> s3.Bucket:
        quarter = s3.LifecycleRule(expiration=cdk.Duration.days(90))
        key = self.key if self.where.primary else None
        return bucket(self, "artifacts", logs=log_bucket(self, "pipeline-logs"), key=key, rules=[quarter])

    def _images(self) -> None:
        """Create the registry of the server's images, which are replicated to the second region."""
        repository = ecr.Repository(
            self,
            "Images",
            repository_name=self.names.of("server"),
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.KMS,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=50)],
        )
        self.share("pipeline/images", repository.repository_uri)
        others = [region.name for region in self.home.regions if region.name != self.where.name]
        if others:
            configuration = ecr.CfnReplicationConfiguration
            rule = configuration.ReplicationRuleProperty(
                destinations=[
                    configuration.ReplicationDestinationProperty(region=region, registry_id=self.account)
                    for region in others
                ]
            )
            ecr.CfnReplicationConfiguration(
                self,
                "Replication",
                replication_configuration=configuration.ReplicationConfigurationProperty(rules=[rule]),
            )

    def _build(
        self,
        name: str,
        commands: list[str],
        *,
        artifacts: str = "",
        images: bool = False,
        variables: dict[str, str] | None = None,
    ) -> Build:
        made = Build(
            self,
            name,
            commands,
            bucket=self.artifacts,
            key=self.key,
            artifacts=artifacts,
            images=images,
            variables=variables,
        )
        allow(self.role, "codebuild:StartBuild codebuild:BatchGetBuilds", made.project.project_arn)
        return made

    def _to_staging(self) -> Iterable[codepipeline.CfnPipeline.StageDeclarationProperty]:
        connection = self.shared("account/connection")
        allow(self.role, "codestar-connections:UseConnection codeconnections:UseConnection", connection)
        check, test = self._build("check", CHECK), self._build("test", TEST)
        package = self._build("package", PACKAGE, artifacts="cdk.out", variables={ENVIRONMENT: self.home.name})
        image = self._build("image", self._image(), images=True, variables=self._image_variables())
        self._may_publish(package)
        self._may_push(image)
        end_to_end = self._build("end-to-end", ["make test FOLDER=tests/infra"])
        releases = Names(PRODUCTION, PRODUCTION.primary).bucket("artifacts")
        release = self._build("release", RELEASED, variables={"RELEASES": releases})
        allow(release.role, "s3:PutObject", f"arn:aws:s3:::{releases}/{RELEASE}")
        for build in (check, test):
            allow(build.role, "codeconnections:UseConnection", connection)
        yield steps.stage("Source", steps.source(connection, REPOSITORY, self.home.branch))
        yield steps.stage(
            "Build",
            steps.build("Check", check.name, "source"),
            steps.build("Test", test.name, "source"),
        )
        yield steps.stage(
            "Package",
            steps.build("Zips", package.name, "source", "assembly"),
            steps.build("Image", image.name, "source"),
        )
        yield self._migrate()
        yield self._deploy("Deploy", self.where)
        yield steps.stage("EndToEnd", steps.build("Drive", end_to_end.name, "source"))
        yield steps.stage("Release", steps.build("Release", release.name, "assembly"))

    def _to_production(self) -> Iterable[codepipeline.CfnPipeline.StageDeclarationProperty]:
        publish = self._build("publish", [PUBLISH], variables={ENVIRONMENT: self.home.name})
        self._may_publish(publish)
        self._let_staging_hand_over()
        yield steps.stage("Source", steps.release(self.names.bucket("artifacts"), RELEASE))
        yield steps.stage("Approval", steps.approval("It is on staging. May people have it?"))
        yield steps.stage("Publish", steps.build("Assets", publish.name, "assembly"))
        yield self._migrate()
        # Functions shift 10 % first and back by themselves: CodeDeploy's groups stand in the stacks' templates.
        for region in self.home.regions:
            yield self._deploy(f"Canary-{region.short}", region)

    def _migrate(self) -> codepipeline.CfnPipeline.StageDeclarationProperty:
        """Return the stage of the new code's migrations, while the old code runs: both can work with each of them."""
        name = self.names.of("migrations")
        build = self._build("migrate", MIGRATE, variables={"FUNCTION": f"{name}:live"})
        allow(build.role, "lambda:InvokeFunction", self.arn_of("lambda", f"function:{name}:live"))
        actions = [action for region in self.home.regions for action in self._updates(["migrations"], region)]
        return steps.stage("Migrate", *actions, steps.build("Expand", build.name, "assembly", order=2))

    def _deploy(self, name: str, region: Region) -> codepipeline.CfnPipeline.StageDeclarationProperty:
        """Return the stage of all stacks that change with the code, one after another."""
        wanted = [stack for stack in ORDER if region.primary or stack not in ("identity", "lake")]
        return steps.stage(name, *self._updates(wanted, region))

    def _updates(self, wanted: Sequence[str], region: Region) -> Sequence[steps.Action]:
        names = Names(self.home, region)
        executor = f"arn:aws:iam::{self.account}:role/cdk-hnb659fds-cfn-exec-role-{self.account}-{region.name}"
        allow(self.role, "iam:PassRole", executor)
        deploying = "cloudformation:CreateStack cloudformation:UpdateStack cloudformation:DescribeStacks"
        stacks = [
            f"arn:aws:cloudformation:{region.name}:{self.account}:stack/{names.stack(stack)}/*" for stack in wanted
        ]
        allow(self.role, deploying, *stacks, because="Behind a stack's name stands an id that only AWS knows")
        return [
            steps.update(names.stack(stack), f"{names.stack(stack)}-{region.name}", executor, order, region.name)
            for order, stack in enumerate(wanted, 1)
        ]

    def _may_publish(self, build: Build) -> None:
        """Let a build publish assets to the bootstrap's buckets, by the role that it made for this."""
        for region in self.home.regions:
            name = f"cdk-hnb659fds-file-publishing-role-{self.account}-{region.name}"
            allow(build.role, "sts:AssumeRole", f"arn:aws:iam::{self.account}:role/{name}")

    def _image(self) -> list[str]:
        """Return the commands that build the servers' image, with telemetry's packages if any environment sends it."""
        packages = "--build-arg PACKAGES=telemetry " if self.home.telemetry or PRODUCTION.telemetry else ""
        return [LOGIN, f"docker build {packages}--tag $IMAGES:$CODEBUILD_RESOLVED_SOURCE_VERSION .", *PUSH]

    def _image_variables(self) -> dict[str, str]:
        registry = f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"
        return {
            "IMAGES": f"{registry}/{self.names.of('server')}",
            "PARAMETER": self.names.parameter("pipeline/server-image"),
        }

    def _may_push(self, build: Build) -> None:
        allow(
            build.role,
            "ssm:PutParameter",
            self.arn_of("ssm", f"parameter{self.names.parameter('pipeline/server-image')}"),
        )
        allow(build.role, "ecr:GetAuthorizationToken", "*", because="A token of ECR is for all of it")
        pushing = "InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage BatchCheckLayerAvailability"
        repository = self.arn_of("ecr", f"repository/{self.names.of('server')}")
        allow(build.role, " ".join(f"ecr:{action}" for action in pushing.split()), repository)

    def _let_staging_hand_over(self) -> None:
        staging = iam.ArnPrincipal(f"arn:aws:iam::{STAGING.account}:root")
        release = f"{self.artifacts.bucket_arn}/{RELEASE}"
        self.artifacts.add_to_resource_policy(
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[release], principals=[staging])
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(actions=["kms:GenerateDataKey", "kms:Decrypt"], resources=["*"], principals=[staging])
        )

    def _pipeline(self, stages: list[codepipeline.CfnPipeline.StageDeclarationProperty]) -> None:
        pipeline = codepipeline.CfnPipeline
        made = pipeline(
            self,
            "Pipeline",
            name=self.names.of("pipeline"),
            pipeline_type="V2",
            execution_mode="QUEUED",
            role_arn=self.role.role_arn,
            stages=stages,
            artifact_stores=[
                pipeline.ArtifactStoreMapProperty(
                    region=region.name,
                    artifact_store=pipeline.ArtifactStoreProperty(
                        type="S3",
                        location=Names(self.home, region).bucket("artifacts"),
                        encryption_key=pipeline.EncryptionKeyProperty(id=self.key.key_arn, type="KMS")
                        if region.primary
                        else None,
                    ),
                )
                for region in self.home.regions
            ],
        )
        made.node.add_dependency(self.role)
