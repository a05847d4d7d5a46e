"""What a Lambda container keeps between its calls: one event loop, and what was opened on it in the first of them.

Modules import while Lambda starts a container, and open nothing then: what is open would not survive a snapshot.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Generic, TypeAlias, TypeVar

from app import logs
from app.aws.addresses import reached
from milequest.settings import Settings, load

T = TypeVar("T")
R = TypeVar("R")

Event: TypeAlias = Mapping[str, Any]


class Container(Generic[T]):
    """Opens a T at its first call and works with it from then on; what fails to open is tried again by the next one."""

    def __init__(self, opened: Callable[[Settings], AbstractAsyncContextManager[T]]) -> None:
        self._opened = opened
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._kept: T | None = None

    def get(self) -> T:
        """What is open. Its loop is the current one, for those who ask asyncio."""
        asyncio.set_event_loop(self._runner.get_loop())
        if self._kept is None:
            settings = reached(load(os.environ))
            logs.configure(settings.log_level)
            self._kept = self._runner.run(self._stack.enter_async_context(self._opened(settings)))
        return self._kept

    def run(self, work: Callable[[T], Coroutine[Any, Any, R]]) -> R:
        """Do some work with it."""
        return self._runner.run(work(self.get()))

    def close(self) -> None:
        """For tests: Lambda tells nobody that a container ends."""
        self._runner.run(self._stack.aclose())
        self._runner.close()
