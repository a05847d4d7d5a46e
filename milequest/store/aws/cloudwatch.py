"""Sums of CloudWatch's metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from milequest.rules.instants import SECOND
from milequest.store.aws.client import Aws


@dataclass(frozen=True, slots=True)
class Watched:
    """A metric: its namespace, its name, and its dimension."""

    namespace: str
    name: str
    about: tuple[str, str]


async def sums(aws: Aws, metrics: Mapping[str, Watched], begins: datetime, ends: datetime) -> dict[str, int]:
    """Return the sum of each in between, none if it was never reported. Raises AwsError or Away."""
    period = (ends - begins) // SECOND
    queries = [
        {
            "Id": id,
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [dict(zip(("Name", "Value"), metric.about, strict=True))],
                },
                "Period": period,
                "Stat": "Sum",
            },
        }
        for id, metric in metrics.items()
    ]
    given = {"MetricDataQueries": queries, "StartTime": begins, "EndTime": ends}
    answer = await aws.sdk.call("cloudwatch", "get_metric_data", **given)
    return {one["Id"]: round(sum(one["Values"])) for one in answer["MetricDataResults"]}
