"""Charges for bad credentials to the network that sends them, and the number of its tokens checked at once.

A token of our own issuer is verified locally and first, so a good one is served whatever others of the same network
have sent. A token that needs a call of the operator's authorizer waits for a free slot of its network, and is refused
without a call while the network's budget is spent.
"""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from milequest.rules.budgets import Caller, Payer
from milequest.rules.errors import RateLimited
from milequest.rules.rate_limits import network
from milequest.store.cache.budgets import Budgets

MAX_CHECKS = 8  # concurrent calls of the authorizer for one network's tokens
MAX_WAITING = 64  # further tokens that wait for a slot
MAX_WAITING_KNOWN = 1_024  # of tokens admitted at their last call, as when all machines of a network reconnect


class NetworkGuard:
    """Limits on unidentified callers, by network: budgets for bad credentials, and slots for checks.

    One per process.
    """

    def __init__(self, budgets: Budgets | None = None) -> None:
        self._budgets = budgets
        self._slots: dict[Hashable, _Slots] = {}

    def refuse_spent(self, address: str) -> None:
        """Raise RATE_LIMITED while a network's budget is spent."""
        if self._budgets is not None:
            self._budgets.refuse_spent(_payer(address))

    def charge(self, address: str, points: int) -> None:
        """Take points off a network's budget. Raises RATE_LIMITED where it was spent already."""
        self.refuse_spent(address)
        self.refund(address, -points)

    def refund(self, address: str, points: int) -> None:
        """Give back points that were charged, once the credential turned out to be good or was not decided."""
        if self._budgets is not None:
            self._budgets.charge(_payer(address), -points)

    async def settle(self, address: str) -> None:
        """Write charges to Redis now, where this process may be frozen after its answer, as a Lambda function is."""
        if self._budgets is not None:
            await self._budgets.settle(_payer(address))

    @asynccontextmanager
    async def slot(self, address: str, *, is_known: bool) -> AsyncIterator[None]:
        """Hold one of the network's slots; tokens admitted before (`is_known`) have separate slots.

        Raises RATE_LIMITED where too many wait.
        """
        place = network(address), is_known
        slots = self._slots.setdefault(place, _Slots())
        if slots.waiting >= MAX_CHECKS + (MAX_WAITING_KNOWN if is_known else MAX_WAITING):
            raise RateLimited("Too many tokens are being checked; try again.", 1)
        slots.waiting += 1
        try:
            async with slots.free:
                yield
        finally:
            slots.waiting -= 1
            if not slots.waiting:
                del self._slots[place]


class _Slots:
    """Slots of one network: the free ones, and the number of tokens that hold one or wait for one."""

    __slots__ = ("free", "waiting")

    def __init__(self) -> None:
        self.free = Semaphore(MAX_CHECKS)
        self.waiting = 0


def _payer(address: str) -> Caller:
    return Caller(Payer.NETWORK, network(address))
