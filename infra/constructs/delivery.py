"""From events to Parquet: a Firehose stream into a bucket, in the shape of a table of Glue."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.function import log_group
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import stack_of
from infra.constructs.table import GlueTable

BUFFER_MB: Final = 64  # the minimum for Parquet
BUFFER_SECONDS: Final = 300


class LakeDelivery(Construct):
    """The stream. Records that do not fit the table are stored below `errors/`."""

    def __init__(self, scope: Construct, bucket: s3.Bucket, database: str, table: GlueTable) -> None:
        super().__init__(scope, "Delivery")
        stack = stack_of(self)
        self._logs = log_group(self, "Logs", "lake/delivery")
        stream = logs.LogStream(
            self,
            "LogStream",
            log_group=self._logs,
            log_stream_name="delivery",
            removal_policy=cdk.RemovalPolicy.DESTROY,  # as its group
        )
        self._role = service_role(self, "Role", "firehose")
        self._allow(bucket, database, table.name)
        made = firehose.CfnDeliveryStream(
            self,
            "Stream",
            delivery_stream_name=stack.names.of("lake"),
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
                key_type="AWS_OWNED_CMK"
            ),
            extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=bucket.bucket_arn,
                role_arn=self._role.role_arn,
                prefix=f"{table.name}/day=!{{timestamp:yyyy-MM-dd}}/",
                error_output_prefix="errors/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/",
                buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                    size_in_m_bs=BUFFER_MB, interval_in_seconds=BUFFER_SECONDS
                ),
                cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                    enabled=True, log_group_name=self._logs.log_group_name, log_stream_name=stream.log_stream_name
                ),
                data_format_conversion_configuration=self._parquet(database, table.name),
            ),
        )
        made.node.add_dependency(self._role)
        self.arn = made.attr_arn

    def _allow(self, bucket: s3.Bucket, database: str, table: str) -> None:
        stack = stack_of(self)
        parts = ("catalog", f"database/{database}", f"table/{database}/{table}")
        allow(self._role, "glue:GetTable glue:GetTableVersions", *(stack.arn_of("glue", part) for part in parts))
        allow(self._role, "logs:PutLogEvents", self._logs.log_group_arn)
        allow(self._role, "s3:GetBucketLocation s3:ListBucketMultipartUploads", bucket.bucket_arn)
        objects = f"arn:aws:s3:::{stack.names.bucket('lake')}/*"
        allow(self._role, "s3:PutObject s3:AbortMultipartUpload", objects, because="Every object is a new one of its")

    def _parquet(
        self, database: str, table: str
    ) -> firehose.CfnDeliveryStream.DataFormatConversionConfigurationProperty:
        """Return the conversion of records from JSON to Parquet."""
        stream = firehose.CfnDeliveryStream
        return stream.DataFormatConversionConfigurationProperty(
            enabled=True,
            input_format_configuration=stream.InputFormatConfigurationProperty(
                deserializer=stream.DeserializerProperty(open_x_json_ser_de=stream.OpenXJsonSerDeProperty())
            ),
            output_format_configuration=stream.OutputFormatConfigurationProperty(
                serializer=stream.SerializerProperty(parquet_ser_de=stream.ParquetSerDeProperty(compression="SNAPPY"))
            ),
            schema_configuration=stream.SchemaConfigurationProperty(
                database_name=database, table_name=table, role_arn=self._role.role_arn, region=stack_of(self).region
            ),
        )
