"""The clock and the random numbers of the product in a simulation."""

import asyncio
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from milequest.store import breaker
from milequest.store.cache import budgets
from tests.simulation.lambdas import INVOCATION

START = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualDatetime(datetime):
    """A clock that shows the time of the simulation, to a function as its machine has it."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain one, as all others are
        invocation = INVOCATION.get()
        skew = 0.0 if invocation is None else invocation.skew
        return START + timedelta(seconds=asyncio.get_running_loop().time() + skew)


class VirtualTime:
    """The module `time` in a simulation, for breakers and budgets: they would count how long the machine takes."""

    @staticmethod
    def monotonic() -> float:
        """Return the virtual time in seconds."""
        return asyncio.get_running_loop().time()

    @classmethod
    def monotonic_ns(cls) -> int:
        """Return the virtual time in nanoseconds."""
        return round(cls.monotonic() * 1_000_000_000)


def _seeded(seed: int) -> Callable[[int], bytes]:
    """Return a source of random bytes for this thread; others, such as a gateway of other tests, draw real ones."""
    here, drawn, real = threading.get_ident(), random.Random(seed), os.urandom
    return lambda count: drawn.randbytes(count) if threading.get_ident() == here else real(count)


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Give the product the virtual clock, and random numbers from generators with fixed seeds."""
    random.seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "urandom", _seeded(seed))  # the source of ids
        for name, module in list(sys.modules.items()):
            is_ours = name.startswith(("subscriptions.", "milequest.store.", "tests.simulation.world"))
            if is_ours and getattr(module, "datetime", None) is datetime:
                patch.setattr(module, "datetime", VirtualDatetime)
        patch.setattr(breaker, "time", VirtualTime)
        patch.setattr(budgets, "time", VirtualTime)
        yield
