"""Events are published on the event bus after the commit, whole and in AWS's own shape."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest

from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.event_bus import EventBus
from milequest.store.aws.retries import AwsError
from milequest.store.sql import log
from subscriptions.apigateway import publisher
from subscriptions.apigateway.dependencies import Dependencies, dependencies
from subscriptions.apigateway.relay import relay_lost
from subscriptions.apigateway.sweeper import Timeouts, sweep
from tests.fakes.aws import ACCOUNT
from tests.fakes.lambdas import call, make_queue, make_table
from tests.quest import Caller, Quest


@dataclass
class Bus:
    """A bus of its own, with a rule that sends everything to a queue."""

    aws: Aws
    deps: Dependencies
    ann: Caller
    queue: str

    async def heard(self, count: int) -> list[dict[str, Any]]:
        """Return that many events, as a rule's target gets them."""
        events: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while len(events) < count:
                answer = await call(
                    self.aws, "ReceiveMessage", QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
                )
                for message in answer.get("Messages", []):
                    events.append(orjson.loads(message["Body"]))
                    await call(self.aws, "DeleteMessage", QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return sorted(events, key=lambda event: (event["detail"]["channel"], event["detail"]["sequence"]))

    async def logged(self) -> list[str]:
        """Return the ids of all events in the logs."""
        db = self.deps.runtime.writer
        rows = await db.fetch("SELECT channel, sequence FROM event ORDER BY channel, sequence")
        return [f"{await log.epoch(db)}/{channel}/{sequence}" for channel, sequence in rows]


async def operation(aws: Aws, service: str, target: str, **given: Any) -> Any:
    """Call an operation of a service."""
    return await aws.call(aws.signer(service), aws.origin(service), target, "1.1", given)


@pytest.fixture
async def bus(quest: Quest, local_aws_url: str) -> AsyncIterator[Bus]:
    mark = uuid4().hex[:8]
    settings = replace(
        quest.runtime.settings,
        aws_endpoint_url=local_aws_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        live_table=f"live-{mark}",
        event_bus=f"bus-{mark}",
    )
    async with AsyncExitStack() as stack:
        aws = await stack.enter_async_context(open_aws(settings))
        await make_table(aws, settings.live_table)
        queue, news = await make_queue(aws, f"heard-{mark}"), await make_queue(aws, f"{mark}-news.fifo")
        await operation(aws, "events", "AWSEvents.CreateEventBus", Name=settings.event_bus)
        pattern = '{"source": ["milequest"]}'
        rule = {"Name": f"all-{mark}", "EventBusName": settings.event_bus}
        await operation(aws, "events", "AWSEvents.PutRule", **rule, EventPattern=pattern)
        target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:heard-{mark}"}
        await operation(
            aws, "events", "AWSEvents.PutTargets", Rule=rule["Name"], EventBusName=settings.event_bus, Targets=[target]
        )
        runtime = replace(quest.runtime, settings=replace(settings, live_news_queue=news))
        deps = dependencies(replace(runtime, aws=aws))
        yield Bus(aws, deps, await quest.user("Ann"), queue)


async def test_logged_events_are_put_on_the_event_bus_in_order(bus: Bus) -> None:
    team = await bus.ann.found("Alps")
    await bus.ann.invite(team)
    await relay_lost(bus.deps)
    logged = await bus.logged()
    assert logged
    events = await bus.heard(len(logged))
    assert [event["detail"]["id"] for event in events] == logged
    first = events[0]
    assert (first["source"], first["detail-type"]) == ("milequest", "MEMBER_ADDED")
    assert set(first["detail"]) == {"id", "epoch", "channel", "sequence", "subjectId", "occurredAt"}
    happened = datetime.fromisoformat(first["detail"]["occurredAt"])
    assert happened == bus.ann.now.replace(microsecond=happened.microsecond)
    await relay_lost(bus.deps)
    assert (await log.any_ahead(bus.deps.runtime.writer, 10)).positions == {}


async def test_events_of_each_log_are_put_on_the_bus_once_and_in_order(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def put(self: EventBus, events: Any) -> None:
        told.extend(event.detail["id"] for event in events)

    monkeypatch.setattr(EventBus, "put", put)
    monkeypatch.setattr(publisher, "PAGE", 2)
    for name in ("Alps", "Andes", "Atlas"):
        team = await bus.ann.found(name)
        for _ in range(3):
            await bus.ann.run(
                "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id } } }",
                input={"teamId": team, "name": f"{name} {uuid4().hex[:6]}"},
            )
        await relay_lost(bus.deps)
    assert sorted(told, key=lambda id: id.split("/")[1]) == await bus.logged()  # each channel's in their order


async def test_a_bus_that_takes_nothing_is_tried_again_and_stops_nothing_else(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets are kept alive, wake-ups are sent, and the next sweep publishes the missed events, with the same ids."""
    await bus.ann.found("Alps")
    refused: list[int] = []

    async def put(self: EventBus, events: Any) -> None:
        refused.append(len(events))
        raise AwsError(503, "InternalFailure", {})

    seen: list[str] = []

    async def looked(deps: Dependencies, now: datetime) -> bool:
        if deps is bus.deps:  # rounds of another gateway may run beside
            seen.append("round")
        return False

    with monkeypatch.context() as patch:
        patch.setattr(EventBus, "put", put)
        patch.setattr("subscriptions.apigateway.sweeper._epoch_changed", looked)
        with pytest.raises(AwsError):
            await sweep(bus.deps, datetime.now(UTC), Timeouts())
    assert (seen, len(refused)) == (["round"], 1)
    await relay_lost(bus.deps)
    logged = await bus.logged()
    assert [event["detail"]["id"] for event in await bus.heard(len(logged))] == logged
