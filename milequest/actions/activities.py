"""Logging, changing and deleting walks. Every writer of walks (a resolver, an import, the demo) uses these actions."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from milequest.actions.contributions import Counted, count
from milequest.actions.recount import recount
from milequest.rules.activities import Walk, check_restorable, edited, is_in_time, over_the_day
from milequest.rules.contributions import Amounts
from milequest.rules.enums import ActivityPrivacy, ActivitySource, CountStatus
from milequest.rules.errors import ErrorCode, Refused, invalid, refuse_stale, require, unauthenticated
from milequest.rules.ids import new_id
from milequest.store.sql import activities, contributions, deleted_walks, goal_transitions, logged_days, rulings, users
from milequest.store.sql.activities import StoredWalk
from milequest.store.sql.idempotency import mismatch
from milequest.store.sql.transaction import Tx
from milequest.store.sql.users import Profile

Draft: TypeAlias = Callable[[Profile], Walk]

_AUTOMATIC = (CountStatus.COUNTED, CountStatus.FLAGGED)  # set by the speed rule; any other status was set by a person


@dataclass(frozen=True, slots=True)
class DedupKey:
    """Key that makes logging happen once: the client's key and its request's hash, or the source's own record id."""

    key: str | None = None
    digest: bytes | None = None
    external_id: str | None = None
    admit: Callable[[], Awaitable[None]] | None = None  # awaited before a new walk is logged: raises to refuse it


@dataclass(frozen=True, slots=True)
class WalkWritten:
    """A walk that was written, and what it changed. Not `is_new`: an equal request had written it before."""

    activity_id: UUID
    goal_ids: tuple[UUID, ...] = ()
    milestone_ids: tuple[UUID, ...] = ()
    is_new: bool = True


def draft_from(walk: Walk) -> Draft:
    """Return the draft of a walk that is complete already."""
    return lambda _: walk


async def log_walk(
    tx: Tx, user_id: UUID, now: datetime, draft: Draft, dedup: DedupKey = DedupKey(), *, allow_duplicate: bool = False
) -> WalkWritten:
    """Log a walk and count it for every team and goal it belongs to.

    `draft` builds the walk once it is known to be a new one: a repeated request gets its answer, even when its walk
    could not be logged any more. Raises what `draft` raises, VALIDATION_ERROR when the day gets too long,
    DUPLICATE_ACTIVITY with `existingId` for a walk that was probably logged already (unless `allow_duplicate`),
    IDEMPOTENCY_MISMATCH when `dedup.key` belongs to another request, and CONFLICT when its walk was deleted since.
    """
    profile = await users.lock_profile(tx, user_id)
    if profile is None:
        raise unauthenticated()
    if dedup.key is not None and (earlier := await activities.by_key(tx, user_id, dedup.key)):
        return await _earlier_outcome(tx, earlier, dedup)
    if dedup.admit is not None:
        await dedup.admit()
    activity_id, walk = new_id(now), draft(profile)
    if walk.source is ActivitySource.MANUAL:
        await _check_day(tx, user_id, walk, activity_id, allow_duplicate)
    if not await activities.insert(tx, activity_id, user_id, walk, now, dedup.key, dedup.digest, dedup.external_id):
        assert dedup.external_id is not None, "the key was looked up under the user's lock"
        known = await activities.by_external(tx, user_id, walk.source, dedup.external_id)
        return WalkWritten(require(known, "walk"), is_new=False)
    amounts = amounts_of(StoredWalk(activity_id, walk.count_status, now, now, 1, walk), user_id)
    counted = await count(tx, activity_id, user_id, amounts, now, new=True)
    return _written(activity_id, counted)


async def _earlier_outcome(tx: Tx, earlier: tuple[UUID, bytes, bool], dedup: DedupKey) -> WalkWritten:
    """Return the outcome of the first request with this key. Raises CONFLICT if its walk was deleted since."""
    activity_id, digest, is_deleted = earlier
    if digest != dedup.digest:
        raise mismatch()
    if is_deleted:
        raise Refused(ErrorCode.CONFLICT, "The walk of this key was deleted since; a new walk takes a new key.")
    goals = await contributions.counted_goals(tx, activity_id)
    milestones = await goal_transitions.reached_by(tx, activity_id)
    return WalkWritten(activity_id, tuple(goal.goal_id for goal in goals), tuple(milestones), is_new=False)


async def _check_day(tx: Tx, user_id: UUID, walk: Walk, activity_id: UUID, allow_duplicate: bool) -> None:
    logged_mm, twin = await logged_days.so_far(tx, user_id, walk, activity_id)
    if refusal := over_the_day(logged_mm, walk):
        raise refusal
    if twin is not None and not allow_duplicate:
        raise Refused(
            ErrorCode.DUPLICATE_ACTIVITY,
            "A walk like this is logged already; send allowDuplicate to log it all the same.",
            existingId=f"activity_{twin.hex}",
        )


