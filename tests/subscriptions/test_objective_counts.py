"""Counts of operations and news by which objectives are judged, of a server, as CloudWatch reads them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from infra import objectives
from milequest.telemetry import objective_counts
from milequest.telemetry.objective_counts import LATE_MS, SLOW_MS, counting
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import dial
from tests.service import Service
from tests.subscriptions.team import Team

KINDS = ("Operations", "OperationsFailed", "OperationsSlow")


@pytest.fixture
def counted() -> Iterator[None]:
    """Count while a test runs."""
    with counting("MileQuest"):
        yield


def lines(capsys: pytest.CaptureFixture[str], name: str) -> list[Mapping[str, Any]]:
    """Return the lines of metrics that hold a name, without CloudWatch's own part."""
    found = []
    for text in capsys.readouterr().out.splitlines():
        line = json.loads(text)
        (described,) = line.pop("_aws")["CloudWatchMetrics"]
        assert {one["Name"] for one in described["Metrics"]} == set(line)
        assert (described["Namespace"], described["Dimensions"]) == ("MileQuest", [[]])
        if name in line:
            found.append(line)
    return found


@pytest.mark.parametrize(
    ("duration_ms", "errors", "told"),
    [
        (1.0, [], (1, 0, 0)),
        (1.0, ["NOT_FOUND", "VALIDATION_ERROR", "CANCELLED"], (1, 0, 0)),
        (1.0, ["INTERNAL"], (1, 1, 0)),
        (1.0, ["NOT_FOUND", "UNAVAILABLE"], (1, 1, 0)),
        (SLOW_MS, [], (1, 0, 0)),
        (SLOW_MS + 0.1, [], (1, 0, 1)),
    ],
)
def test_operation_counts_by_its_errors_and_its_time(
    counted: None,
    capsys: pytest.CaptureFixture[str],
    duration_ms: float,
    errors: Sequence[str],
    told: tuple[int, int, int],
) -> None:
    objective_counts.operation(duration_ms, errors)
    assert lines(capsys, "Operations") == [dict(zip(KINDS, told, strict=True))]


def test_news_counts_by_its_age(counted: None, capsys: pytest.CaptureFixture[str]) -> None:
    objective_counts.news([0, LATE_MS, LATE_MS + 1])
    objective_counts.news([])
    assert lines(capsys, "News") == [{"News": 3, "NewsLate": 1}]


def test_what_is_slow_or_late_is_what_the_objectives_say() -> None:
    assert (SLOW_MS, LATE_MS) == (objectives.SLOW_MS, objectives.LATE_MS)


def test_nothing_is_counted_without_a_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    objective_counts.operation(1.0, [])
    objective_counts.news([1.0])
    assert capsys.readouterr().out == ""


async def test_server_counts_its_operations_and_its_news(
    counted: None, service: Service, team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    async with dial(service.socket_url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        capsys.readouterr()
        await team.walk(team.ben)
        await stream.next()
    output = capsys.readouterr().out
    assert output.count('"Operations":1,"OperationsFailed":0,"OperationsSlow":0') == 1
    assert output.count('"News":1,"NewsLate":0') == 1
