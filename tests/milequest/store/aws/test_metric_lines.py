"""Metrics are lines that CloudWatch reads: its embedded metric format, whose rules are stated here again."""

import json
import time

import pytest

from milequest.store.aws.metric_lines import MOST_AT_ONCE, Metric, measured


@pytest.mark.parametrize("metric", Metric)
def test_a_metric_is_a_line_of_the_embedded_format(metric: Metric, capsys: pytest.CaptureFixture[str]) -> None:
    measured("MileQuest", metric, [1.5, 2])
    (text,) = capsys.readouterr().out.splitlines()
    line = json.loads(text)
    assert abs(line["_aws"]["Timestamp"] - time.time() * 1000) < 5_000
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "MileQuest",
        "Dimensions": [[]],
        "Metrics": [{"Name": metric.value, "Unit": metric.unit}],
    }
    assert line[metric.value] == [1.5, 2]
    assert metric.unit in ("Milliseconds", "Seconds", "Count")


def test_a_line_has_a_hundred_values_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    measured("MileQuest", Metric.FAN_OUT_LAG, list(range(250)))
    lines = [json.loads(text)["FanOutLag"] for text in capsys.readouterr().out.splitlines()]
    assert [len(values) for values in lines] == [MOST_AT_ONCE, MOST_AT_ONCE, 50]
    assert [value for values in lines for value in values] == list(range(250))


def test_without_a_namespace_or_values_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    measured("", Metric.FAN_OUT_LAG, [1])
    measured("MileQuest", Metric.FAN_OUT_LAG, [])
    assert capsys.readouterr().out == ""
