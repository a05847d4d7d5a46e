"""Settings and permissions of traces and metrics by OTLP."""

from typing import Final

from infra.constructs.stack import Stack

SPANS: Final = ("xray:PutSpans", "xray:PutSpansForIndexing")  # which know no resource


def goes_to_cloudwatch(stack: Stack) -> bool:
    """Return whether traces go to CloudWatch's own endpoint, which every function reaches, and asks for signatures."""
    return stack.home.telemetry is not None and not stack.home.telemetry.endpoint


def of_telemetry(stack: Stack) -> dict[str, str]:
    """Return the settings by which traces, and to a collector metrics, are sent, if the environment has any."""
    telemetry = stack.home.telemetry
    if telemetry is None:
        return {}
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": telemetry.endpoint or f"https://xray.{stack.region}.amazonaws.com",
        "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name={stack.home.name}",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(telemetry.share),
        **({} if telemetry.endpoint else {"MILEQUEST_OTEL_SIGNED": "yes"}),
    }
