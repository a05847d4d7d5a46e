"""Asking to join a team, and the answers. Locks: the users by id, then the team, under which requests are written."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions.members import fill_seat, last_stay, refuse_member
from milequest.rules.access import TeamPart, Viewer, may_see
from milequest.rules.enums import EventKind, JoinRequestState
from milequest.rules.errors import not_found, require, unauthenticated
from milequest.rules.events import team_event
from milequest.rules.ids import new_id
from milequest.rules.join_requests import is_to_answer, refuse_too_many, refuse_too_soon, refuse_unless_asked
from milequest.store.sql import join_requests, members, teams, users
from milequest.store.sql.join_requests import RequestKey
from milequest.store.sql.transaction import Tx


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """The pending request."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """A request that has its final state; if it was approved, the membership that is open now."""

    request_id: UUID
    member_id: UUID | None = None


async def request_to_join(tx: Tx, user_id: UUID, now: datetime, team_id: UUID, message: str | None) -> JoinRequested:
    """Ask to join a team; while a request is pending, that one is returned as it is.

    Raises NOT_FOUND, ALREADY_MEMBER, FORBIDDEN for a team that takes no requests and for the banned, RATE_LIMITED
    within a week of a rejection, CONFLICT for too many pending requests.
    """
    user = await users.lock_profile(tx, user_id)
    if user is None:
        raise unauthenticated()
    team = require(await teams.lock(tx, Viewer(user_id), team_id), "team")
    refuse_member(team)
    refuse_unless_asked(team.join_policy, is_public=team.is_public)
    await last_stay(tx, team_id, user_id, now)  # to approve the request would be to invite them
    before = await join_requests.earlier(tx, team_id, user_id)
    if before.pending_id is not None:
        return JoinRequested(before.pending_id)
    refuse_too_soon(before.rejected_at, now)
    refuse_too_many(before.of_user, before.of_team)
    request_id = new_id(now)
    await join_requests.insert(tx, request_id, team_id, user_id, message, now)
    tx.record(team_event(team_id, EventKind.JOIN_REQUEST_ADDED, request_id, now))
    return JoinRequested(request_id)


async def withdraw_join_request(tx: Tx, user_id: UUID, now: datetime, request_id: UUID) -> RequestAnswered:
    """Withdraw one's own request; twice is once. Raises NOT_FOUND for another's, CONFLICT for an answered one."""
    await users.lock(tx, user_id)
    place = await join_requests.key_of(tx, request_id)
    if place is None or place.user_id != user_id:
        raise not_found("request")
    require(await teams.lock(tx, Viewer(user_id), place.team_id), "request")
    await _answer(tx, request_id, JoinRequestState.WITHDRAWN, now)
    return RequestAnswered(request_id)


async def approve_join_request(tx: Tx, admin_id: UUID, now: datetime, request_id: UUID) -> RequestAnswered:
    """Let the author of a request in; twice is once.

    Raises NOT_FOUND for a user who is no admin, CONFLICT for a request that is no longer pending or whose author is in
    too many teams, TEAM_FULL. A refusal leaves the request pending.
    """
    place = require(await join_requests.key_of(tx, request_id), "request")
    await users.lock(tx, admin_id, place.user_id)
    await _lock_for_admin(tx, admin_id, place)
    if await _answer(tx, request_id, JoinRequestState.APPROVED, now, admin_id):
        author = require(await users.profile(tx, place.user_id), "request")
        team = require(await teams.lock_for_guest(tx, Viewer(author.id), place.team_id), "request")
        return RequestAnswered(request_id, (await fill_seat(tx, team, author, now, admin_id, now)).member_id)
    return RequestAnswered(request_id, await members.open_id(tx, place.team_id, place.user_id))


async def reject_join_request(tx: Tx, admin_id: UUID, now: datetime, request_id: UUID) -> RequestAnswered:
    """Say no to a request; twice is once. Raises NOT_FOUND for a user who is no admin, CONFLICT for an answered one."""
    place = require(await join_requests.key_of(tx, request_id), "request")
    await _lock_for_admin(tx, admin_id, place)
    await _answer(tx, request_id, JoinRequestState.REJECTED, now, admin_id)
    return RequestAnswered(request_id)


async def _lock_for_admin(tx: Tx, admin_id: UUID, place: RequestKey) -> None:
    """Lock the team of a request for one of its admins. Raises NOT_FOUND for others, who do not see the request."""
    viewer = Viewer(admin_id)
    team = require(await teams.lock(tx, viewer, place.team_id), "request")
    if not may_see(TeamPart.INVITES, team.access_level(viewer), is_public=team.is_public):
        raise not_found("request")


async def _answer(
    tx: Tx, request_id: UUID, state: JoinRequestState, now: datetime, admin_id: UUID | None = None
) -> bool:
    """Give a request its final state; return whether it was pending. Its team is locked. Raises CONFLICT."""
    place = require(await join_requests.key_of(tx, request_id), "request")
    if not is_to_answer(place.state, state):
        return False
    await join_requests.answer(tx, request_id, state, now, admin_id)
    tx.record(team_event(place.team_id, EventKind.JOIN_REQUEST_REMOVED, request_id, now))
    return True
