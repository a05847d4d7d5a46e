"""Rules about alarms: what they watch, and whom they tell."""

from collections.abc import Iterator
from typing import Any, Final

from infra.rules.synthesized import Resource, Templates

DIMENSIONS: Final = {
    ("AWS/ApiGateway", "5XXError"): {"ApiName"},
    ("AWS/ApiGateway", "Count"): {"ApiName"},
    ("AWS/ApiGateway", "Latency"): {"ApiName"},
    ("AWS/DynamoDB", "ReadThrottleEvents"): {"TableName"},  # but ThrottledRequests by Operation too
    ("AWS/DynamoDB", "WriteThrottleEvents"): {"TableName"},
    ("AWS/ElastiCache", "ThrottledCmds"): {"clusterId"},
    ("AWS/Lambda", "ConcurrentExecutions"): set[str](),
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Invocations"): {"FunctionName"},
    ("AWS/Lambda", "IteratorAge"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/RDS", "ACUUtilization"): {"DBClusterIdentifier"},
    ("AWS/RDS", "AuroraGlobalDBRPOLag"): {"DBClusterIdentifier"},
    ("AWS/Route53", "HealthCheckStatus"): {"HealthCheckId"},
    ("AWS/S3", "OperationsPendingReplication"): {"SourceBucket", "DestinationBucket", "RuleId"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
}
"""Dimensions by which a service publishes a metric, by the page on its metrics: by others there are never data."""


def alarm_tells_of_its_end(templates: Templates) -> Iterator[str]:
    """Yield alarms that tell somebody of their beginning and not of their end.

    Source: PagerDuty's integration with CloudWatch: an incident is resolved by the OK action alone.
    """
    for alarm in templates.resources("AWS::CloudWatch::Alarm"):
        if alarm.properties.get("AlarmActions") != alarm.properties.get("OKActions"):
            yield f"{alarm} has other OKActions than AlarmActions"


def watched(alarm: Resource) -> Iterator[dict[str, Any]]:
    """Yield the metrics of an alarm, or of its expression."""
    if "MetricName" in alarm.properties:
        yield alarm.properties
    for one in alarm.properties.get("Metrics", ()):
        if "MetricStat" in one:
            yield one["MetricStat"]["Metric"]


def alarm_watches_what_is_published(templates: Templates) -> Iterator[str]:
    """Yield alarms on metrics by dimensions with which the service publishes none.

    Source: each service's page on its metrics; see `DIMENSIONS`.
    """
    for alarm in templates.resources("AWS::CloudWatch::Alarm"):
        for metric in watched(alarm):
            name = metric["Namespace"], metric["MetricName"]
            dimensions = {one["Name"] for one in metric.get("Dimensions", ())}
            if metric["Namespace"].startswith("AWS/") and DIMENSIONS.get(name) != dimensions:
                yield f"{alarm} watches {name} by {sorted(dimensions)}"


def alarm_on_lag_ends_with_a_promotion(templates: Templates) -> Iterator[str]:
    """Yield alarms on a cluster's lag that would page for ever, as a promoted cluster publishes none.

    Source: Aurora's page on monitoring a global database.
    """
    for alarm in templates.resources("AWS::CloudWatch::Alarm"):
        if "AuroraGlobalDBRPOLag" in alarm.text and alarm.properties.get("TreatMissingData") != "ignore":
            yield f"{alarm} breaches by missing data"
