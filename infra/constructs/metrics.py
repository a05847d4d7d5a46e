"""The metrics that dashboards show and alarms watch, by the fixed names of what they are about."""

from typing import Final, Literal, TypeAlias

from aws_cdk import aws_cloudwatch as cw

from infra.constructs.alarms import MINUTE, NAMESPACE, share_of
from infra.names import Names

Statistic: TypeAlias = Literal["sum", "max", "avg", "p99"]
IN_SEARCHES: Final = {"sum": "Sum", "max": "Maximum", "avg": "Average", "p99": "p99"}  # which take no short names


def metric(namespace: str, name: str, statistic: Statistic, **dimensions: str) -> cw.Metric:
    """A metric, by the minute."""
    return cw.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=MINUTE,
    )


class Metrics:
    """Of an environment in a region."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def own(self, name: str, statistic: Statistic) -> cw.Metric:
        """One that our code writes into its logs."""
        return metric(NAMESPACE, name, statistic)

    def subscriptions(self) -> cw.MathExpression:
        """A line for each kind that somebody has one of."""
        return _lines(f'{{{NAMESPACE},Kind}} MetricName="Subscriptions"', "max")

    def api(self, name: str, statistic: Statistic) -> cw.Metric:
        """Of the REST API."""
        return metric("AWS/ApiGateway", name, statistic, ApiName=self._names.of("api"))

    def failed_requests(self) -> cw.MathExpression:
        """Percent of all requests."""
        return share_of(self.api("5XXError", "sum"), self.api("Count", "sum"), "5xx, %")

    def database(self, name: str, statistic: Statistic) -> cw.Metric:
        """Of the cluster."""
        return metric("AWS/RDS", name, statistic, DBClusterIdentifier=self._names.of("database"))

    def cache(self, name: str, statistic: Statistic) -> cw.Metric:
        """Of Valkey."""
        return metric("AWS/ElastiCache", name, statistic, clusterId=self._names.of("cache"))

    def table(self, name: str, statistic: Statistic) -> cw.Metric:
        """Of the table of connections."""
        return metric("AWS/DynamoDB", name, statistic, TableName=self._names.of("live"))

    def queue(self, queue: str, name: str) -> cw.Metric:
        """Of a queue."""
        return metric("AWS/SQS", name, "max", QueueName=queue)

    def functions(self, name: str, statistic: Statistic) -> cw.MathExpression:
        """A line for each of our functions."""
        search = f'{{AWS/Lambda,FunctionName}} MetricName="{name}" {self._names.of("")}'
        return _lines(search, statistic)


def _lines(search: str, statistic: Statistic) -> cw.MathExpression:
    """A line for each metric that a search finds."""
    expression = f"SEARCH('{search}', '{IN_SEARCHES[statistic]}', 60)"
    return cw.MathExpression(expression=expression, label="", using_metrics={}, period=MINUTE)
