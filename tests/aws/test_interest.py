"""The deployed table's stream: subscribers are counted in the deployed functions' Valkey, and the sweep reports it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from milequest.settings import Settings
from milequest.store.aws.client import Aws
from milequest.store.aws.dynamodb import Table
from milequest.store.cache.interest import Counts, Interest
from milequest.store.cache.valkey_client import Valkey, connect
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.connection_store import ConnectionStore
from tests.aws.deployment import PATIENCE, Deployment
from tests.aws.driving import found, imported
from tests.documents import NAMES_ON_BOARD as BOARD
from tests.documents import NOTES_OF_WALKS as WALKS
from tests.listening import dial

LOGS = "Logs_20140328.FilterLogEvents"
IN_THE_WAY = "milequest:{interest}:until"
NOBODY = Counts({}, 0, {})


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Valkey]:
    """Yield the Valkey of the deployed functions, empty."""
    async with aclosing(connect(Settings(redis_url=redis_url))) as client:
        yield client


async def counted(valkey: Valkey, right: Counts) -> None:
    """Wait until the counts are these."""
    end, interest = time.monotonic() + PATIENCE, Interest(valkey)
    while (seen := await interest.counts(datetime.now(UTC))) != right:
        assert time.monotonic() < end, seen
        await asyncio.sleep(0.1)


async def told(deployment: Deployment) -> tuple[dict[str, float], list[str]]:
    """Return the report of a sweep: its metrics, and its log line of the most listened-to topics."""
    since = int(time.time() * 1000)
    await asyncio.to_thread(deployment.invoke, "sweep", {})
    group = {"logGroupName": "/milequest/staging/function/sweep", "startTime": since}

    def work(aws: Any) -> Any:
        return aws.call(aws.signer("logs"), aws.origin("logs"), LOGS, "1.1", group)

    said = await asyncio.to_thread(deployment.on_aws, work)
    lines = [json.loads(one["message"]) for one in said["events"] if one["message"].startswith("{")]
    metrics = {
        " ".join([metric["Name"], *(line[name] for name in described["Dimensions"][0])]): line[metric["Name"]][0]
        for line in lines
        if "_aws" in line
        for described in line["_aws"]["CloudWatchMetrics"]
        for metric in described["Metrics"]
    }
    return metrics, [line["message"] for line in lines if line.get("message", "").startswith("most listen")]


async def test_deployed_subscribers_are_counted_in_valkey_by_kind_and_topic(
    deployment: Deployment, ann: str, valkey: Valkey
) -> None:
    team = await asyncio.to_thread(found, deployment, ann)
    channel, state = topics_of(team)
    async with dial(deployment.socket_url, ann) as connection:
        walks = await connection.subscribe(WALKS, team=team)
        board = await connection.subscribe(BOARD, team=team)
        await walks.next()
        await board.next()
        await counted(valkey, Counts({"connection": 1, "log": 1, "board": 1}, 2, {channel: 1, state: 1}))
        metrics, said = await told(deployment)
        assert {
            "OpenSockets": 1,
            "Topics": 2,
            "Subscriptions log": 1,
            "Subscriptions board": 1,
        }.items() <= metrics.items()
        assert f"{channel} (1)" in said[-1]
        await board.stop()
        await counted(valkey, Counts({"connection": 1, "log": 1}, 1, {channel: 1}))
    await counted(valkey, NOBODY)
    metrics, said = await told(deployment)
    assert (metrics["OpenSockets"], metrics["Topics"], said) == (0, 0, [])


async def test_deployed_subscriber_whose_rows_are_deleted_is_counted_no_more(
    deployment: Deployment, ann: str, valkey: Valkey
) -> None:
    """Here a call deletes it; the record of an expired row differs by the deleter, which nothing reads."""
    team = await asyncio.to_thread(found, deployment, ann)
    async with dial(deployment.socket_url, ann) as connection:
        walks = await connection.subscribe(WALKS, team=team)
        await walks.next()
        await counted(valkey, Counts({"connection": 1, "log": 1}, 1, {topics_of(team)[0]: 1}))

        async def forget(aws: Aws) -> None:
            table = Table(aws, "milequest-staging-live")
            for number in range(table_rows.BUCKETS):
                async for row in table.query(f"CONNECTIONS#{number}"):
                    for who, group in await ConnectionStore(table).operations(row["sk"]):
                        await table.delete(table_rows.listener_key(group, who.connection, who.id))
                    await table.delete(table_rows.connection_key(row["sk"]))

        await asyncio.to_thread(deployment.on_aws, forget)
        await counted(valkey, NOBODY)


async def test_interest_record_that_valkey_refused_is_delivered_again(
    deployment: Deployment, ann: str, valkey: Valkey
) -> None:
    before = await asyncio.to_thread(deployment.calls, "interest")
    await valkey.set(IN_THE_WAY, "not what the script expects")
    async with dial(deployment.socket_url, ann):
        async with asyncio.timeout(PATIENCE):
            while await asyncio.to_thread(deployment.calls, "interest") < before + 2:  # noqa: ASYNC110  # it is a log
                await asyncio.sleep(0.2)
        await valkey.delete(IN_THE_WAY)
        await counted(valkey, Counts({"connection": 1}, 0, {}))


def test_interest_function_imports_neither_graphql_nor_database() -> None:
    _, names = imported("app.aws.interest")
    assert not {"graphql", "strawberry", "starlette", "sqlalchemy", "asyncpg"} & names


def topics_of(team: str) -> tuple[str, str]:
    """Return a team's log and its board of the week, as topics."""
    id = UUID(team.removeprefix("team_"))
    return f"team:{id.hex}", f"board|{id}|WEEK|DISTANCE"
