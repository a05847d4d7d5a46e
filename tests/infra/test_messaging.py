"""Messages between parts: publishers on the bus, consumers of queues, metrics of alarms."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from app.aws.lake import row
from infra.analysis.cost.usage_profile import GATHERED, WINDOW
from milequest.settings import describe
from milequest.store.aws.metric_lines import Metric
from subscriptions.apigateway import table_rows
from tests.infra.assembly import Assembly, Resource

BY_LOGS = {"UnexpectedErrors"}  # made by filters of logs
SHOWN = {
    "FanOutLag",
    "OpenSockets",
    "ProbeDuration",
    "ProbeHeard",
    "Subscriptions",
    "Topics",
}  # by dashboards alone: none of them has a threshold
EVENT = {
    "detail-type": "ACTIVITY_ADDED",
    "detail": {"id": "1/c/1", "channel": "c", "sequence": 1, "occurredAt": "2026-11-29T01:02:03.456Z"},
}


def functions(assembly: Assembly, name: str) -> Iterator[Resource]:
    """Yield a function in all environments and regions."""
    for function in assembly.resources("AWS::Lambda::Function"):
        if function.properties["FunctionName"].split("-", 2)[2] == name:
            yield function


@pytest.mark.parametrize("name", ["relay", "sweep"])
def test_relay_may_publish_to_the_event_bus(assembly: Assembly, name: str) -> None:
    found = list(functions(assembly, name))
    assert len(found) == 3
    for function in found:
        bus = f"milequest-{function.environment}-bus"
        assert function.properties["Environment"]["Variables"]["MILEQUEST_EVENT_BUS"] == bus
        policies = [one for one in assembly.resources("AWS::IAM::Policy") if one.stack == function.stack]
        assert any("events:PutEvents" in one.text and f"event-bus/{bus}" in one.text for one in policies)


def test_every_queue_is_worked_on_or_has_what_failed(assembly: Assembly) -> None:
    feeds = [
        json.dumps(one.properties["EventSourceArn"]) for one in assembly.resources("AWS::Lambda::EventSourceMapping")
    ]
    for queue in assembly.of("events", "AWS::SQS::Queue"):
        name = queue.properties["QueueName"]
        is_of_failures = name.removesuffix(".fifo").endswith("-dead") or name.endswith("-undelivered")
        assert is_of_failures or any(f":{name}" in feed for feed in feeds), name


def test_the_columns_of_the_lake_are_those_of_its_rows(assembly: Assembly) -> None:
    tables = [one.properties["TableInput"] for one in assembly.of("lake", "AWS::Glue::Table")]
    events = [table for table in tables if table["Name"] == "events"]
    assert events
    for table in events:
        assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == list(row(EVENT))


def test_alarms_or_dashboards_show_what_the_code_measures(assembly: Assembly) -> None:
    watching = ("AWS::CloudWatch::Alarm", "AWS::ApplicationAutoScaling::ScalingPolicy")
    watched = {name for one in assembly.resources(*watching) for name in _own(one.properties)}
    measured = {metric.value for metric in Metric}
    assert watched == measured - SHOWN | BY_LOGS
    boards = assembly.of("watch", "AWS::CloudWatch::Dashboard")
    assert boards
    for board in boards:
        text = board.text.replace("\\", "")
        lines = {*re.findall('"MileQuest","([A-Za-z]+)"', text), *re.findall('{MileQuest,.*? MetricName="(.+?)"', text)}
        assert SHOWN <= lines <= measured | BY_LOGS


def test_the_stream_of_sockets_is_followed_for_as_long_as_a_row_lives(assembly: Assembly) -> None:
    streams = [
        one.properties
        for one in assembly.of("live", "AWS::Lambda::EventSourceMapping")
        if "livestream" in json.dumps(one.properties["EventSourceArn"])
    ]
    assert len(streams) == 3
    now = datetime(2026, 11, 29, tzinfo=UTC)
    for stream in streams:
        assert stream["MaximumRecordAgeInSeconds"] == table_rows.expiry(now) - now.timestamp()
        assert (stream["MaximumBatchingWindowInSeconds"], stream["BatchSize"]) == (WINDOW, GATHERED)
        assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert stream["BisectBatchOnFunctionError"]
        assert stream["StartingPosition"] == "TRIM_HORIZON", "what comes while it is made would not be counted"
        assert "Dead" in stream["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
        (pattern,) = [json.loads(one["Pattern"]) for one in stream["FilterCriteria"]["Filters"]]
        assert pattern["eventName"] == ["INSERT", "REMOVE"]
        prefixes = [one["prefix"] for one in pattern["dynamodb"]["Keys"]["pk"]["S"]]
        keys = (table_rows.connection_key("ann="), table_rows.listener_key("group", "ann=", "1"))
        assert all(key.pk.startswith(prefix) for key, prefix in zip(keys, prefixes, strict=True))


def _own(value: object) -> Iterator[str]:
    """Yield the names of our own metrics in some properties."""
    if isinstance(value, dict):
        if value.get("Namespace") == "MileQuest":
            yield value["MetricName"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _own(part)


def test_functions_and_servers_have_settings_that_there_are(assembly: Assembly) -> None:
    """An unknown one would stop them at their start."""
    known = {setting.name for setting in describe()}
    for function in assembly.resources("AWS::Lambda::Function"):
        given = function.properties.get("Environment", {}).get("Variables", {})
        assert {name for name in given if name.startswith("MILEQUEST_")} <= known, str(function)
    for task in assembly.resources("AWS::ECS::TaskDefinition"):
        for container in task.properties["ContainerDefinitions"]:
            given = {one["Name"] for kind in ("Secrets", "Environment") for one in container.get(kind, ())}
            assert {name for name in given if name.startswith("MILEQUEST_")} <= known, str(task)


def test_functions_and_servers_that_write_metrics_have_the_namespace(assembly: Assembly) -> None:
    for name in ("poster", "sweep"):
        for function in functions(assembly, name):
            assert function.properties["Environment"]["Variables"]["MILEQUEST_METRICS_NAMESPACE"] == "MileQuest"
    values = [one for one in assembly.of("fleet", "AWS::SSM::Parameter") if "metrics-namespace" in one.text]
    assert [one.properties["Value"] for one in values] == ["MileQuest"] * 3
