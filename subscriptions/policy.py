"""Access checks of a feed's subscribers, all at once, before anything is sent to them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from milequest.rules.errors import not_found, unauthenticated
from milequest.rules.sessions import ENDED
from milequest.store.sql import audience
from milequest.store.sql.audience import SubscriberAccess
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Reader
from resolvers.feeds import AccessRule
from schema.error_payloads import error_payload
from subscriptions.subscribers import Subscriber

EXPIRED = "The token has expired."
CLOSED = "This account is closed."


async def admit(db: Reader, rule: AccessRule, subscribers: Iterable[Subscriber], now: datetime) -> list[Subscriber]:
    """Return the subscribers that are still allowed; end the others' subscriptions."""
    fresh = unexpired(subscribers, now)
    if not fresh:
        return []
    user_ids = {subscriber.user_id for subscriber in fresh if subscriber.user_id is not None}
    if rule.team_id is None:
        return _open(fresh, await audience.ended(db, user_ids))
    return await _of_team(db, rule, rule.team_id, fresh, user_ids)


async def users_with_changed_access(
    db: Reader, rule: AccessRule, accesses: Collection[tuple[UUID, SubscriberAccess]]
) -> set[UUID]:
    """Return the users whose access has changed."""
    if rule.team_id is None:
        return await audience.ended(db, [user_id for user_id, _ in accesses])
    return await audience.users_with_changed_access(db, accesses, rule.team_id)


async def holds_for_all(db: Reader, one: Subscriber, others: Iterable[Subscriber]) -> bool:
    """Return whether an answer computed for `one` holds for the others: its access is unchanged since all were checked.

    If its user joined or left meanwhile, the answer may show more than the others may see, or less.
    """
    if one.user_id is None or all(other.user_id == one.user_id for other in others):
        return True
    return not await users_with_changed_access(db, one.plan.feed.access_rule, [(one.user_id, one.access)])


def unexpired(subscribers: Iterable[Subscriber], now: datetime) -> list[Subscriber]:
    """Return the subscribers whose tokens have not expired; end the others' subscriptions."""
    fresh = []
    for subscriber in subscribers:
        if subscriber.has_expired(now):
            subscriber.sink.fail(error_payload(unauthenticated(EXPIRED)))
        else:
            fresh.append(subscriber)
    return fresh


def in_session(subscribers: Iterable[Subscriber], revocations: Revocations) -> list[Subscriber]:
    """Return the subscribers whose sessions have not ended; end the others' subscriptions."""
    going_on = []
    for subscriber in subscribers:
        if revocations.has_ended(subscriber.identity):
            subscriber.sink.fail(error_payload(unauthenticated(ENDED)))
        else:
            going_on.append(subscriber)
    return going_on


def _open(subscribers: Iterable[Subscriber], ended: Collection[UUID]) -> list[Subscriber]:
    """Return the subscribers whose accounts are open; end the others' subscriptions."""
    going_on = []
    for subscriber in subscribers:
        if subscriber.user_id in ended:
            subscriber.sink.fail(error_payload(unauthenticated(CLOSED)))
        else:
            going_on.append(subscriber)
    return going_on


async def _of_team(
    db: Reader, rule: AccessRule, team_id: UUID, subscribers: list[Subscriber], user_ids: set[UUID]
) -> list[Subscriber]:
    accesses = await audience.access_of(db, [(user_id, team_id) for user_id in user_ids])
    admitted, refused = [], []
    for subscriber in subscribers:
        access = accesses.get((subscriber.user_id, team_id)) if subscriber.user_id else None
        if access is not None and rule.admits(access.access_level, is_public=access.is_public):
            subscriber.access = access
            admitted.append(subscriber)
        else:
            refused.append(subscriber)
    ended = await audience.ended(db, {one.user_id for one in refused if one.user_id}) if refused else ()
    for subscriber in _open(refused, ended):
        subscriber.sink.fail(error_payload(not_found("team")))
    return admitted
