"""Calls to AWS. What each message needs is signed and sent here; everything else goes by the SDK."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson

from milequest.settings import Settings
from milequest.store.aws.aws_credentials import Source, source
from milequest.store.aws.http import Endpoint, Http, Response
from milequest.store.aws.retries import AwsError, retried
from milequest.store.aws.sdk import Sdk
from milequest.store.aws.signing import Signer
from milequest.telemetry import spans


class Aws:
    """Client of AWS, or of the local one at `endpoint`: this is the one place that decides which."""

    def __init__(self, http: Http, credentials: Source, region: str, endpoint: str = "") -> None:
        self._http = http
        self._credentials = credentials
        self._region = region
        self._endpoint = endpoint.rstrip("/")
        self.sdk = Sdk(credentials, region, self._endpoint)

    def signer(self, service: str) -> Signer:
        """Return the signer of requests to a service."""
        return Signer(self._region, service)

    def origin(self, service: str) -> Endpoint:
        """Return the origin of a service."""
        return Endpoint.of(self._endpoint or f"https://{service}.{self._region}.amazonaws.com")

    async def send(self, signer: Signer, origin: Endpoint, method: str, path: str, body: bytes) -> Response:
        """Send one signed request, once. Raises Away when there is no response."""
        who = await self._credentials()
        headers = signer.sign(who, method, path, {"host": origin.header}, body, datetime.now(UTC))
        with spans.span(f"AWS {signer.service}", "client", {"http.request.method": method}):
            return await self._http.request(origin, method, path, headers, body)

    async def call(self, signer: Signer, origin: Endpoint, target: str, version: str, given: Mapping[str, Any]) -> Any:
        """Call an operation of a JSON service and return its answer. Raises AwsError or Away.

        Transient errors are retried, so each call must do no harm a second time.
        """
        body = orjson.dumps(given)
        headers = {"host": origin.header, "content-type": f"application/x-amz-json-{version}", "x-amz-target": target}

        async def send() -> Any:
            signed = signer.sign(await self._credentials(), "POST", "/", headers, body, datetime.now(UTC))
            with spans.span(f"AWS {target}", "client"):
                return _answer(await self._http.request(origin, "POST", "/", signed, body))

        return await retried(send)

    async def close(self) -> None:
        """Close all connections."""
        self._http.close()
        await self.sdk.close()


@asynccontextmanager
async def open_aws(settings: Settings) -> AsyncIterator[Aws]:
    """Open the client of the AWS that the settings name."""
    aws = Aws(Http(), source(settings), settings.aws_region, settings.aws_endpoint_url)
    try:
        yield aws
    finally:
        await aws.close()


def _answer(response: Response) -> Any:
    try:
        answer = orjson.loads(response.body) if response.body else {}
    except ValueError:
        answer = {}
    if response.status == 200:
        return answer
    raise AwsError(response.status, str(answer.get("__type", "")).rpartition("#")[2], answer)