async def update_walk(
    tx: Tx,
    owner_id: UUID,
    now: datetime,
    activity_id: UUID,
    given: Mapping[str, Any],
    expected_version: int | None = None,
) -> WalkWritten:
    """Change the fields in `given` (see `rules.activities.edited`) and recount the walk.

    A change of nothing writes nothing, so that nobody hears of it. Raises NOT_FOUND for others' walks, STALE_VERSION
    with `currentVersion`, VALIDATION_ERROR, BACKDATE_LIMIT.
    """
    stored = await _lock_own(tx, owner_id, activity_id, expected_version)
    changed = edited(stored.walk, given, now)
    if changed == stored.walk:
        return await _as_it_is(tx, activity_id)
    if changed.source is ActivitySource.MANUAL:
        await _check_day(tx, owner_id, changed, activity_id, allow_duplicate=True)
    status = changed.count_status if stored.count_status in _AUTOMATIC else stored.count_status
    counted_at = stored.counted_at
    if _changes_counted_values(stored, changed, status):
        counted_at = now
    seen_as_before = replace(changed, privacy=stored.walk.privacy)
    if stored.count_status is CountStatus.FLAGGED and _changes_counted_values(stored, seen_as_before, status):
        await rulings.end_approvals(tx, activity_id, now)
    await activities.update(tx, activity_id, changed, status, counted_at, now)
    amounts = amounts_of(replace(stored, walk=changed, count_status=status, counted_at=counted_at), owner_id)
    return _written(activity_id, await count(tx, activity_id, owner_id, amounts, now))


async def _lock_own(tx: Tx, owner_id: UUID, activity_id: UUID, expected_version: int | None = None) -> StoredWalk:
    """Return the owner's walk, locked after the owner. Raises NOT_FOUND for others' walks, STALE_VERSION."""
    if await users.lock_profile(tx, owner_id) is None:
        raise unauthenticated()
    stored = require(await activities.lock(tx, activity_id, owner_id), "activity")
    refuse_stale(expected_version, stored.version, "walk")
    return stored


async def delete_walk(tx: Tx, owner_id: UUID, now: datetime, activity_id: UUID) -> WalkWritten:
    """Delete a walk; every total that counted it falls."""
    await _lock_own(tx, owner_id, activity_id)
    await activities.delete(tx, activity_id, now)
    counted = await count(tx, activity_id, owner_id, None, now)
    return _written(activity_id, counted)


async def restore_walk(tx: Tx, owner_id: UUID, now: datetime, activity_id: UUID) -> WalkWritten:
    """Take back the deletion of a walk: every total counts it again, as a walk of this moment.

    A walk that is there stays as it is. Raises NOT_FOUND for others' walks, BACKDATE_LIMIT, and VALIDATION_ERROR when
    the day would get too long.
    """
    if await users.lock_profile(tx, owner_id) is None:
        raise unauthenticated()
    deleted = await deleted_walks.lock(tx, activity_id, owner_id)
    if deleted is None:
        require(await activities.lock(tx, activity_id, owner_id), "activity")
        return await _as_it_is(tx, activity_id)
    check_restorable(deleted.walk.started_at, now)
    if deleted.walk.source is ActivitySource.MANUAL:
        logged_mm, _ = await logged_days.so_far(tx, owner_id, deleted.walk, activity_id)
        if over_the_day(logged_mm, deleted.walk):
            raise invalid("input.activityId", "OUT_OF_RANGE", "its day would have more than 200 km")
    await deleted_walks.restore(tx, activity_id, now)
    amounts = amounts_of(replace(deleted, counted_at=now), owner_id)
    return _written(activity_id, await count(tx, activity_id, owner_id, amounts, now))


async def _as_it_is(tx: Tx, activity_id: UUID) -> WalkWritten:
    """Return the outcome of a write that changes nothing: the goals that count the walk."""
    goals = await contributions.counted_goals(tx, activity_id)
    return WalkWritten(activity_id, tuple(goal.goal_id for goal in goals), is_new=False)


async def count_since(tx: Tx, user_id: UUID, team_id: UUID, since: datetime, now: datetime) -> None:
    """Recount for a team what its member has walked since then: all of the day they joined, none after they left."""
    walks = [amounts_of(stored, user_id) for stored in await activities.since(tx, user_id, since)]
    await recount(tx, user_id, team_id, [walk for walk in walks if walk is not None], now)


def _changes_counted_values(stored: StoredWalk, changed: Walk, status: CountStatus) -> bool:
    """Return whether the edit changes a counted value; if so, what others see of it was attained just now."""
    before = replace(stored.walk, notes=None, type=changed.type, stride_mm=None)
    return before != replace(changed, notes=None, stride_mm=None) or status != stored.count_status


def amounts_of(stored: StoredWalk, user_id: UUID) -> Amounts | None:
    """Return what a walk adds to totals; None for one that counts for no team, whatever that decides."""
    walk = stored.walk
    if stored.count_status not in _AUTOMATIC or not is_in_time(walk.started_at, stored.created_at):
        return None
    return Amounts(
        stored.id,
        user_id,
        walk.privacy == ActivityPrivacy.PUBLIC,
        walk.distance_mm,
        walk.duration_s or 0,
        walk.steps or 0,
        walk.local_date,
        walk.started_at,
        stored.counted_at,
        needs_approval=stored.count_status is CountStatus.FLAGGED,
    )


def _written(activity_id: UUID, counted: Counted) -> WalkWritten:
    return WalkWritten(activity_id, tuple(counted.goal_ids), tuple(counted.milestone_ids))
