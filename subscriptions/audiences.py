"""Those who are told together, kept by what they have in common, so that an event costs each of them but its sending.

Whether they may still listen is asked before each telling, but not one by one: the question is whose place is not what
it was the last time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from milequest.store.audience import Place
from milequest.store.transaction import Reader
from resolvers.feeds import Gate
from subscriptions.listeners import Listener
from subscriptions.plans import Plan, Scope
from subscriptions.policy import admit, moved, unexpired

Cohorts: TypeAlias = Mapping[tuple[Plan, Scope], Collection[Listener]]
"""Listeners by what they share: the answers of a plan to a scope."""


class Audience:
    """The listeners of something who are up to date."""

    def __init__(self) -> None:
        self.cohorts: dict[tuple[Plan, Scope], set[Listener]] = {}
        self._keys: dict[Listener, tuple[Plan, Scope]] = {}
        self._places: dict[Gate, set[tuple[UUID, Place]]] = {}  # as they were found last; made when they are needed
        self._expires: datetime | None = None  # when the first of them may not listen any longer

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Listener]:
        return iter(self._keys)

    def add(self, listener: Listener) -> None:
        """Let somebody join who was admitted just now."""
        key = self._keys[listener] = listener.plan, listener.scope
        self.cohorts.setdefault(key, set()).add(listener)
        self._places.pop(listener.plan.feed.gate, None)
        expires = listener.identity.expires_at
        if expires is not None and (self._expires is None or expires < self._expires):
            self._expires = expires

    def discard(self, listener: Listener) -> None:
        """Let somebody go, who may not even be here."""
        key = self._keys.pop(listener, None)
        if key is None:
            return
        self.cohorts[key].remove(listener)
        if not self.cohorts[key]:
            del self.cohorts[key]
        self._places.pop(listener.plan.feed.gate, None)

    async def review(self, db: Reader, now: datetime) -> None:
        """Ask the policy again: who may not go on is told so and gone, who stands otherwise has moved."""
        if self._expires is not None and self._expires <= now:
            unexpired(list(self), now)
            self._expires = min((one.identity.expires_at for one in self if one.identity.expires_at), default=None)
        for gate in {plan.feed.gate for plan, _ in self.cohorts}:
            if elsewhere := await moved(db, gate, self._places_of(gate)):
                await self._readmit(db, gate, elsewhere, now)

    async def _readmit(self, db: Reader, gate: Gate, user_ids: set[UUID], now: datetime) -> None:
        affected = [one for one in self if one.user_id in user_ids and one.plan.feed.gate == gate]
        for listener in await admit(db, gate, affected, now):
            if listener in self._keys:  # it may have left meanwhile
                self.discard(listener)
                self.add(listener)

    def _places_of(self, gate: Gate) -> set[tuple[UUID, Place]]:
        if gate not in self._places:
            self._places[gate] = {
                (one.user_id, one.place) for one in self if one.user_id is not None and one.plan.feed.gate == gate
            }
        return self._places[gate]


def cohorts_of(listeners: Iterable[Listener]) -> Mapping[tuple[Plan, Scope], Sequence[Listener]]:
    """Some listeners by what they share."""
    cohorts: defaultdict[tuple[Plan, Scope], list[Listener]] = defaultdict(list)
    for listener in listeners:
        cohorts[listener.plan, listener.scope].append(listener)
    return cohorts
