"""Calls to AWS: addressed, signed, and retried where that may help."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

import orjson

from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws.aws_credentials import Source, source
from milequest.store.aws.http import Endpoint, Http, Response
from milequest.store.aws.signing import Credentials, Signer
from milequest.telemetry import spans

T = TypeVar("T")

ATTEMPTS = 5
PAUSE_SECONDS = 0.05  # before the second attempt, doubled for each further one
BUSY = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


class AwsError(Exception):
    """AWS refused. `code` is its name of the error, `answer` the response's body."""

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{code} ({status})")
        self.status = status
        self.code = code
        self.answer = answer

    @property
    def is_passing(self) -> bool:
        """True if the same request may well succeed in a moment."""
        return self.status >= 500 or self.status == 429 or self.code in BUSY


class Aws:
    """Client of AWS, or of the local one at `endpoint`: this is the one place that decides which."""

    def __init__(self, http: Http, credentials: Source, region: str, endpoint: str = "") -> None:
        self._http = http
        self._credentials = credentials
        self._region = region
        self._endpoint = endpoint.rstrip("/")

    def signer(self, service: str) -> Signer:
        """Return the signer of requests to a service."""
        return Signer(self._region, service)

    def origin(self, service: str) -> Endpoint:
        """Return the origin of a service."""
        return Endpoint.of(self._endpoint or f"https://{service}.{self._region}.amazonaws.com")

    def bucket(self, name: str) -> tuple[Endpoint, str]:
        """Return the origin of a bucket, and the prefix of its paths: empty except at a local AWS."""
        if self._endpoint:
            return Endpoint.of(self._endpoint), f"/{name}"
        return Endpoint.of(f"https://{name}.s3.{self._region}.amazonaws.com"), ""

    async def credentials(self) -> Credentials:
        """Return our credentials, for requests that others will send in our name. Raises Away."""
        return await self._credentials()

    async def send(
        self,
        signer: Signer,
        origin: Endpoint,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """Send one signed request, once. Raises Away when there is no response."""
        who = await self._credentials()
        headers = signer.sign(who, method, path, {"host": origin.header, **headers}, body, datetime.now(UTC))
        with spans.span(f"AWS {signer.service}", "client", {"http.request.method": method}):
            return await self._http.request(origin, method, path, headers, body)

    async def call(
        self, signer: Signer | None, origin: Endpoint, target: str, version: str, given: Mapping[str, Any]
    ) -> Any:
        """Call an operation of a JSON service and return its answer. Raises AwsError or Away.

        Operations open to all take no signer. Transient errors are retried, so each call must do no harm a second time.
        """
        body = orjson.dumps(given)
        headers = {"host": origin.header, "content-type": f"application/x-amz-json-{version}", "x-amz-target": target}

        async def send() -> Any:
            signed: Mapping[str, str] = headers
            if signer:
                signed = signer.sign(await self._credentials(), "POST", "/", headers, body, datetime.now(UTC))
            with spans.span(f"AWS {target}", "client"):
                return _answer(await self._http.request(origin, "POST", "/", signed, body))

        return await retried(send)


@asynccontextmanager
async def open_aws(settings: Settings) -> AsyncIterator[Aws]:
    """Open the client of the AWS that the settings name."""
    http = Http()
    try:
        yield Aws(http, source(settings), settings.aws_region, settings.aws_endpoint_url)
    finally:
        http.close()


async def retried(send: Callable[[], Awaitable[T]]) -> T:
    """Return the answer of `send`, which is called again, ATTEMPTS times in all, where it raises a passing error."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await send()
        except (AwsError, Away) as error:
            if isinstance(error, AwsError) and not error.is_passing:
                raise
        await asyncio.sleep(pause(attempt))
    return await send()


def pause(attempt: int) -> float:
    """Return how long to wait after a failed attempt: longer each time, and random, so that not all retry at once."""
    return random.uniform(0, PAUSE_SECONDS * 2**attempt)


def _answer(response: Response) -> Any:
    try:
        answer = orjson.loads(response.body) if response.body else {}
    except ValueError:
        answer = {}
    if response.status == 200:
        return answer
    raise AwsError(response.status, str(answer.get("__type", "")).rpartition("#")[2], answer)
