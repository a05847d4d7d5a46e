"""The release process: built and tested once, deployed to staging automatically, to production after approval."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import PRODUCTION, STAGING, Environment, Region
from infra.constructs import build_commands as commands
from infra.constructs import pipeline_rules as rules
from infra.constructs import pipeline_steps as steps
from infra.constructs.bucket import bucket, log_bucket, tell_of_objects
from infra.constructs.codebuild import Build, may_clone, use_artifacts
from infra.constructs.image_registry import ImageRegistry, may_pull, may_push, registry
from infra.constructs.permissions import acknowledge, allow, service_role
from infra.constructs.stack import Stack
from infra.names import OWN_VALUES, Names

REPOSITORY: Final = "mile-quest/mile-quest"
ORDER: Final = ("state", "events", "identity", "api", "live", "jobs", "lake", "fleet", "watch")
"""The stacks that change with the code. The others are deployed by hand, by the runbook."""

DEPLOYING: Final = "CreateStack UpdateStack DescribeStacks DescribeStackEvents"  # events say which resource failed
LONGEST: Final = 90  # minutes that checks and tests may take, as in GitHub's workflow
SOURCE, ASSEMBLY, IMAGE = "source", "assembly", "image"  # artifacts: the commit, the templates, the image's digest


class Pipeline(Stack):
    """CodePipeline with its projects, its buckets, and the registry of images.

    Production's begins with the artifacts of staging's, so nothing is built twice.
    """

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        others = [one.name for one in environment.regions if one.name != region.name] if region.primary else []
        ImageRegistry(self, copied_to=others, readers=() if environment.production else [PRODUCTION.account])
        self.key = self._key() if region.primary else None
        self.artifacts = self._bucket()
        if not self.key:
            return  # the pipeline works in both regions and exists in one; here it needs a bucket and images alone
        self.connection = "" if environment.production else self.shared("account/connection")
        self.role = service_role(self, "Role", "codepipeline")
        for one in environment.regions:  # CodePipeline copies what an action of another region takes
            use_artifacts(self.role, Names(environment, one).bucket("artifacts"), self.key if one.primary else None)
        self.migrate = self._migrates()
        self.choose = self._chooses()
        stages = self._to_production() if environment.production else self._to_staging()
        self._pipeline(list(stages), self.key)
        rules.tell_how_it_goes(self)

    def _key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description="What pipelines hand on",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _bucket(self) -> s3.Bucket:
        quarter = s3.LifecycleRule(expiration=cdk.Duration.days(90))
        return bucket(self, "artifacts", logs=log_bucket(self, "pipeline-logs"), key=self.key, rules=[quarter])

    def _build(self, name: str, lines: Sequence[str], *, source: bool = False, **given: Any) -> Build:
        """Create a project that the pipeline may start; with `source` it clones the commit."""
        connection = self.connection if source else ""
        assert self.key
        made = Build(
            self, name, lines, bucket=self.names.bucket("artifacts"), key=self.key, connection=connection, **given
        )
        allow(self.role, "codebuild:StartBuild codebuild:BatchGetBuilds", made.project.project_arn)
        return made

    def _to_staging(self) -> Iterable[steps.Stage]:
        may_clone(self.role, self.connection)
        check = self._build("check", commands.CHECK, source=True, debian=True, minutes=LONGEST)
        test = self._build("test", commands.TEST, source=True, debian=True, minutes=LONGEST)
        yield steps.stage("Source", steps.source(self.connection, REPOSITORY, self.home.branch))
        yield steps.stage("Build", steps.build("Check", check.name, SOURCE), steps.build("Test", test.name, SOURCE))
        yield steps.stage(
            "Package",
            steps.build("Zips", self._packages().name, SOURCE, made=[ASSEMBLY]),
            steps.build("Image", self._images().name, SOURCE, made=[IMAGE]),
        )
        yield self._migrate()
        yield self._deploy("Deploy", self.where)
        yield steps.stage("EndToEnd", steps.build("Drive", self._drives().name, SOURCE))
        yield steps.stage("Release", steps.build("Release", self._releases().name, ASSEMBLY, IMAGE))

    def _to_production(self) -> Iterable[steps.Stage]:
        publish = self._build("publish", commands.PUBLISH_ASSETS, variables={commands.ENVIRONMENT: self.home.name})
        self._may_publish(publish)
        self._let_staging_hand_over()
        rules.start_with(self, self.names.bucket("artifacts"), commands.RELEASE)
        yield steps.stage("Source", steps.release(self.names.bucket("artifacts"), commands.RELEASE))
        yield steps.stage("Approval", steps.approval("It is on staging. May people have it?"))
        yield steps.stage(
            "Publish",
            steps.build("Assets", publish.name, ASSEMBLY),
            steps.build("Image", self._copies().name, ASSEMBLY, made=[IMAGE]),
        )
        yield self._migrate()
        # Functions shift 10 % first and back by themselves: CodeDeploy's groups stand in the stacks' templates.
        for region in self.home.regions:
            yield self._deploy(f"Canary-{region.short}", region)

    def _packages(self) -> Build:
        parameter = self.names.parameter(OWN_VALUES)
        variables = {commands.ENVIRONMENT: self.home.name, "OWN_VALUES": parameter}
        made = self._build("package", commands.PACKAGE, source=True, artifacts="cdk.out", variables=variables)
        allow(made.role, "ssm:GetParameter", self.arn_of("ssm", f"parameter{parameter}"))
        self._may_publish(made)
        return made

    def _images(self) -> Build:
        """Return the build of the servers' image, with telemetry's packages if any environment sends it."""
        lines = commands.image(telemetry=bool(self.home.telemetry or PRODUCTION.telemetry))
        variables = self._registry()
        made = self._build("image", lines, source=True, artifacts=IMAGE, images=True, variables=variables)
        may_push(made.role)
        return made

    def _copies(self) -> Build:
        """Return the build that copies into this registry the image that staging ran."""
        there = Names(STAGING, STAGING.primary)
        variables = self._registry() | {"SOURCE": f"{registry(there)}/{there.of('server')}"}
        made = self._build("copy-image", commands.COPY, artifacts=IMAGE, images=True, variables=variables)
        may_push(made.role)
        may_pull(made.role, there)
        return made

    def _registry(self) -> dict[str, str]:
        return {"REGISTRY": registry(self.names), "REPOSITORY": self.names.of("server")}

    def _chooses(self) -> Build:
        """Return the build that says which image a region's servers have from its next deployment on."""
        parameter = self.names.parameter("pipeline/server-image")
        variables = {"ACCOUNT": self.account, "PARAMETER": parameter, "REGION": self.region}
        made = self._build(
            "choose-image", commands.CHOOSE, variables=variables | {"REPOSITORY": self.names.of("server")}
        )
        where = [f"arn:aws:ssm:{one.name}:{self.account}:parameter{parameter}" for one in self.home.regions]
        allow(made.role, "ssm:PutParameter", *where)
        return made

    def _drives(self) -> Build:
        """Return the build that drives what is deployed, as a user whose password it sets anew each time."""
        sockets = ["realtime", *(["live"] if self.home.features.fargate else [])]
        variables = {
            "MQ_END_TO_END_URL": f"https://{self.names.host('api')}",
            "MQ_END_TO_END_SOCKETS": " ".join(f"wss://{self.names.host('ws')}/graphql/{path}" for path in sockets),
            "MQ_END_TO_END_EMAIL": f"{commands.TESTER}@{self.home.domain}",
            "POOL": self.shared("identity/pool"),
        }
        made = self._build("end-to-end", commands.DRIVE, source=True, variables=variables)
        setting = "cognito-idp:AdminCreateUser cognito-idp:AdminSetUserPassword"
        allow(made.role, setting, self.shared("identity/pool-arn"))
        return made

    def _releases(self) -> Build:
        """Return the build that lays a release into production's bucket, where its pipeline begins."""
        there = Names(PRODUCTION, PRODUCTION.primary)
        made = self._build("release", commands.RELEASED, variables={"RELEASES": there.bucket("artifacts")})
        allow(made.role, "s3:PutObject", f"arn:aws:s3:::{there.bucket('artifacts')}/{commands.RELEASE}")
        # Of an object in another account both have to allow the key: that account's own policy says which one it is.
        keys = f"arn:aws:kms:{there.region.name}:{PRODUCTION.account}:key/*"
        made.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[keys],
                conditions={"StringEquals": {"kms:ViaService": f"s3.{there.region.name}.amazonaws.com"}},
            )
        )
        acknowledge(made.role, f"AwsSolutions-IAM5[Resource::{keys}]", "The key's id is known in production alone")
        return made

    def _migrates(self) -> Build:
        name = self.names.of("migrations")
        made = self._build("migrate", commands.MIGRATE, variables={"FUNCTION": f"{name}:live"})
        allow(made.role, "lambda:InvokeFunction", self.arn_of("lambda", f"function:{name}:live"))
        return made

    def _migrate(self) -> steps.Stage:
        """Return the stage of the new code's migrations, while the old code runs: both can work with each of them."""
        actions = [action for region in self.home.regions for action in self._updates(["migrations"], region, 1)]
        return steps.stage("Migrate", *actions, steps.build("Expand", self.migrate.name, ASSEMBLY, order=2))

    def _deploy(self, name: str, region: Region) -> steps.Stage:
        """Return the stage of all stacks that change with the code, one after another, once their image is chosen."""
        wanted = [stack for stack in ORDER if region.primary or stack not in ("identity", "lake")]
        chosen = steps.build("Image", self.choose.name, IMAGE, variables={"REGION": region.name})
        return steps.stage(name, chosen, *self._updates(wanted, region, 2))

    def _updates(self, wanted: Sequence[str], region: Region, first: int) -> Sequence[steps.Action]:
        names = Names(self.home, region)
        executor = f"arn:aws:iam::{self.account}:role/cdk-hnb659fds-cfn-exec-role-{self.account}-{region.name}"
        allow(self.role, "iam:PassRole", executor)
        deploying = " ".join(f"cloudformation:{name}" for name in DEPLOYING.split())
        stacks = [
            f"arn:aws:cloudformation:{region.name}:{self.account}:stack/{names.stack(stack)}/*" for stack in wanted
        ]
        allow(self.role, deploying, *stacks, because="Behind a stack's name stands an id that only AWS knows")
        return [
            steps.update(names.stack(stack), f"{names.stack(stack)}-{region.name}", executor, order, region.name)
            for order, stack in enumerate(wanted, first)
        ]

    def _may_publish(self, build: Build) -> None:
        """Let a build publish assets to the bootstrap's buckets, by the role that it made for this."""
        for region in self.home.regions:
            name = f"cdk-hnb659fds-file-publishing-role-{self.account}-{region.name}"
            allow(build.role, "sts:AssumeRole", f"arn:aws:iam::{self.account}:role/{name}")

    def _let_staging_hand_over(self) -> None:
        staging = iam.ArnPrincipal(f"arn:aws:iam::{STAGING.account}:root")
        release = f"{self.artifacts.bucket_arn}/{commands.RELEASE}"
        self.artifacts.add_to_resource_policy(
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[release], principals=[staging])
        )
        assert self.key
        self.key.add_to_resource_policy(
            iam.PolicyStatement(actions=["kms:GenerateDataKey", "kms:Decrypt"], resources=["*"], principals=[staging])
        )
        tell_of_objects(self.artifacts)

    def _pipeline(self, stages: list[steps.Stage], key: kms.Key) -> None:
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
                        encryption_key=pipeline.EncryptionKeyProperty(id=key.key_arn, type="KMS")
                        if region.primary
                        else None,
                    ),
                )
                for region in self.home.regions
            ],
        )
        made.node.add_dependency(self.role)
