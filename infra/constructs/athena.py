"""Athena: a workgroup whose results are encrypted and deleted after a month, and named queries."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_athena as athena
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.bucket import bucket
from infra.constructs.stack import stack_of

MOST_READ = 10 * 1024**3  # bytes of one query, about five cents


class Queries(Construct):
    """A workgroup with its named queries."""

    def __init__(self, scope: Construct, name: str, database: str, texts: Mapping[str, str], logs: s3.IBucket) -> None:
        super().__init__(scope, "Queries")
        month = s3.LifecycleRule(expiration=cdk.Duration.days(30))
        results = bucket(self, f"{name}-results", logs=logs, rules=[month])
        group = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=stack_of(self).names.of(name),
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=MOST_READ,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{results.bucket_name}/",
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_S3"
                    ),
                ),
            ),
        )
        for title, text in texts.items():
            query = athena.CfnNamedQuery(
                self, title, name=title, database=database, query_string=text, work_group=group.name
            )
            query.node.add_dependency(group)
