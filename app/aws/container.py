"""Resources a Lambda container keeps between calls: one event loop, and the T that its first call opened on it.

Modules import while Lambda starts a container, and open nothing then: open resources would not survive a snapshot.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from typing import Any, Generic, TypeAlias, TypeVar

from app import logs, telemetry
from app.aws.addresses import reached
from milequest.settings import Settings, load
from milequest.telemetry import objective_counts, spans

T = TypeVar("T")
R = TypeVar("R")

Event: TypeAlias = Mapping[str, Any]


class Container(Generic[T]):
    """Opens a T at its first call and reuses it from then on; after a failure to open, the next call tries again."""

    def __init__(self, opened: Callable[[Settings], AbstractAsyncContextManager[T]]) -> None:
        self._opened = opened
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._kept: T | None = None

    def get(self) -> T:
        """Return the open resource. Its loop is the current one, as asyncio requires."""
        asyncio.set_event_loop(self._runner.get_loop())
        if self._kept is None:
            settings = reached(load(os.environ))
            logs.configure(settings.log_level, os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", ""))
            if spans.tracing is None:
                self._stack.enter_context(telemetry.traced(settings, telemetry.PATIENCE_OF_CALL))
            if settings.metrics_namespace and not objective_counts.namespace:
                self._stack.enter_context(objective_counts.counting(settings.metrics_namespace))
            self._kept = self._runner.run(self._stack.enter_async_context(self._opened(settings)))
        return self._kept

    def run(self, work: Callable[[T], Coroutine[Any, Any, R]]) -> R:
        """Run some work with it."""
        with self.call() as kept:
            return self._runner.run(work(kept))

    @contextmanager
    def call(self) -> Iterator[T]:
        """Answer a call with it in a block, then send the call's spans: a frozen container sends nothing."""
        try:
            yield self.get()
        finally:
            telemetry.flush()

    def close(self) -> None:
        """Close it, for tests: Lambda gives no notice of a container's end."""
        self._runner.run(self._stack.aclose())
        self._runner.close()
