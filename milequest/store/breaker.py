"""Circuit breaker for a server that is called while a caller waits: short time-outs, and a pause after each failure."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from milequest.store.away import Away
from milequest.telemetry import metrics, spans

T = TypeVar("T")

RETREAT = 5.0  # seconds for which the breaker stays open after a failure
AT_ONCE = 24  # concurrent calls of one server; more wait, so that a burst of calls is not taken for an outage

log = logging.getLogger("milequest.away")


class Breaker:
    """Breaker of one server. `meanwhile` says in the log what operators have to expect until it is back."""

    def __init__(self, server: str, meanwhile: str, timeout: float, clock: Callable[[], float] | None = None) -> None:
        self._server = server
        self._meanwhile = meanwhile
        self._timeout = timeout
        self._clock = clock or time.monotonic
        self._open_until = 0.0
        self._free = asyncio.Semaphore(AT_ONCE)

    @property
    def is_open(self) -> bool:
        """True if the server failed lately, so that a call would raise Away at once."""
        return self._clock() < self._open_until

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `ask`, which calls that server only. Raises Away for any error of the server's client.

        A call that fails at once is retried once, as its pooled connection may have been lost while it was idle.
        """
        if self.is_open:
            raise Away
        async with self._free:
            with spans.span(self._server, "client"):
                return await self._one(ask)

    async def _one(self, ask: Callable[[], Awaitable[T]]) -> T:
        if self.is_open:
            raise Away
        if self._open_until:  # half open: one call tries the server, all others fail at once
            self._open_until = self._clock() + RETREAT
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    answer = await ask()
                except Exception:
                    answer = await ask()
        except Exception as error:
            if self._clock() >= self._open_until:  # concurrent failures are not logged again
                log.warning("%s is away (%s), so %s; see /readyz", self._server, type(error).__name__, self._meanwhile)
            self._open_until = self._clock() + RETREAT
            if metrics.recorder is not None:
                metrics.recorder.failed(self._server)
            raise Away(type(error).__name__) from error
        self._open_until = 0.0
        if metrics.recorder is not None:
            metrics.recorder.reached(self._server)
        return answer
