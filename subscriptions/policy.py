"""Asks the policy for listeners of a feed, all at once, before they are told anything."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from milequest.rules.errors import not_found, unauthenticated
from milequest.rules.sessions import ENDED
from milequest.store import audience
from milequest.store.audience import SubscriberAccess
from milequest.store.revocations import Revocations
from milequest.store.transaction import Reader
from resolvers.feeds import AccessRule
from subscriptions.errors import error_payload
from subscriptions.subscribers import Subscriber

EXPIRED = "The token has expired."
CLOSED = "This account is closed."


async def admit(db: Reader, gate: AccessRule, subscribers: Iterable[Subscriber], now: datetime) -> list[Subscriber]:
    """Those who may go on; the subscriptions of the others end here."""
    fresh = unexpired(subscribers, now)
    if not fresh:
        return []
    user_ids = {subscriber.user_id for subscriber in fresh if subscriber.user_id is not None}
    if gate.team_id is None:
        return _open(fresh, await audience.ended(db, user_ids))
    return await _of_team(db, gate, gate.team_id, fresh, user_ids)


async def moved(db: Reader, gate: AccessRule, places: Collection[tuple[UUID, SubscriberAccess]]) -> set[UUID]:
    """Those whose places are others now."""
    if gate.team_id is None:
        return await audience.ended(db, [user_id for user_id, _ in places])
    return await audience.moved(db, places, gate.team_id)


async def still_speaks_for(db: Reader, one: Subscriber, others: Iterable[Subscriber]) -> bool:
    """Whether an answer that `one` was given is the others' too: it stands as it did when the policy was asked for all.

    Who has come or gone meanwhile may have been shown more than the others may see, or less.
    """
    if one.user_id is None or all(other.user_id == one.user_id for other in others):
        return True
    return not await moved(db, one.plan.feed.gate, [(one.user_id, one.place)])


def unexpired(subscribers: Iterable[Subscriber], now: datetime) -> list[Subscriber]:
    """Those whose tokens are still good; the subscriptions of the others end here."""
    fresh = []
    for subscriber in subscribers:
        if subscriber.has_expired(now):
            subscriber.sink.fail(error_payload(unauthenticated(EXPIRED)))
        else:
            fresh.append(subscriber)
    return fresh


def in_session(subscribers: Iterable[Subscriber], revocations: Revocations) -> list[Subscriber]:
    """Those whose sessions have not ended; the subscriptions of the others end here."""
    going_on = []
    for subscriber in subscribers:
        if revocations.has_ended(subscriber.identity):
            subscriber.sink.fail(error_payload(unauthenticated(ENDED)))
        else:
            going_on.append(subscriber)
    return going_on


def _open(subscribers: Iterable[Subscriber], ended: Collection[UUID]) -> list[Subscriber]:
    """Those whose accounts are open; the subscriptions of the others end here."""
    going_on = []
    for subscriber in subscribers:
        if subscriber.user_id in ended:
            subscriber.sink.fail(error_payload(unauthenticated(CLOSED)))
        else:
            going_on.append(subscriber)
    return going_on


async def _of_team(
    db: Reader, gate: AccessRule, team_id: UUID, subscribers: list[Subscriber], user_ids: set[UUID]
) -> list[Subscriber]:
    places = await audience.places(db, [(user_id, team_id) for user_id in user_ids])
    admitted, refused = [], []
    for subscriber in subscribers:
        place = places.get((subscriber.user_id, team_id)) if subscriber.user_id else None
        if place is not None and gate.admits(place.standing, is_public=place.is_public):
            subscriber.place = place
            admitted.append(subscriber)
        else:
            refused.append(subscriber)
    ended = await audience.ended(db, {one.user_id for one in refused if one.user_id}) if refused else ()
    for subscriber in _open(refused, ended):
        subscriber.sink.fail(error_payload(not_found("team")))
    return admitted
