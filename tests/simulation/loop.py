"""An event loop whose clock jumps to the next timer: a minute passes in as long as its work takes.

Nothing in it waits for the outside, so a run depends on its seed alone.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jump(selectors.SelectSelector):
    """Waits for nothing: the time until the next timer passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return no event, with the clock put forward. Raises RuntimeError where no timer is left."""
        if timeout is None:
            raise RuntimeError("everything waits, and nothing is due")
        self.now += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose `time` is virtual, in seconds from 0."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Return the virtual time."""
        return self._jump.now


def simulate(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in virtual time; cancel the tasks it left running."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
