"""Rules about alarms: what they watch, and whom they tell."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from infra.rules.synthesized import Resource, Templates

VERSION: Final = {"FunctionName", "Resource", "ExecutedVersion"}  # of a version that is called by an alias
SHIFTED: Final = ("api", "live", "identity")  # stacks whose functions clients reach
HOUR, DAY, WEEK = 3_600, 86_400, 604_800  # seconds
MOST_METRICS: Final = 10  # of an expression
LATE: Final = 3  # minutes until a metric is there
DIMENSIONS: Final[Mapping[tuple[str, str], Sequence[set[str]]]] = {
    ("AWS/ApiGateway", "5XXError"): [{"ApiName"}],
    ("AWS/Backup", "NumberOfCopyJobsCompleted"): [{"BackupVaultName", "ResourceType"}],
    ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"): [{"LoadBalancer"}],
    ("AWS/ApplicationELB", "HealthyHostCount"): [{"LoadBalancer", "TargetGroup"}],
    ("AWS/DynamoDB", "ReadThrottleEvents"): [{"TableName"}],  # but ThrottledRequests by Operation too
    ("AWS/DynamoDB", "WriteThrottleEvents"): [{"TableName"}],
    ("AWS/ECS", "MemoryUtilization"): [{"ClusterName", "ServiceName"}],
    ("AWS/ElastiCache", "ThrottledCmds"): [{"clusterId"}],
    ("AWS/Lambda", "ConcurrentExecutions"): [set()],
    ("AWS/Lambda", "Errors"): [{"FunctionName"}, VERSION],
    ("AWS/Lambda", "Invocations"): [{"FunctionName"}, VERSION],
    ("AWS/Lambda", "IteratorAge"): [{"FunctionName"}],
    ("AWS/Lambda", "Throttles"): [{"FunctionName"}],
    ("AWS/RDS", "ACUUtilization"): [{"DBClusterIdentifier"}],
    ("AWS/RDS", "AuroraGlobalDBRPOLag"): [{"DBClusterIdentifier"}],
    ("AWS/RDS", "CPUUtilization"): [{"DBInstanceIdentifier"}],
    ("AWS/RDS", "FreeStorageSpace"): [{"DBInstanceIdentifier"}],
    ("AWS/Route53", "HealthCheckStatus"): [{"HealthCheckId"}],
    ("AWS/S3", "OperationsPendingReplication"): [{"SourceBucket", "DestinationBucket", "RuleId"}],
    ("AWS/SES", "Reputation.BounceRate"): [set()],
    ("AWS/SES", "Reputation.ComplaintRate"): [set()],
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): [{"QueueName"}],
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): [{"QueueName"}],
}
"""Dimensions by which a service publishes a metric, by the page on its metrics: by others there are never data."""


def alarm_tells_of_its_end(templates: Templates) -> Iterator[str]:
    """Yield alarms that tell somebody of their beginning and not of their end.

    Source: PagerDuty's integration with CloudWatch: an incident is resolved by the OK action alone.
    """
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for alarm in templates.resources(kind):
            if alarm.properties.get("AlarmActions") != alarm.properties.get("OKActions"):
                yield f"{alarm} has other OKActions than AlarmActions"


def alarm_tells_somebody(templates: Templates) -> Iterator[str]:
    """Yield alarms that tell nobody, but those that are part of one that does.

    Source: CloudWatch's page on combining alarms: a composite one is told of by its own actions alone.
    """
    composites = list(templates.resources("AWS::CloudWatch::CompositeAlarm"))
    for alarm in (*templates.resources("AWS::CloudWatch::Alarm"), *composites):
        rules = [one.properties["AlarmRule"] for one in composites if one.stack == alarm.stack]
        is_part = any(f'["{alarm.id}", "Arn"]' in json.dumps(rule) for rule in rules)
        if not alarm.properties.get("AlarmActions") and not is_part:
            yield f"{alarm} tells nobody"


def alarm_looks_no_further_back_than_it_may(templates: Templates) -> Iterator[str]:
    """Yield alarms on more than a week, or by periods below an hour on more than a day, or on more than ten metrics.

    Source: PutMetricAlarm in CloudWatch's API reference, `Period`; CloudWatch's page on limits of alarms.
    """
    for alarm in templates.resources("AWS::CloudWatch::Alarm"):
        given = [one["MetricStat"] for one in alarm.properties.get("Metrics", ()) if "MetricStat" in one]
        for period in [one["Period"] for one in given] or [alarm.properties["Period"]]:
            looked = period * alarm.properties["EvaluationPeriods"]
            if looked > (WEEK if period >= HOUR else DAY) or len(given) > MOST_METRICS:
                yield f"{alarm} looks at {len(given)} metrics of {looked} seconds, by {period}"


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
            if metric["Namespace"].startswith("AWS/") and dimensions not in DIMENSIONS.get(name, ()):
                yield f"{alarm} watches {name} by {sorted(dimensions)}"


def alarm_on_lag_ends_with_a_promotion(templates: Templates) -> Iterator[str]:
    """Yield alarms on a cluster's lag that would page for ever, as a promoted cluster publishes none.

    Source: Aurora's page on monitoring a global database.
    """
    for alarm in templates.resources("AWS::CloudWatch::Alarm"):
        if "AuroraGlobalDBRPOLag" in alarm.text and alarm.properties.get("TreatMissingData") != "ignore":
            yield f"{alarm} breaches by missing data"


def canary_can_end_a_release(templates: Templates) -> Iterator[str]:
    """Yield functions that clients' calls reach whose new version no alarm of its own can stop while calls shift.

    Source: AWS SAM's page on safe deployments, for alarms on the new version and the hook before it; CloudWatch's on
    alarms, for how many periods they need. Metrics of functions come some minutes late.
    """
    for alias in templates.resources("AWS::Lambda::Alias"):
        if alias.stack.split("-")[2] not in SHIFTED or "rehearsal" in alias.id:
            continue
        update = alias.body.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {})
        group = _named(templates, alias, "AWS::CodeDeploy::DeploymentGroup", update.get("DeploymentGroupName"))
        if not group or "BeforeAllowTrafficHook" not in update:
            yield f"{alias} is no canary, or has no hook"
            continue
        shift = re.findall(r"Canary\d+Percent(\d+)Minutes", str(group.properties["DeploymentConfigName"]))
        given = group.properties.get("AlarmConfiguration", {}).get("Alarms", [])
        alarms = [_named(templates, alias, "AWS::CloudWatch::Alarm", one["Name"]) for one in given]
        minutes = [_minutes(alarm) + LATE for alarm in alarms if alarm and _is_of_a_version(alarm)]
        if not shift or not minutes or min(minutes) >= int(shift[0]):
            yield f"{alias} shifts in {shift} minutes, and its alarms need {minutes}"


def _named(templates: Templates, beside: Resource, type: str, reference: Any) -> Resource | None:
    """Return the resource of the same stack that a Ref leads to."""
    name = (reference or {}).get("Ref")
    return next((one for one in templates.beside(beside, type) if one.id == name), None)


def _is_of_a_version(alarm: Resource) -> bool:
    dimensions = [{one["Name"] for one in metric.get("Dimensions", ())} for metric in watched(alarm)]
    return VERSION in dimensions


def _minutes(alarm: Resource) -> float:
    """Return how long an alarm's metric has to be bad until it rings."""
    periods = [one["MetricStat"]["Period"] for one in alarm.properties["Metrics"] if "MetricStat" in one]
    points = alarm.properties.get("DatapointsToAlarm", alarm.properties["EvaluationPeriods"])
    return float(points * max(periods) / 60)
