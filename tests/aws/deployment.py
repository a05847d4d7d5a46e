"""The deployed service as tests reach it: by its addresses as clients do, by AWS's own protocols as operators do."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from infra.local.aws import HOME
from infra.names import Names
from milequest.rules.edge_headers import SECRET_HEADER
from milequest.settings import Settings
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.secrets import CURRENT, Secret
from milequest.store.aws.signing import Credentials, Signer
from tests.fakes.cloudfront import DEFAULT, REALTIME, Origin, distributed

T = TypeVar("T")

ACCOUNT = HOME.environment.account
PATIENCE = 180.0  # seconds an answer may take while functions start on a busy machine
PASSWORD = "Correct-Horse-1"
SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { ok attemptId } }"
CONFIRM = "mutation ($input: ConfirmEmailInput!) { confirmEmail(input: $input) { ok } }"
SIGN_IN = (
    "mutation ($input: SignInInput!) { signIn(input: $input) { session { accessToken refreshToken } viewer { id } } }"
)
CODE = re.compile(r"\b\d{6}\b")
NOBODY = {"connectionId": "nobody=", "requestTimeEpoch": 0, "identity": {"sourceIp": "127.0.0.1"}}
CALL = {"resource": "any", "httpMethod": "GET", "path": "/livez", "headers": {}, "requestContext": NOBODY}
KNOCK = {"requestContext": NOBODY, "methodArn": "any"}
SILENCE: dict[str, Any] = {"Records": []}
TOKEN = {"region": "us-east-1", "userPoolId": "none", "request": {"userAttributes": {"sub": "nobody"}}}
NOTHING: dict[str, Any] = {  # an empty event for each function
    **dict.fromkeys(("api", "auth", "team", "activity", "map"), CALL),
    **dict.fromkeys(("authorizer", "connect", "disconnect", "message"), KNOCK),
    **dict.fromkeys(("planner", "poster", "later", "relay", "interest"), SILENCE),
    "sweep": {},
    "finalize": {},
    "pictures": {"detail": {"object": {"key": f"uploads/{'0' * 32}/self/{'0' * 32}"}}},
    "prune": {},
    "to-lake": {"replay-name": "none"},
    "usage": {},
    "pre-token-generation": TOKEN,
}


@contextmanager
def fronted(endpoint: str, told: Mapping[str, str], names: Names = HOME) -> Iterator[str]:
    """Run CloudFront before the APIs of a local AWS; yield its address."""
    at = urlsplit(endpoint)
    assert at.hostname
    assert at.port
    settings = local_settings(endpoint, names)
    secret = asyncio.run(_origin_secret(settings, names.of("origin")))
    headers = ((SECRET_HEADER, secret),)
    apis = {DEFAULT: "api/id", REALTIME: "live/id"}
    with distributed(
        {path: Origin(at.hostname, at.port, _path(told, api), headers) for path, api in apis.items()}
    ) as url:
        yield url


async def _origin_secret(settings: Settings, name: str) -> str:
    """Return the value that CloudFront sends."""
    async with open_aws(settings) as aws:
        value = await Secret(aws, name).value(CURRENT)
    assert value is not None
    return str(value["first"])


def local_settings(endpoint: str, names: Names) -> Settings:
    """Return the settings of an operator of a local AWS."""
    return Settings(
        aws_endpoint_url=endpoint,
        aws_region=names.region.name,
        aws_access_key_id=names.environment.account,
        aws_secret_access_key="test",
    )


def _path(told: Mapping[str, str], api: str) -> str:
    return f"/_aws/execute-api/{told[api]}/live"


@dataclass(frozen=True)
class Deployment:
    """The deployed service: addresses and resources."""

    endpoint: str
    edge: str  # CloudFront's address
    told: dict[str, str]
    database_url: str
    log: Path
    names: Names = HOME
    invoked: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        """The REST API, as clients reach it: through CloudFront."""
        return self.edge

    @property
    def socket_url(self) -> str:
        """The WebSocket API, as clients reach it."""
        return f"ws{self.edge.removeprefix('http')}{REALTIME}"

    @property
    def origin_url(self) -> str:
        """The REST API itself, around CloudFront."""
        return f"{self.endpoint}{_path(self.told, 'api/id')}"

    @property
    def socket_origin_url(self) -> str:
        """The WebSocket API itself."""
        return f"ws{self.endpoint.removeprefix('http')}{_path(self.told, 'live/id')}"

    def post(self, path: str, body: Any, token: str | None = None, **headers: str) -> httpx.Response:
        """Send JSON to the REST API."""
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return httpx.post(f"{self.url}/{path}", json=body, headers=headers, timeout=PATIENCE)

    def data(self, query: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """Return the data of an operation that must work."""
        answer = self.post("graphql", {"query": query, "variables": variables}, token)
        body = answer.json()
        assert answer.status_code == 200, answer.text
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def sign_up(self, name: str) -> str:
        """Sign up a new user; return an access token."""
        email = f"{name}-{uuid4().hex[:8]}@example.org"
        made = self.data(SIGN_UP, input={"email": email, "password": PASSWORD, "name": name})["signUp"]
        (code,) = self.codes(email)
        self.data(CONFIRM, input={"email": email, "code": code, "attemptId": made["attemptId"]})
        return str(self.data(SIGN_IN, input={"email": email, "password": PASSWORD})["signIn"]["session"]["accessToken"])

    def codes(self, email: str) -> list[str]:
        """Return the codes that Cognito mailed to an address, the newest last."""
        return [CODE.findall(mail["BodyText"])[0] for mail in self.mails(email)]

    def mails(self, email: str) -> list[dict[str, Any]]:
        """Return the mails to an address, the newest last, with `Source` and `BodyText`."""
        told = httpx.get(f"{self.endpoint}/_ministack/ses/messages", timeout=PATIENCE).json()["messages"]
        return [mail for mail in told.get(self.names.environment.account, []) if mail["To"] == [email]]

    def on_aws(self, work: Callable[[Aws], Awaitable[T]]) -> T:
        """Do something with the local AWS, as an operator."""
        settings = local_settings(self.endpoint, self.names)

        async def done() -> T:
            async with open_aws(settings) as aws:
                return await work(aws)

        return asyncio.run(done())

    def sqs(self, operation: str, queue: str, **given: Any) -> Any:
        """Call an operation on a queue."""
        address = f"{self.endpoint}/{self.names.environment.account}/{self.names.of(queue)}"
        call = {"QueueUrl": address, **given}
        return self.on_aws(
            lambda aws: aws.call(aws.signer("sqs"), aws.origin("sqs"), f"AmazonSQS.{operation}", "1.0", call)
        )

    def holds(self, queue: str, number: int) -> None:
        """Wait until a queue holds so many messages, visible or hidden."""
        end = time.monotonic() + PATIENCE
        kinds = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        while True:
            held = self.sqs("GetQueueAttributes", queue, AttributeNames=["All"])["Attributes"]
            if sum(int(held[kind]) for kind in kinds) == number:
                return
            assert time.monotonic() < end, f"{queue} holds {held}, not {number}"
            time.sleep(0.2)

    def move(self, source: str, target: str) -> None:
        """Move the messages of a queue to another one; there must be some."""
        moved = self.sqs("ReceiveMessage", source, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        for message in moved:
            self.sqs("SendMessage", target, MessageBody=message["Body"])
            self.sqs("DeleteMessage", source, ReceiptHandle=message["ReceiptHandle"])

    @contextmanager
    def trying_again_at_once(self, queue: str) -> Iterator[None]:
        """Have failed messages retried at once instead of after minutes."""
        before = self.sqs("GetQueueAttributes", queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
        self.sqs("SetQueueAttributes", queue, Attributes={"VisibilityTimeout": "0"})
        try:
            yield
        finally:
            self.sqs("SetQueueAttributes", queue, Attributes=before)

    def invoke(self, function: str, event: Any) -> Any:
        """Call a function and wait for its answer."""
        path = f"/2015-03-31/functions/{self.names.of(function)}%3Alive/invocations"
        body = json.dumps(event).encode()
        signer, who = Signer(self.names.region.name, "lambda"), Credentials(self.names.environment.account, "test")
        host = self.endpoint.removeprefix("http://")
        headers = signer.sign(who, "POST", path, {"host": host}, body, datetime.now(UTC))
        self.invoked[function] += 1
        answer = httpx.post(f"{self.endpoint}{path}", content=body, headers=headers, timeout=PATIENCE)
        assert "x-amz-function-error" not in answer.headers, answer.text
        return answer.json()

    def come_round(self, function: str) -> None:
        """Call a function as its schedule does: after a failure, as connections were cut, it is tried twice more."""
        for _ in range(2):
            with suppress(AssertionError):
                self.invoke(function, {})
                return
        self.invoke(function, {})

    def calls(self, function: str) -> int:
        """Return how often a function was called so far, by its log."""
        group = {"logGroupName": self.names.parameter(f"function/{function}"), "filterPattern": "START"}
        told = self.on_aws(
            lambda aws: aws.call(aws.signer("logs"), aws.origin("logs"), "Logs_20140328.FilterLogEvents", "1.1", group)
        )
        return len(told["events"])

    def warm_up(self, functions: Collection[str] = tuple(NOTHING), at_once: int = 2) -> None:
        """Start a container of each function, as a busy machine starts them slowly, and clients are impatient."""
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(self.invoke, functions, (NOTHING[name] for name in functions)))

    def reserve(self, function: str, concurrency: int | None) -> None:
        """Reserve a function's concurrency; None: remove the limit."""

        async def reserved(aws: Aws) -> None:
            path = f"/2017-10-31/functions/{self.names.of(function)}/concurrency"
            method, body = (
                ("DELETE", {}) if concurrency is None else ("PUT", {"ReservedConcurrentExecutions": concurrency})
            )
            answer = await aws.send(aws.signer("lambda"), aws.origin("lambda"), method, path, json.dumps(body).encode())
            assert answer.status < 300, answer.body

        self.on_aws(reserved)

    def feeding(self, queue: str, is_on: bool) -> None:
        """Enable or disable the consumption of a queue by its function."""

        async def switch(aws: Aws) -> None:
            path = "/2015-03-31/event-source-mappings/"
            found = await aws.send(aws.signer("lambda"), aws.origin("lambda"), "GET", path, b"")
            for one in json.loads(found.body)["EventSourceMappings"]:
                if one["EventSourceArn"].endswith(f"-{queue}"):
                    body = json.dumps({"Enabled": is_on}).encode()
                    await aws.send(aws.signer("lambda"), aws.origin("lambda"), "PUT", path + one["UUID"], body)

        self.on_aws(switch)
