"""Requests to join a team: who may ask, how often, and what an answer may follow."""

from datetime import datetime, timedelta

from milequest.rules.enums import JoinPolicy, JoinRequestState
from milequest.rules.errors import ErrorCode, RateLimited, Refused, forbidden
from milequest.rules.instants import seconds_up

MESSAGE_MAX = 200
WAIT = timedelta(days=7)  # after a rejection
OPEN_MAX = 20  # pending requests of a user
QUEUE_MAX = 500  # pending requests to a team
SHOWN_MAX = 50  # requests that a user is shown, the newest


def takes_requests(join_policy: JoinPolicy, *, is_public: bool) -> bool:
    """Return whether one may ask to join a team. Pending requests end when this ends."""
    return is_public and join_policy == JoinPolicy.REQUEST


def refuse_unless_asked(join_policy: JoinPolicy, *, is_public: bool) -> None:
    """Raise FORBIDDEN for a team that takes no requests, saying which way in there is."""
    if not takes_requests(join_policy, is_public=is_public):
        is_open = is_public and join_policy == JoinPolicy.OPEN
        raise forbidden("This team is open: join it." if is_open else "This team is joined by invite.")


def may_ask_again_at(state: JoinRequestState, answered_at: datetime | None) -> datetime | None:
    """Return from when a rejected user may ask the same team again; None for requests that were not rejected."""
    return None if state != JoinRequestState.REJECTED or answered_at is None else answered_at + WAIT


def refuse_too_soon(rejected_at: datetime | None, now: datetime) -> None:
    """Raise RATE_LIMITED for a user whom the team has rejected less than WAIT ago."""
    if rejected_at is not None and now < rejected_at + WAIT:
        raise RateLimited(f"The team said no: ask again after {WAIT.days} days.", seconds_up(rejected_at + WAIT - now))


def refuse_too_many(of_user: int, of_team: int) -> None:
    """Raise CONFLICT for a user, or to a team, with as many pending requests as there may be."""
    if of_user >= OPEN_MAX:
        raise Refused(ErrorCode.CONFLICT, f"You have {OPEN_MAX} pending requests: withdraw one first.")
    if of_team >= QUEUE_MAX:
        raise Refused(ErrorCode.CONFLICT, "The team has too many pending requests now.")


def is_to_answer(state: JoinRequestState, answer: JoinRequestState) -> bool:
    """Return whether this answer is still to be given; False for the same one again. Raises CONFLICT for another."""
    if state not in (JoinRequestState.PENDING, answer):
        raise Refused(ErrorCode.CONFLICT, f"This request is {state.lower()} already.")
    return state == JoinRequestState.PENDING
