"""A subscriber: one subscription of one connection, and the interface of its connection."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from milequest.rules.budgets import Caller
from milequest.rules.identity import Identity
from milequest.store.sql.audience import NO_TEAM, SubscriberAccess
from schema.error_payloads import Errors
from subscriptions.plans import Plan, Scope
from subscriptions.protocols.protocol_steps import Result


class Sink(Protocol):
    """Destination of a subscriber's results. Sending never waits: a connection that reads too slowly is closed."""

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Send results, in their order. With `newest` they replace results that are still buffered."""

    def fail(self, errors: Errors) -> None:
        """End the subscription with these errors."""

    @property
    def is_lagging(self) -> bool:
        """True if much is waiting to be sent."""

    async def drained(self) -> None:
        """Wait until it is no longer lagging, or the connection is closed."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """Running subscription. `sequence` is the last one sent of a log, `seen` the last version sent of a state."""

    plan: Plan
    identity: Identity
    sink: Sink
    sequence: int = 0
    seen: Hashable = None
    access: SubscriberAccess = NO_TEAM  # as of the last access check
    payer: Caller | None = None  # charged for the subscription's memory

    @property
    def user_id(self) -> UUID | None:
        """The user's id; None for a machine, which may subscribe only to feeds without a team."""
        return self.identity.user_id

    @property
    def scope(self) -> Scope:
        """The scope whose answers it shares."""
        return self.plan.scope(self.identity, self.access.access_level)

    @property
    def view(self) -> Hashable:
        """The access that an answer depends on: if it changes, the answer to the same state may be another one.

        A user who left and rejoined may have been sent either answer meanwhile, so per-viewer answers depend on the
        membership too.
        """
        return (self.access.membership, self.access.access_level) if self.plan.per_viewer else self.access.access_level

    def has_expired(self, now: datetime) -> bool:
        """Return whether the token it was begun with has expired."""
        return self.identity.expires_at is not None and self.identity.expires_at <= now
