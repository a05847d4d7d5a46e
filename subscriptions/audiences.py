"""Those who are told together, kept by what they have in common, so that an event costs each of them but its sending.

Whether they may still listen is asked before each telling, but not one by one: the question is whose place is not what
it was the last time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from milequest.store.audience import SubscriberAccess
from milequest.store.transaction import Reader
from resolvers.feeds import AccessRule
from subscriptions.plans import Plan, Scope
from subscriptions.policy import admit, moved, unexpired
from subscriptions.subscribers import Subscriber

Cohorts: TypeAlias = Mapping[tuple[Plan, Scope], Collection[Subscriber]]
"""Listeners by what they share: the answers of a plan to a scope."""


class Audience:
    """The listeners of something who are up to date."""

    def __init__(self) -> None:
        self.cohorts: dict[tuple[Plan, Scope], set[Subscriber]] = {}
        self._keys: dict[Subscriber, tuple[Plan, Scope]] = {}
        self._places: dict[
            AccessRule, set[tuple[UUID, SubscriberAccess]]
        ] = {}  # as they were found last; made when they are needed
        self._expires: datetime | None = None  # when the first of them may not listen any longer

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._keys)

    def add(self, subscriber: Subscriber) -> None:
        """Let somebody join who was admitted just now."""
        key = self._keys[subscriber] = subscriber.plan, subscriber.scope
        self.cohorts.setdefault(key, set()).add(subscriber)
        self._places.pop(subscriber.plan.feed.gate, None)
        expires = subscriber.identity.expires_at
        if expires is not None and (self._expires is None or expires < self._expires):
            self._expires = expires

    def discard(self, subscriber: Subscriber) -> None:
        """Let somebody go, who may not even be here."""
        key = self._keys.pop(subscriber, None)
        if key is None:
            return
        self.cohorts[key].remove(subscriber)
        if not self.cohorts[key]:
            del self.cohorts[key]
        self._places.pop(subscriber.plan.feed.gate, None)

    async def review(self, db: Reader, now: datetime) -> None:
        """Ask the policy again: who may not go on is told so and gone, who stands otherwise has moved."""
        if self._expires is not None and self._expires <= now:
            unexpired(list(self), now)
            self._expires = min((one.identity.expires_at for one in self if one.identity.expires_at), default=None)
        for gate in {plan.feed.gate for plan, _ in self.cohorts}:
            if elsewhere := await moved(db, gate, self._places_of(gate)):
                await self._readmit(db, gate, elsewhere, now)

    async def _readmit(self, db: Reader, gate: AccessRule, user_ids: set[UUID], now: datetime) -> None:
        affected = [one for one in self if one.user_id in user_ids and one.plan.feed.gate == gate]
        for subscriber in await admit(db, gate, affected, now):
            if subscriber in self._keys:  # it may have left meanwhile
                self.discard(subscriber)
                self.add(subscriber)

    def _places_of(self, gate: AccessRule) -> set[tuple[UUID, SubscriberAccess]]:
        if gate not in self._places:
            self._places[gate] = {
                (one.user_id, one.place) for one in self if one.user_id is not None and one.plan.feed.gate == gate
            }
        return self._places[gate]


def cohorts_of(subscribers: Iterable[Subscriber]) -> Mapping[tuple[Plan, Scope], Sequence[Subscriber]]:
    """Some listeners by what they share."""
    cohorts: defaultdict[tuple[Plan, Scope], list[Subscriber]] = defaultdict(list)
    for subscriber in subscribers:
        cohorts[subscriber.plan, subscriber.scope].append(subscriber)
    return cohorts
