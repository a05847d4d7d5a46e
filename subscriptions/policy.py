"""Asks the policy for listeners of a feed, all at once, before they are told anything."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from milequest.rules.errors import not_found, unauthenticated
from milequest.rules.sessions import ENDED
from milequest.store import audience
from milequest.store.audience import Place
from milequest.store.revocations import Revocations
from milequest.store.transaction import Reader
from resolvers.feeds import Gate
from subscriptions.errors import told
from subscriptions.listeners import Listener

EXPIRED = "The token has expired."
CLOSED = "This account is closed."


async def admit(db: Reader, gate: Gate, listeners: Iterable[Listener], now: datetime) -> list[Listener]:
    """Those who may go on; the subscriptions of the others end here."""
    fresh = unexpired(listeners, now)
    if not fresh:
        return []
    user_ids = {listener.user_id for listener in fresh if listener.user_id is not None}
    if gate.team_id is None:
        return _open(fresh, await audience.ended(db, user_ids))
    return await _of_team(db, gate, gate.team_id, fresh, user_ids)


async def moved(db: Reader, gate: Gate, places: Collection[tuple[UUID, Place]]) -> set[UUID]:
    """Those whose places are others now."""
    if gate.team_id is None:
        return await audience.ended(db, [user_id for user_id, _ in places])
    return await audience.moved(db, places, gate.team_id)


async def spoke_for(db: Reader, one: Listener, others: Iterable[Listener]) -> bool:
    """Whether an answer that `one` was given is the others' too: it stands as it did when the policy was asked for all.

    Who has come or gone meanwhile may have been shown more than the others may see, or less.
    """
    if one.user_id is None or all(other.user_id == one.user_id for other in others):
        return True
    return not await moved(db, one.plan.feed.gate, [(one.user_id, one.place)])


def unexpired(listeners: Iterable[Listener], now: datetime) -> list[Listener]:
    """Those whose tokens are still good; the subscriptions of the others end here."""
    fresh = []
    for listener in listeners:
        if listener.has_expired(now):
            listener.sink.fail(told(unauthenticated(EXPIRED)))
        else:
            fresh.append(listener)
    return fresh


def in_session(listeners: Iterable[Listener], revocations: Revocations) -> list[Listener]:
    """Those whose sessions have not ended; the subscriptions of the others end here."""
    going_on = []
    for listener in listeners:
        if revocations.has_ended(listener.identity):
            listener.sink.fail(told(unauthenticated(ENDED)))
        else:
            going_on.append(listener)
    return going_on


def _open(listeners: Iterable[Listener], ended: Collection[UUID]) -> list[Listener]:
    """Those whose accounts are open; the subscriptions of the others end here."""
    going_on = []
    for listener in listeners:
        if listener.user_id in ended:
            listener.sink.fail(told(unauthenticated(CLOSED)))
        else:
            going_on.append(listener)
    return going_on


async def _of_team(
    db: Reader, gate: Gate, team_id: UUID, listeners: list[Listener], user_ids: set[UUID]
) -> list[Listener]:
    places = await audience.places(db, [(user_id, team_id) for user_id in user_ids])
    admitted, refused = [], []
    for listener in listeners:
        place = places.get((listener.user_id, team_id)) if listener.user_id else None
        if place is not None and gate.admits(place.standing, is_public=place.is_public):
            listener.place = place
            admitted.append(listener)
        else:
            refused.append(listener)
    ended = await audience.ended(db, {one.user_id for one in refused if one.user_id}) if refused else ()
    for listener in _open(refused, ended):
        listener.sink.fail(told(not_found("team")))
    return admitted
