"""A listener: one subscription of one connection, and what a connection does for it."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from milequest.rules.budgets import Caller
from milequest.rules.identity import Identity
from milequest.store.audience import ANYWHERE, SubscriberAccess
from subscriptions.plans import Plan, Scope
from subscriptions.protocols.steps import Errors, Result


class Sink(Protocol):
    """Where a listener's results go. Nothing here waits: a connection that takes too little is closed."""

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Send results, in their order. `newest` makes what was not sent yet void."""

    def fail(self, errors: Errors) -> None:
        """The subscription is over, for these reasons."""

    @property
    def is_lagging(self) -> bool:
        """Whether much is waiting to be sent."""

    async def drained(self) -> None:
        """Wait until that is no longer so, or the connection is gone."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """A subscription that runs. `sequence` is the last one told of a log, `seen` the version told of a state."""

    plan: Plan
    identity: Identity
    sink: Sink
    sequence: int = 0
    seen: Hashable = None
    place: SubscriberAccess = ANYWHERE  # as the policy found it last
    payer: Caller | None = None  # whose it counts as

    @property
    def user_id(self) -> UUID | None:
        """Who listens; a machine is none of our users, and may listen to what is of no team."""
        return self.identity.user_id

    @property
    def scope(self) -> Scope:
        """Whom this one shares answers with."""
        return self.plan.scope(self.identity, self.place.standing)

    @property
    def view(self) -> Hashable:
        """From where the team is seen: who has come or gone since may see otherwise what has not changed.

        Who came and went may have been shown either meanwhile, so what is somebody's own is seen by a membership.
        """
        return (self.place.membership, self.place.standing) if self.plan.per_viewer else self.place.standing

    def has_expired(self, now: datetime) -> bool:
        """Whether the token it was begun with is no longer good."""
        return self.identity.expires_at is not None and self.identity.expires_at <= now
