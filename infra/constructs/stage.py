"""The stage of a REST API: traced, metered, throttled, its requests logged without their callers."""

from aws_cdk import aws_apigateway as rest

from infra.constructs.function import log_group
from infra.constructs.stack import Stack
from infra.names import STAGE


def stage_options(stack: Stack, id: str, log_name: str) -> rest.StageOptions:
    """Return the options of the one stage of an API of `stack`."""
    return rest.StageOptions(
        stage_name=STAGE,
        tracing_enabled=True,
        metrics_enabled=True,
        logging_level=rest.MethodLoggingLevel.ERROR,
        access_log_destination=rest.LogGroupLogDestination(log_group(stack, id, log_name)),
        access_log_format=rest.AccessLogFormat.json_with_standard_fields(
            caller=False,
            http_method=True,
            ip=True,
            protocol=True,
            request_time=True,
            resource_path=True,
            response_length=True,
            status=True,
            user=False,
        ),
        throttling_rate_limit=stack.home.limits.api_rate,
        throttling_burst_limit=stack.home.limits.api_burst,
    )
