"""Subscribers grouped by plan and scope: an answer is computed once per group, and each subscriber costs only a send.

Their access is checked before each dispatch, but not one by one: one query returns the users whose access has changed
since the last check.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from milequest.rules.grouping import group_by
from milequest.store.sql.audience import SubscriberAccess
from milequest.store.sql.transaction import Reader
from resolvers.feeds import AccessRule
from subscriptions.plans import Plan, Scope
from subscriptions.policy import admit, unexpired, users_with_changed_access
from subscriptions.subscribers import Subscriber

Cohorts: TypeAlias = Mapping[tuple[Plan, Scope], Collection[Subscriber]]
"""Subscribers grouped by the answers they share: those of a plan to a scope."""


class Audience:
    """Subscribers of a log or state that are up to date."""

    def __init__(self) -> None:
        self.cohorts: dict[tuple[Plan, Scope], set[Subscriber]] = {}
        self._keys: dict[Subscriber, tuple[Plan, Scope]] = {}
        self._access: dict[
            AccessRule, set[tuple[UUID, SubscriberAccess]]
        ] = {}  # as of the last access check; built on demand
        self._expires: datetime | None = None  # when the first of their tokens expires

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._keys)

    def add(self, subscriber: Subscriber) -> None:
        """Add a subscriber that was admitted just now."""
        key = self._keys[subscriber] = subscriber.plan, subscriber.scope
        self.cohorts.setdefault(key, set()).add(subscriber)
        self._access.pop(subscriber.plan.feed.access_rule, None)
        expires = subscriber.identity.expires_at
        if expires is not None and (self._expires is None or expires < self._expires):
            self._expires = expires

    def discard(self, subscriber: Subscriber) -> None:
        """Remove a subscriber, if it is present."""
        key = self._keys.pop(subscriber, None)
        if key is None:
            return
        self.cohorts[key].remove(subscriber)
        if not self.cohorts[key]:
            del self.cohorts[key]
        self._access.pop(subscriber.plan.feed.access_rule, None)

    async def review(self, db: Reader, now: datetime) -> None:
        """Check access again: end subscriptions that are no longer allowed, and regroup where access has changed."""
        if self._expires is not None and self._expires <= now:
            unexpired(list(self), now)
            self._expires = min((one.identity.expires_at for one in self if one.identity.expires_at), default=None)
        for rule in {plan.feed.access_rule for plan, _ in self.cohorts}:
            if changed := await users_with_changed_access(db, rule, self._access_by_user(rule)):
                await self._readmit(db, rule, changed, now)

    async def _readmit(self, db: Reader, rule: AccessRule, user_ids: set[UUID], now: datetime) -> None:
        affected = [one for one in self if one.user_id in user_ids and one.plan.feed.access_rule == rule]
        for subscriber in await admit(db, rule, affected, now):
            if subscriber in self._keys:  # it may have been removed while access was checked
                self.discard(subscriber)
                self.add(subscriber)

    def _access_by_user(self, rule: AccessRule) -> set[tuple[UUID, SubscriberAccess]]:
        if rule not in self._access:
            self._access[rule] = {
                (one.user_id, one.access)
                for one in self
                if one.user_id is not None and one.plan.feed.access_rule == rule
            }
        return self._access[rule]


def cohorts_of(subscribers: Iterable[Subscriber]) -> Mapping[tuple[Plan, Scope], Sequence[Subscriber]]:
    """Return subscribers grouped by plan and scope."""
    return group_by(subscribers, lambda subscriber: (subscriber.plan, subscriber.scope))
