"""A private bucket: encrypted, versioned, by TLS only, its accesses logged."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.permissions import acknowledge
from infra.constructs.stack import stack_of

KEPT = 90  # days that logs are kept


def log_bucket(scope: Construct, name: str, *, logs: s3.IBucket | None = None) -> s3.Bucket:
    """Create a bucket for AWS's logs, with S3's own keys, as AWS cannot use others.

    `logs` gets the accesses to this one, if it holds more than accesses itself.
    """
    made = s3.Bucket(
        scope,
        f"{name}-bucket",
        bucket_name=stack_of(scope).names.bucket(name),
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(KEPT))],
        server_access_logs_bucket=logs,
        server_access_logs_prefix=f"{name}/" if logs else None,
    )
    acknowledge(made, "CKV_AWS_21", "Logs are written once, and end after their days")
    if not logs:
        acknowledge(made, "CKV_AWS_18", "It holds accesses itself: to log those would never end")
    return made


def bucket(
    scope: Construct,
    name: str,
    *,
    logs: s3.IBucket,
    key: kms.IKey | None = None,
    rules: Sequence[s3.LifecycleRule] = (),
    cors: Sequence[s3.CorsRule] = (),
) -> s3.Bucket:
    """Create a bucket of ours. With `key` its objects are encrypted by it, else by S3's own."""
    return s3.Bucket(
        scope,
        f"{name}-bucket",
        bucket_name=stack_of(scope).names.bucket(name),
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=bool(key),
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        server_access_logs_bucket=logs,
        server_access_logs_prefix=f"{name}/",
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        lifecycle_rules=[
            s3.LifecycleRule(
                abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                noncurrent_version_expiration=cdk.Duration.days(90),
            ),
            *rules,
        ],
        cors=list(cors) or None,
    )


def tell_of_objects(made: s3.Bucket) -> None:
    """Publish new objects on the account's own bus, so that who hears of them can be deployed later."""
    resource = made.node.default_child
    assert isinstance(resource, s3.CfnBucket)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )
