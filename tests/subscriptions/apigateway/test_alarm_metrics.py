"""The metrics of alarms are measured at their source."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.connection_metrics import count
from milequest.settings import Settings
from milequest.store.aws.metric_lines import Metric
from milequest.store.cache.interest import Interest, InterestEntry
from milequest.store.cache.valkey_client import connect
from milequest.store.sql import log
from milequest.telemetry.objective_counts import counting
from subscriptions.apigateway import sender, subscription_metrics, sweeper
from subscriptions.apigateway.interest_stream import CONNECTION
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import dial
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team

Measured = list[tuple[str, float]]


@pytest.fixture
def noted(gate: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Measured]:
    """Record the metrics that would be written."""
    found: Measured = []

    def note(namespace: str, metric: Metric, values: Sequence[float], **about: str) -> None:
        found.extend((" ".join([metric, *about.values()]), value) for value in values)

    for module in (subscription_metrics, sender, sweeper):
        monkeypatch.setattr(module, "measured", note)
    yield found
    gate.api.trouble = lambda connection, text: None


async def values(noted: Measured, metric: str) -> list[float]:
    """Wait for values of a metric."""
    async with asyncio.timeout(10):
        while not (found := [value for name, value in noted if name == metric]):  # noqa: ASYNC110  # others write it
            await asyncio.sleep(0.05)
    return found


async def test_fan_out_lag_is_measured_for_events_but_not_for_snapshots(
    gate: Gateway, team: Team, noted: Measured
) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        assert [one for one in noted if one[0] == Metric.FAN_OUT_LAG] == []  # a snapshot waited for nothing
        before = datetime.now(UTC)
        await team.walk(team.ben)
        await stream.next()
        (lag,) = await values(noted, Metric.FAN_OUT_LAG)
        assert 0 < lag <= (datetime.now(UTC) - before).total_seconds() * 1000 + 1


async def test_news_that_is_sent_counts_for_its_objective(
    gate: Gateway, team: Team, noted: Measured, capsys: pytest.CaptureFixture[str]
) -> None:
    with counting("MileQuest"):
        async with dial(gate.api.url, team.ann) as connection:
            stream = await connection.subscribe(WALKS, team=team.id)
            await stream.next()
            assert '"News":' not in capsys.readouterr().out
            await team.walk(team.ben)
            await stream.next()
            await values(noted, Metric.FAN_OUT_LAG)
    assert capsys.readouterr().out.count('"News":1,"NewsLate":0') == 1


async def test_sockets_that_api_gateway_holds_back_are_counted(gate: Gateway, team: Team, noted: Measured) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        assert [one for one in noted if one[0] == Metric.SOCKETS_THROTTLED] == []
        gate.api.trouble = lambda connection, text: 429 if "next" in text else None
        await team.walk(team.ben)
        assert (await values(noted, Metric.SOCKETS_THROTTLED))[0] == 1


async def test_oldest_unpublished_event_is_measured_by_its_age(gate: Gateway, team: Team, noted: Measured) -> None:
    async with asyncio.timeout(10):
        while 0 not in await values(noted, Metric.OLDEST_UNPUBLISHED):  # noqa: ASYNC110  # others write it
            await asyncio.sleep(0.05)
    runtime = gate.deps.runtime
    now = datetime.now(UTC)

    async def left_behind() -> float:
        async with runtime.writer.acquire() as connection:
            changing = connection.transaction()
            await changing.start()
            await connection.execute("UPDATE channel SET relayed = 0 WHERE id = $1", team.channel)
            await connection.execute(
                "UPDATE event SET occurred_at = $2 WHERE channel = $1 AND sequence = 1",
                team.channel,
                now - timedelta(seconds=40),
            )
            oldest = await log.oldest_unrelayed(connection)
            await changing.rollback()
        assert oldest is not None
        return (now - oldest).total_seconds()

    assert await gate.run(left_behind()) == pytest.approx(40, abs=0.001)


@pytest.mark.usefixtures("redis_url")  # which empties it
async def test_subscriber_counts_are_measured_by_kind_and_the_busiest_topic_is_logged(
    gate: Gateway, noted: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    later = int(datetime.now(UTC).timestamp()) + 60
    sockets = [InterestEntry(CONNECTION, id) for id in ("ann", "ben")]
    logs = [
        InterestEntry("log", "ann#1", "team:1"),
        InterestEntry("log", "ben#1", "team:1"),
        InterestEntry("log", "ben#2", "team:2"),
    ]
    entries = [*sockets, *logs, InterestEntry("board", "ann#2", "board|1")]
    with caplog.at_level(logging.INFO, "milequest.live"):
        await gate.run(Interest(gate.deps.runtime.redis).note(dict.fromkeys(entries, later)))
        async with asyncio.timeout(10):
            while "most listen to team:1 (2), " not in caplog.text:  # noqa: ASYNC110  # a round says it
                await asyncio.sleep(0.05)
    assert (await values(noted, "Subscriptions board"))[-1] == 1
    assert (await values(noted, "Subscriptions log"))[-1] == 3
    assert (await values(noted, Metric.OPEN_SOCKETS))[-1] == 2
    assert (await values(noted, Metric.TOPICS))[-1] == 3


async def test_sweep_without_valkey_checks_sockets_all_the_same(
    gate: Gateway, noted: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    async with aclosing(connect(Settings(redis_url="redis://127.0.0.1:1"))) as nowhere:
        runtime = replace(gate.deps.runtime, redis=nowhere)
        await gate.run(sweeper.sweep(replace(gate.deps, runtime=runtime), datetime.now(UTC), sweeper.Timeouts()))
    assert "the number of subscribers is unknown" in caplog.text


async def test_a_server_counts_its_sockets(capsys: pytest.CaptureFixture[str]) -> None:
    task = asyncio.create_task(count("MileQuest", [1, 2, 3], {4}))
    await asyncio.sleep(0.05)
    task.cancel()
    assert '"SocketsPerServer":[4]' in capsys.readouterr().out
