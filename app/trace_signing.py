"""Traces for AWS's own endpoint, which takes OTLP by requests with Signature Version 4, and asks for no collector.

Imported only where traces are signed: `requests` comes with OpenTelemetry's exporter.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from milequest.store.away import Away
from milequest.store.aws.aws_credentials import Source
from milequest.store.aws.http import Endpoint
from milequest.store.aws.signing import Credentials, Signer

SERVICE: Final = "xray"
SIGNED: Final = ("content-type", "content-encoding")  # headers, beside the host


class TraceSigner(AuthBase):
    """Signs each request of an exporter, in whichever thread it exports, with credentials that are valid then."""

    def __init__(self, credentials: Source, region: str) -> None:
        self._credentials = credentials
        self._signer = Signer(region, SERVICE)
        self._thread = ThreadPoolExecutor(1, "credentials")  # a role's are fetched on a loop, and exports have none

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with its signature. Raises ConnectionError, as which exporters know it, without keys."""
        assert request.url
        assert isinstance(request.body, bytes)
        try:
            who = self._thread.submit(lambda: asyncio.run(self._now())).result()
        except Away as error:
            raise requests.ConnectionError(str(error)) from error
        kept = {name: str(request.headers[name]) for name in SIGNED if name in request.headers}
        headers = {"host": Endpoint.of(request.url).header, **kept}
        path = urlsplit(request.url).path
        signed = self._signer.sign(who, "POST", path, headers, request.body, datetime.now(UTC))
        request.headers.update(signed)
        return request

    async def _now(self) -> Credentials:
        return await self._credentials()


def signed_session(credentials: Source, region: str) -> requests.Session:
    """Return the exporter's client of HTTP."""
    session = requests.Session()
    session.auth = TraceSigner(credentials, region)
    return session
