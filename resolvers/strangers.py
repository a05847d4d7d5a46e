"""Charges for bad credentials to the network that sends them, and the number of its tokens checked at once.

A token of our own issuer is checked first, since that is cheap and asks nobody: who has a good one is served, whatever
others of the same network have sent. What somebody else has to be asked about waits for its turn, and is not asked
about at all while its network has nothing left.
"""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from milequest.rules.budgets import Caller, Payer
from milequest.rules.errors import RateLimited
from milequest.rules.rate_limits import network
from milequest.store.cache.budgets import Budgets

AT_ONCE = 8  # questions about tokens of one network that are under way
WAITING = 64  # more of them that wait
WAITING_KNOWN = 1_024  # of those that were good when last asked about: the machines of one network, after a restart


class Strangers:
    """Callers that are not identified yet, by network. One per process."""

    def __init__(self, budgets: Budgets | None = None) -> None:
        self._budgets = budgets
        self._queues: dict[Hashable, _Queue] = {}

    def refuse_spent(self, address: str) -> None:
        """Raises RATE_LIMITED while a network has nothing left."""
        if self._budgets is not None:
            self._budgets.refuse_spent(_payer(address))

    def blame(self, address: str, points: int) -> None:
        """Take points off a network's budget. Raises RATE_LIMITED where it had nothing left."""
        self.refuse_spent(address)
        self.forgive(address, -points)

    def forgive(self, address: str, points: int) -> None:
        """Give back what was taken a moment ago, for what turned out to be no fault."""
        if self._budgets is not None:
            self._budgets.charge(_payer(address), -points)

    async def settle(self, address: str) -> None:
        """Have all processes know of it, where this one may sleep once it has answered."""
        if self._budgets is not None:
            await self._budgets.settle(_payer(address))

    @asynccontextmanager
    async def turn(self, address: str, *, is_known: bool) -> AsyncIterator[None]:
        """Wait until few others of the network are asked about; those `is_known` wait for their like alone.

        Raises RATE_LIMITED where too many wait.
        """
        place = network(address), is_known
        queue = self._queues.setdefault(place, _Queue())
        if queue.length >= AT_ONCE + (WAITING_KNOWN if is_known else WAITING):
            raise RateLimited("Too many tokens are being checked; try again.", 1)
        queue.length += 1
        try:
            async with queue.free:
                yield
        finally:
            queue.length -= 1
            if not queue.length:
                del self._queues[place]


class _Queue:
    """Queue of one network's tokens that are checked or wait for that."""

    __slots__ = ("free", "length")

    def __init__(self) -> None:
        self.free = Semaphore(AT_ONCE)
        self.length = 0


def _payer(address: str) -> Caller:
    return Caller(Payer.NETWORK, network(address))
