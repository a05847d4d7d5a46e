"""The metrics of dashboards and alarms, by the fixed names of their resources."""

from typing import Final, Literal, TypeAlias

from aws_cdk import aws_cloudwatch as cw

from infra.constructs.alarms import MINUTE, NAMESPACE
from infra.names import Names

Statistic: TypeAlias = Literal["sum", "max", "min", "avg", "p99"]
IN_SEARCHES: Final = {  # which take no short names
    "sum": "Sum",
    "max": "Maximum",
    "min": "Minimum",
    "avg": "Average",
    "p99": "p99",
}


def metric(namespace: str, name: str, statistic: Statistic, **dimensions: str) -> cw.Metric:
    """Return a metric, by the minute."""
    return cw.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=MINUTE,
    )


class Metrics:
    """Metrics of an environment in a region."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def own(self, name: str, statistic: Statistic) -> cw.Metric:
        """Return one that our code writes into its logs."""
        return metric(NAMESPACE, name, statistic)

    def subscriptions(self) -> cw.MathExpression:
        """Return a line for each kind of subscription in use."""
        return _lines(f'{{{NAMESPACE},Kind}} MetricName="Subscriptions"', "max")

    def api(self, name: str, statistic: Statistic) -> cw.Metric:
        """Return one of the REST API."""
        return metric("AWS/ApiGateway", name, statistic, ApiName=self._names.of("api"))

    def database(self, name: str, statistic: Statistic) -> cw.Metric:
        """Return one of the cluster."""
        return metric("AWS/RDS", name, statistic, DBClusterIdentifier=self._names.of("database"))

    def cache(self, name: str, statistic: Statistic) -> cw.Metric:
        """Return one of Valkey."""
        return metric("AWS/ElastiCache", name, statistic, clusterId=self._names.of("cache"))

    def throttled(self) -> cw.MathExpression:
        """Return how many reads and writes of the table of connections DynamoDB throttled."""
        events = {
            kind: metric("AWS/DynamoDB", f"{kind.title()}ThrottleEvents", "sum", TableName=self._names.of("live"))
            for kind in ("read", "write")
        }
        return cw.MathExpression(
            expression="FILL(read, 0) + FILL(write, 0)", using_metrics=dict(events), period=MINUTE, label="throttled"
        )

    def queue(self, queue: str, name: str) -> cw.Metric:
        """Return one of a queue."""
        return metric("AWS/SQS", name, "max", QueueName=queue)

    def dead_letters(self) -> cw.MathExpression:
        """Return a line for each of our dead-letter queues."""
        name = '{AWS/SQS,QueueName} MetricName="ApproximateNumberOfMessagesVisible"'
        return _lines(f"{name} {self._names.of('')} (dead OR failed OR undelivered)", "max")

    def functions(self, name: str, statistic: Statistic) -> cw.MathExpression:
        """Return a line for each of our functions."""
        search = f'{{AWS/Lambda,FunctionName}} MetricName="{name}" {self._names.of("")}'
        return _lines(search, statistic)


def _lines(search: str, statistic: Statistic) -> cw.MathExpression:
    """Return a line for each metric that a search finds."""
    expression = f"SEARCH('{search}', '{IN_SEARCHES[statistic]}', 60)"
    return cw.MathExpression(expression=expression, label="", using_metrics={}, period=MINUTE)
