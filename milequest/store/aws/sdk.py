"""AWS by its SDK, aioboto3: every service that is not called for each message, by one session of the process.

The session is opened at the first call and not before: it takes most of a second of processor time to import.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from milequest.store.aws.aws_credentials import Source
from milequest.store.aws.retries import retried
from milequest.store.deadlines import before_due

if TYPE_CHECKING:
    from milequest.store.aws.sdk_session import SdkSession


class Sdk:
    """The SDK's clients of this process, for the region, or for the local AWS at `endpoint`."""

    def __init__(self, credentials: Source, region: str, endpoint: str = "") -> None:
        self._given = credentials, region, endpoint
        self._opening = asyncio.Lock()
        self._session: SdkSession | None = None

    async def call(self, service: str, operation: str, **given: Any) -> Any:
        """Call an operation, by its name as a client's method, and return its answer, with bodies read.

        Raises AwsError or Away, the latter also at the deadline of the call that is being answered. Transient errors
        are retried, so each call must do no harm a second time.
        """
        async with before_due():
            return await retried(lambda: self.call_once(service, operation, **given))

    async def call_once(self, service: str, operation: str, **given: Any) -> Any:
        """Call an operation that may do harm a second time. Raises AwsError or Away."""
        session = await self._opened()
        return await session.call(service, operation, given)

    async def client(self, service: str) -> Any:
        """Return a service's client, for what it does without a call, such as signing a form."""
        session = await self._opened()
        return await session.client(service)

    async def close(self) -> None:
        """Close the clients that were opened."""
        if self._session is not None:
            await self._session.close()

    async def _opened(self) -> "SdkSession":
        """Return the session. Its modules are imported in a thread, so that nobody else waits for them."""
        if self._session is None:
            async with self._opening:
                if self._session is None:
                    module = await asyncio.to_thread(import_module, "milequest.store.aws.sdk_session")
                    opened: Callable[..., SdkSession] = module.SdkSession
                    self._session = opened(*self._given)
        return self._session
