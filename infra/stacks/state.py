"""Tables and files outside PostgreSQL."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.bucket import bucket, log_bucket, tell_of_objects
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack
from infra.names import COMING, NOT_YET, REPLICATION, SHOWN, Names

TEXT = dynamodb.AttributeType.STRING
PASSING = s3.LifecycleRule(  # uploads contain locations, and are deleted once scanned
    prefix=f"{COMING}/", expiration=cdk.Duration.days(1), noncurrent_version_expiration=cdk.Duration.days(1)
)


class State(Stack):
    """DynamoDB: sockets of this region. S3: users' uploads."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        self._live()
        self._user_data()

    def _live(self) -> None:
        """Create the table of connections, their subscriptions and positions.

        Connection ids are of one region alone.
        """
        table = dynamodb.TableV2(
            self,
            "live-table",
            table_name=self.names.of("live"),
            partition_key=dynamodb.Attribute(name="pk", type=TEXT),
            sort_key=dynamodb.Attribute(name="sk", type=TEXT),
            time_to_live_attribute="expires",
            billing=dynamodb.Billing.on_demand(),
            dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            encryption=dynamodb.TableEncryptionV2.aws_managed_key(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        assert table.table_stream_arn
        self.share("state/live-stream", table.table_stream_arn)

    def _user_data(self) -> None:
        """Create the bucket of uploads, sent by browsers with a form that we signed."""
        key = kms.Key.from_key_arn(self, "DataKey", self.shared("global/data-key"))
        from_pages = s3.CorsRule(
            allowed_methods=[s3.HttpMethods.POST, s3.HttpMethods.GET],
            allowed_origins=[f"https://{self.home.domain}", f"https://{self.names.host('admin')}"],
            allowed_headers=["*"],
            max_age=3600,
        )
        made = bucket(
            self, "user-data", logs=log_bucket(self, "state-logs"), key=key, cors=[from_pages], rules=[PASSING]
        )
        tell_of_objects(made)
        self._let_show(made)
        self.share("state/user-data-bucket", made.bucket_name)
        for other in self.home.regions:
            if other != self.where:
                self._replicate(made, Names(self.home, other))

    def _let_show(self, made: s3.Bucket) -> None:
        """Let CloudFront serve public pictures. Its distribution is known only after this stack."""
        own = {"StringLike": {"AWS:SourceArn": f"arn:aws:cloudfront::{self.account}:distribution/*"}}
        made.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[f"{made.bucket_arn}/{SHOWN}/*"],
                principals=[iam.ServicePrincipal("cloudfront.amazonaws.com")],
                conditions=own,
            )
        )

    def _replicate(self, made: s3.Bucket, there: Names) -> None:
        """Replicate public pictures to the other region, and that they were deleted; it does the same.

        What came as a copy is not copied again, and S3's own key, by which pictures are encrypted, stays theirs.
        Source: S3's pages on what is replicated, on delete markers, and on objects with encryption.
        """
        target = f"arn:aws:s3:::{there.bucket('user-data')}"
        role = service_role(self, "Replication", "s3")
        allow(role, "s3:GetReplicationConfiguration s3:ListBucket", made.bucket_arn)
        because = "Every picture that is shown is copied"
        reads = "s3:GetObjectVersionForReplication s3:GetObjectVersionAcl s3:GetObjectVersionTagging"
        allow(role, reads, f"arn:aws:s3:::{self.names.bucket('user-data')}/{SHOWN}/*", because=because)
        writes = "s3:ReplicateObject s3:ReplicateDelete s3:ReplicateTags"
        allow(role, writes, f"{target}/{SHOWN}/*", because=because)
        rule = {
            "Id": REPLICATION,
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": f"{SHOWN}/"},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": target, "Metrics": {"Status": "Enabled"}},
        }
        resource = made.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.add_property_override(
            "ReplicationConfiguration", self._once_it_is_there({"Role": role.role_arn, "Rules": [rule]})
        )

    def _once_it_is_there(self, configuration: dict[str, Any]) -> Any:
        """Return a configuration that needs the other region's bucket, for a region where that comes later.

        Such a stack is deployed twice the first time: see `infra/deploy/deployment_plan.py`.
        """
        if self.where.primary:
            return configuration
        is_there = cdk.CfnCondition(
            self,
            "FirstRegionHasPictures",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(self.shared("carried/pictures"), NOT_YET)),
        )
        return {"Fn::If": [is_there.logical_id, configuration, {"Ref": "AWS::NoValue"}]}
