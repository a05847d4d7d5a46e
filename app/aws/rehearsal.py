"""Rehearsal of a release: events played to new versions of functions before any call of clients goes to them.

CodeDeploy calls it before it shifts calls, once for each function, and leaves all as it was unless every version of the
stack answers as it should. No event changes anything.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from app.aws.container import Container, Event
from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.retries import AwsError

DOCUMENTS: Final = Path(__file__).parent / "documents"
DOCUMENT: Final = '{ searchTeams(query: "rehearsal", first: 1) { edges { node { id } } } }'  # asks the reader
NOBODY: Final = {"connectionId": "nobody=", "requestTimeEpoch": 0, "identity": {"sourceIp": "127.0.0.1"}}
KNOCK: Final[Event] = {"requestContext": NOBODY, "methodArn": "any"}
SILENCE: Final[Event] = {"Records": []}
ACCOUNT: Final[Event] = {
    "triggerSource": "Rehearsal",
    "region": "us-east-1",
    "userPoolId": "none",
    "request": {"userAttributes": {"sub": "nobody"}},
}

log = logging.getLogger("milequest.rehearsal")


@dataclass(frozen=True, slots=True)
class Play:
    """An event, and whether a function's answer to it is as it should be."""

    event: Event
    is_right: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Versions of functions, and the client by which events are played to them."""

    aws: Aws
    versions: tuple[str, ...]


def asked(path: str, body: Mapping[str, object]) -> Event:
    """Return a request to the REST API."""
    return {
        "resource": f"/{path}",
        "path": f"/{path}",
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": NOBODY,
        "body": orjson.dumps(body).decode(),
        "isBase64Encoded": False,
    }


def _answers(answer: Any) -> bool:
    return answer["statusCode"] == 200 and "errors" not in orjson.loads(answer["body"])


def _refuses(answer: Any) -> bool:
    """Return whether a document without its variables was refused for them, so it is known and fits the schema."""
    return answer["statusCode"] in (400, 422) and "errors" in orjson.loads(answer["body"])


def _domain(name: str) -> tuple[Play, ...]:
    """Return the plays of a domain: each of its documents."""
    paths = sorted((DOCUMENTS / name).glob("*.graphql"))
    return tuple(Play(asked(f"v1/{name}/{path.stem}", {}), _refuses) for path in paths)


PLAYS: Final[Mapping[str, tuple[Play, ...]]] = {
    "api": (Play(asked("graphql", {"query": DOCUMENT}), _answers),),
    **{name: _domain(name) for name in ("auth", "team", "activity", "map")},
    "authorizer": (Play(KNOCK, lambda answer: "policyDocument" in answer),),
    **dict.fromkeys(("connect", "disconnect", "message"), (Play(KNOCK, lambda answer: answer["statusCode"] < 500),)),
    **dict.fromkeys(
        ("planner", "poster", "later", "relay", "interest"),
        (Play(SILENCE, lambda answer: not answer["batchItemFailures"]),),
    ),
    "post-confirmation": (Play(ACCOUNT, lambda answer: answer["userPoolId"] == "none"),),
    "pre-token-generation": (Play(ACCOUNT, lambda answer: "claimsAndScopeOverrideDetails" in answer["response"]),),
}
"""Plays by the function's name."""


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Rehearsal]:
    async with open_aws(settings) as aws:
        yield Rehearsal(aws, tuple(settings.rehearsed.split(",")))


container = Container(_opened)


def handler(event: Event, context: Any) -> None:
    """Play everything, and tell CodeDeploy whether it was right."""
    container.run(lambda rehearsal: rehearsed(rehearsal, event))


async def rehearsed(rehearsal: Rehearsal, event: Event) -> None:
    """Play to each version and report. Raises AwsError or Away where CodeDeploy cannot be told, and is called again."""
    faults = [fault for arn in rehearsal.versions for fault in await played(rehearsal.aws, arn)]
    for fault in faults:
        log.error("%s", fault)
    await rehearsal.aws.sdk.call(
        "codedeploy",
        "put_lifecycle_event_hook_execution_status",
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if faults else "Succeeded",
    )


async def played(aws: Aws, arn: str) -> list[str]:
    """Return the faults in the answers of a version, by its ARN: `…:milequest-<environment>-<name>:<version>`."""
    name = arn.split(":")[6].split("-", 2)[2]
    return [
        f"{name} answers play {number} wrongly"
        for number, play in enumerate(PLAYS[name], 1)
        if not await _is_right(aws, arn, play)
    ]


async def _is_right(aws: Aws, arn: str, play: Play) -> bool:
    """Return whether a version answers a play as it should. It may be slow once: its container has to start."""
    try:
        given = await aws.sdk.call("lambda", "invoke", FunctionName=arn, Payload=orjson.dumps(play.event))
        answer = orjson.loads(given["Payload"])
        return "errorMessage" not in answer and play.is_right(answer)
    except (AwsError, Away, ValueError, LookupError, TypeError):
        return False
