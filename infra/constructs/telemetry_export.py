"""Settings of traces and metrics by OTLP."""

from infra.constructs.stack import Stack


def of_telemetry(stack: Stack) -> dict[str, str]:
    """Return the settings by which traces and metrics are sent to the environment's collector, if there is one."""
    telemetry = stack.home.telemetry
    if telemetry is None:
        return {}
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": telemetry.endpoint,
        "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name={stack.home.name}",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(telemetry.share),
    }
