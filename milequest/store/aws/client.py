"""Calls to AWS: where to, signed, and tried again where that may help."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson

from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws.credentials import Source, source
from milequest.store.aws.http import Http, Origin, Response
from milequest.store.aws.signing import Credentials, Signer

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
    """AWS said no. `code` is its name of the error, `answer` the body of what it said."""

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{code} ({status})")
        self.status = status
        self.code = code
        self.answer = answer

    @property
    def is_passing(self) -> bool:
        """Whether the same request may well succeed in a moment."""
        return self.status >= 500 or self.status == 429 or self.code in BUSY


class Aws:
    """The way to AWS, or to the local one at `endpoint`: this is the one place that decides which."""

    def __init__(self, http: Http, credentials: Source, region: str, endpoint: str = "") -> None:
        self._http = http
        self._credentials = credentials
        self._region = region
        self._endpoint = endpoint.rstrip("/")

    def signer(self, service: str) -> Signer:
        """Signs requests to a service."""
        return Signer(self._region, service)

    def origin(self, service: str) -> Origin:
        """Where a service is."""
        return Origin.of(self._endpoint or f"https://{service}.{self._region}.amazonaws.com")

    def bucket(self, name: str) -> tuple[Origin, str]:
        """Where a bucket is, and what its paths begin with: nothing but at a local AWS."""
        if self._endpoint:
            return Origin.of(self._endpoint), f"/{name}"
        return Origin.of(f"https://{name}.s3.{self._region}.amazonaws.com"), ""

    async def credentials(self) -> Credentials:
        """Return our credentials, for what others will send in our name. Raises Away."""
        return await self._credentials()

    async def send(
        self,
        signer: Signer,
        origin: Origin,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """One signed request, once. Raises Away when nobody answers."""
        who = await self._credentials()
        headers = signer.sign(who, method, path, {"host": origin.header, **headers}, body, datetime.now(UTC))
        return await self._http.request(origin, method, path, headers, body)

    async def call(
        self, signer: Signer | None, origin: Origin, target: str, version: str, given: Mapping[str, Any]
    ) -> Any:
        """Call an operation of a service that speaks JSON; its answer. Raises AwsError or Away.

        Without a signer for an operation that is open to all. What may pass is tried again, so each call is such that
        its second time does no harm.
        """
        body = orjson.dumps(given)
        headers = {"host": origin.header, "content-type": f"application/x-amz-json-{version}", "x-amz-target": target}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                signed: Mapping[str, str] = headers
                if signer:
                    signed = signer.sign(await self._credentials(), "POST", "/", headers, body, datetime.now(UTC))
                return _answer(await self._http.request(origin, "POST", "/", signed, body))
            except (AwsError, Away) as error:
                if attempt == ATTEMPTS or (isinstance(error, AwsError) and not error.is_passing):
                    raise
            await asyncio.sleep(pause(attempt))
        raise AssertionError("the last attempt returns or raises")


@asynccontextmanager
async def open_aws(settings: Settings) -> AsyncIterator[Aws]:
    """The way to AWS that the settings name."""
    http = Http()
    try:
        yield Aws(http, source(settings), settings.aws_region, settings.aws_endpoint_url)
    finally:
        http.close()


def pause(attempt: int) -> float:
    """How long to wait after an attempt that failed: with each one longer, and never all at the same time."""
    return random.uniform(0, PAUSE_SECONDS * 2**attempt)


def _answer(response: Response) -> Any:
    try:
        answer = orjson.loads(response.body) if response.body else {}
    except ValueError:
        answer = {}
    if response.status == 200:
        return answer
    raise AwsError(response.status, str(answer.get("__type", "")).rpartition("#")[2], answer)
