"""The deployed relay publishes events to the deployed bus, and their consumers are small."""

import json
import time
from typing import Any

import pytest

from milequest.store.aws.client import Aws
from tests.aws.deployment import ACCOUNT, Deployment
from tests.aws.driving import found, imported

BUS = "milequest-staging-bus"
PATIENCE = 60.0  # seconds; containers of a busy machine start slowly


def heard(deployment: Deployment, channel: str, kind: str) -> dict[str, Any]:
    """Return an event of a channel, as the target of a rule gets it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = deployment.sqs("ReceiveMessage", "heard", MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            deployment.sqs("DeleteMessage", "heard", ReceiptHandle=message["ReceiptHandle"])
            event: dict[str, Any] = json.loads(message["Body"])
            if (event["detail"]["channel"], event["detail-type"]) == (channel, kind):
                return event
    raise AssertionError(f"the bus heard of no {kind} in {channel}")


@pytest.fixture
def listening(deployment: Deployment) -> None:
    """Add a rule that sends every event of the bus to a queue."""

    async def rule(aws: Aws) -> None:
        async def events(operation: str, **given: Any) -> None:
            service = aws.signer("events"), aws.origin("events")
            await aws.call(*service, f"AWSEvents.{operation}", "1.1", given)

        queue = {"QueueName": "milequest-staging-heard"}
        await aws.call(aws.signer("sqs"), aws.origin("sqs"), "AmazonSQS.CreateQueue", "1.0", queue)
        await events("PutRule", Name="heard", EventBusName=BUS, EventPattern='{"source": ["milequest"]}')
        target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:milequest-staging-heard"}
        await events("PutTargets", Rule="heard", EventBusName=BUS, Targets=[target])

    deployment.on_aws(rule)


@pytest.mark.usefixtures("listening")
def test_deployed_event_bus_receives_events(deployment: Deployment, ann: str) -> None:
    team = found(deployment, ann)
    channel = f"team:{team.removeprefix('team_')}"
    event = heard(deployment, channel, "MEMBER_ADDED")  # after ann's walks of today, which count in her new team
    assert event["source"] == "milequest"
    assert event["detail"]["id"].endswith(f"/{channel}/{event['detail']['sequence']}")


@pytest.mark.parametrize("module", ["app.aws.lake", "app.aws.rotation"])
def test_lake_and_rotation_functions_import_no_server_libraries(module: str) -> None:
    _, names = imported(module)
    assert not {"graphql", "strawberry", "starlette", "sqlalchemy", "redis"} & names
