"""Rehearsal of a release, with Lambda and CodeDeploy as a local server that answers by their documented shapes."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from app.aws.rehearsal import PLAYS, Rehearsal, rehearsed
from tests.milequest.store.aws.stub import stubbed

DEPLOYMENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook-1"}
RIGHT: Any = {"statusCode": 200}
REFUSED = {"statusCode": 400, "body": json.dumps({"errors": [{"message": "input is missing"}]})}
BROKEN = {"statusCode": 500, "body": json.dumps({"errors": [{"message": "Internal error."}]})}
CRASHED = {"errorMessage": "No module named 'app'", "errorType": "Runtime.ImportModuleError"}


def arn(name: str) -> str:
    """Return the ARN of a function's version."""
    return f"arn:aws:lambda:us-east-1:222222222222:function:milequest-production-{name}:7"


def reported(names: Sequence[str], answers: Sequence[tuple[int, Any]]) -> tuple[str, list[str]]:
    """Return the status that CodeDeploy was told after versions answered so, and all that was sent."""

    async def done() -> tuple[str, list[str]]:
        told = iter([*((status, json.dumps(body).encode()) for status, body in answers), (200, b"{}")])
        async with stubbed(told) as stub:
            await rehearsed(Rehearsal(stub.aws, tuple(map(arn, names))), DEPLOYMENT)
            return json.loads(stub.asked[-1].partition("\r\n\r\n")[2])["status"], stub.asked

    return asyncio.run(done())


def test_rehearsal_of_right_answers_lets_the_release_go_on() -> None:
    status, asked = reported(["connect", "map"], [(200, RIGHT), (200, REFUSED), (200, REFUSED)])
    assert status == "Succeeded"
    assert "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus" in asked[-1]
    assert json.loads(asked[-1].partition("\r\n\r\n")[2]) == {
        "deploymentId": "d-1",
        "lifecycleEventHookExecutionId": "hook-1",
        "status": "Succeeded",
    }


def test_rehearsal_calls_the_new_versions_and_not_the_alias() -> None:
    _, asked = reported(["connect", "disconnect"], [(200, RIGHT), (200, RIGHT)])
    paths = [text.split()[1] for text in asked[:-1]]
    assert [path.rpartition("production-")[2] for path in paths] == [
        "connect%3A7/invocations",
        "disconnect%3A7/invocations",
    ]


@pytest.mark.parametrize("wrong", [(200, BROKEN), (200, CRASHED), (200, None), (200, []), (404, {})])
@pytest.mark.parametrize("name", ["connect", "authorizer", "planner", "post-confirmation", "pre-token-generation"])
def test_rehearsal_of_a_wrong_answer_ends_the_release(name: str, wrong: tuple[int, Any]) -> None:
    status, _ = reported([name, "disconnect"], [wrong, (200, RIGHT)])
    assert status == "Failed"


@pytest.mark.parametrize("wrong", [BROKEN, CRASHED, RIGHT, {"statusCode": 404, "body": '{"errors": [{}]}'}])
def test_rehearsal_of_a_document_that_is_unknown_or_fails_ends_the_release(wrong: Any) -> None:
    status, _ = reported(["map"], [(200, REFUSED), (200, wrong)])
    assert status == "Failed"


def test_rehearsal_tells_codedeploy_of_a_fault_that_comes_before_right_answers() -> None:
    plays = len(PLAYS["team"])
    status, asked = reported(["team", "connect"], [(200, BROKEN), *[(200, REFUSED)] * (plays - 1), (200, RIGHT)])
    assert (status, len(asked)) == ("Failed", plays + 2)
