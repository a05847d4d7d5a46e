"""What alarms watch is measured where it happens."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.counting import count
from milequest.store import log
from milequest.store.aws.metrics import Metric
from subscriptions.apigateway import poster, rounds
from tests.listening import dial
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team
from tests.subscriptions.test_logged import WALKS

Measured = list[tuple[Metric, float]]


@pytest.fixture
def noted(gate: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Measured]:
    """What would be written."""
    found: Measured = []

    def note(namespace: str, metric: Metric, values: Sequence[float]) -> None:
        found.extend((metric, value) for value in values)

    for module in (poster, rounds):
        monkeypatch.setattr(module, "measured", note)
    yield found
    gate.api.trouble = lambda connection, text: None


async def values(noted: Measured, metric: Metric) -> list[float]:
    """Wait for some of a metric."""
    async with asyncio.timeout(10):
        while not (found := [value for name, value in noted if name is metric]):  # noqa: ASYNC110  # others write it
            await asyncio.sleep(0.05)
    return found


async def test_how_long_news_takes_is_measured_from_the_event_to_the_socket(
    gate: Gateway, team: Team, noted: Measured
) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        assert [one for one in noted if one[0] is Metric.FAN_OUT_LAG] == []  # a beginning waited for nothing
        before = datetime.now(UTC)
        await team.walk(team.ben)
        await stream.next()
        (lag,) = await values(noted, Metric.FAN_OUT_LAG)
        assert 0 < lag <= (datetime.now(UTC) - before).total_seconds() * 1000 + 1


async def test_sockets_that_api_gateway_holds_back_are_counted(gate: Gateway, team: Team, noted: Measured) -> None:
    async with dial(gate.api.url, team.ann) as connection:
        stream = await connection.subscribe(WALKS, team=team.id)
        await stream.next()
        assert [one for one in noted if one[0] is Metric.SOCKETS_THROTTLED] == []
        gate.api.trouble = lambda connection, text: 429 if "next" in text else None
        await team.walk(team.ben)
        assert (await values(noted, Metric.SOCKETS_THROTTLED))[0] == 1


async def test_how_old_the_oldest_is_that_nobody_was_told(gate: Gateway, team: Team, noted: Measured) -> None:
    assert min(await values(noted, Metric.OLDEST_UNPUBLISHED)) == 0
    runtime = gate.parts.runtime
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


async def test_a_server_counts_its_sockets(capsys: pytest.CaptureFixture[str]) -> None:
    counting = asyncio.create_task(count("MileQuest", [1, 2, 3], {4}))
    await asyncio.sleep(0.05)
    counting.cancel()
    assert '"SocketsPerServer":[4]' in capsys.readouterr().out
