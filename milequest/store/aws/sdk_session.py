"""The session of aioboto3. Nothing but `sdk` imports this module, at its first call."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.response import StreamingBody
from aiobotocore.session import AioSession
from aiohttp import ClientError as HttpError
from botocore import exceptions
from botocore.credentials import ReadOnlyCredentials
from botocore.handlers import add_expect_header
from botocore.parsers import ResponseParserError

from milequest.store.away import Away
from milequest.store.aws.aws_credentials import Source
from milequest.store.aws.http import MOST_CONNECTIONS, SECONDS
from milequest.store.aws.retries import AwsError
from milequest.telemetry import spans

CONFIG: Final = AioConfig(
    connect_timeout=SECONDS,
    read_timeout=SECONDS,
    max_pool_connections=MOST_CONNECTIONS,
    retries={"total_max_attempts": 1},  # `retries` waits milliseconds, where the SDK waits seconds
    parameter_validation=False,  # AWS says what is wrong with an input, by names that we know
    proxies={},
    ignore_configured_endpoint_urls=True,
)
OURS: Final = {  # not from a profile in the home of whoever starts us: settings say who we are
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class OurCredentials(AioCredentials):  # type: ignore[misc]  # it has no types
    """The credentials of all our calls, fetched anew for each signature."""

    def __init__(self, source: Source) -> None:
        super().__init__("of our source", "")
        self._source = source

    async def load_credentials(self) -> "OurCredentials":
        """Return them, as the SDK's own providers do."""
        return self

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return those that are valid now. Raises Away."""
        who = await self._source()
        return ReadOnlyCredentials(who.access_key, who.secret_key, who.session_token or None)


class SdkSession:
    """A session with its clients, each of which is opened at its first use."""

    def __init__(self, credentials: Source, region: str, endpoint: str) -> None:
        session = AioSession(session_vars=OURS)
        session.register_component("credential_provider", OurCredentials(credentials))
        self._session = aioboto3.Session(region_name=region, botocore_session=session)
        self._endpoint = endpoint or None
        self._clients: dict[str, Any] = {}
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()

    async def client(self, service: str) -> Any:
        """Return a service's client."""
        async with self._opening:
            if service not in self._clients:
                config = CONFIG.merge(_of_s3(bool(self._endpoint))) if service == "s3" else CONFIG
                opening = self._session.client(service, endpoint_url=self._endpoint, config=config)
                self._clients[service] = client = await self._stack.enter_async_context(opening)
                client.meta.events.unregister("before-call.s3", add_expect_header)  # a round trip more for each file
        return self._clients[service]

    async def call(self, service: str, operation: str, given: Mapping[str, Any]) -> Any:
        """Call an operation, once. Raises AwsError or Away."""
        call = getattr(await self.client(service), operation)
        with spans.span(f"AWS {service}.{operation}", "client"), _translated():
            async with asyncio.timeout(SECONDS):
                answer = await call(**given)
                return {name: await _whole(value) for name, value in answer.items()}

    async def close(self) -> None:
        """Close the clients."""
        await self._stack.aclose()


def _of_s3(is_local: bool) -> AioConfig:
    """Return what S3 needs besides. A bucket is addressed in its region, as elsewhere forms would be redirected."""
    addressed = {"addressing_style": "path" if is_local else "virtual", "us_east_1_regional_endpoint": "regional"}
    return AioConfig(
        signature_version="s3v4",
        s3={**addressed, "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


async def _whole(value: Any) -> Any:
    if not isinstance(value, StreamingBody):
        return value
    async with value:  # whose connection is closed if its end never comes
        return await value.read()


@contextmanager
def _translated() -> Iterator[None]:
    """Raise the SDK's errors as ours. What else the SDK raises is a mistake in a call."""
    try:
        yield
    except exceptions.ClientError as error:
        answer = error.response
        raise AwsError(answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer) from error
    except Away:
        raise
    except (OSError, exceptions.ConnectionError, exceptions.HTTPClientError, HttpError, ResponseParserError) as error:
        raise Away(type(error).__name__) from error  # its text may hold an address
