"""Circuit breaker for a server that is called while a caller waits: short time-outs, and a pause after each failure."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from milequest.store.away import Away
from milequest.telemetry import metrics, spans

T = TypeVar("T")

RETREAT = 5.0  # seconds until a server that failed is asked again
AT_ONCE = 24  # questions to one server; more wait, since a crowd of them is no sign that it is away

log = logging.getLogger("milequest.away")


class Breaker:
    """Breaker of one server. `meanwhile` is the log's text for operators on what happens without it."""

    def __init__(self, server: str, meanwhile: str, patience: float, clock: Callable[[], float] | None = None) -> None:
        self._server = server
        self._meanwhile = meanwhile
        self._patience = patience
        self._clock = clock or time.monotonic
        self._closed_until = 0.0
        self._free = asyncio.Semaphore(AT_ONCE)

    @property
    def is_resting(self) -> bool:
        """True if the server failed a moment ago, so that a call would raise Away at once."""
        return self._clock() < self._closed_until

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `ask`, which calls that server only. Raises Away for any error of the server's client.

        What failed at once is tried a second time, since a connection may have been lost while it was idle.
        """
        if self.is_resting:
            raise Away
        async with self._free:
            with spans.span(self._server, "client"):
                return await self._one(ask)

    async def _one(self, ask: Callable[[], Awaitable[T]]) -> T:
        if self.is_resting:
            raise Away
        if self._closed_until:  # it failed the last time: until one has tried, all others leave it alone
            self._closed_until = self._clock() + RETREAT
        try:
            async with asyncio.timeout(self._patience):
                try:
                    answer = await ask()
                except Exception:
                    answer = await ask()
        except Exception as error:
            if self._clock() >= self._closed_until:  # concurrent failures are not logged again
                log.warning("%s is away (%s), so %s; see /readyz", self._server, type(error).__name__, self._meanwhile)
            self._closed_until = self._clock() + RETREAT
            if metrics.recorder is not None:
                metrics.recorder.failed(self._server)
            raise Away(type(error).__name__) from error
        self._closed_until = 0.0
        if metrics.recorder is not None:
            metrics.recorder.reached(self._server)
        return answer
