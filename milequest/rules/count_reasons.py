"""Reasons why a walk doesn't count for a team, or for no goal of it, in the order in which they are asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from milequest.rules.activities import BACKDATE_DAYS
from milequest.rules.enums import CountStatus, NotCounted, Verdict

MESSAGES: Mapping[NotCounted, str] = {
    NotCounted.DUPLICATE: "Another record of the same walk counts.",
    NotCounted.TOO_OLD: f"It was logged more than {BACKDATE_DAYS} days after it began.",
    NotCounted.NOT_MEMBER: "It began when you were not in the team.",
    NotCounted.REMOVED: "It was received, or made longer, after you were removed from the team.",
    NotCounted.REJECTED: "An ADMIN of the team rejected it.",
    NotCounted.TOO_FAST: "It is too fast to be believed. An ADMIN of the team may approve it, unless it is private.",
    NotCounted.NO_GOAL: "It counts for the team, which has no goal that takes walks.",
    NotCounted.BEFORE_GOAL: "It counts for the team. Its day is before the first of the team's goal.",
    NotCounted.AFTER_GOAL: "It counts for the team. Its day is after the last of the team's goal.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A walk's standing in a team: whether that counts it, and what decides about it.

    `is_closed` is None where it began in no membership; the days are those of the team's goal that takes walks, if any.
    """

    is_counted: bool
    status: CountStatus
    is_late: bool
    is_closed: bool | None
    verdict: Verdict | None
    local_date: date
    starts_on: date | None
    ends_on: date | None


def reason_of(walk: Standing, *, has_goal: bool) -> NotCounted | None:
    """Return why a walk doesn't count; None for one that counts for a goal of the team, as `has_goal` says."""
    if walk.is_counted:
        return None if has_goal else _reason_without_goal(walk)
    if walk.status == CountStatus.SUPERSEDED:
        return NotCounted.DUPLICATE
    if walk.is_late:
        return NotCounted.TOO_OLD
    if walk.is_closed is None:
        return NotCounted.NOT_MEMBER
    if walk.verdict == Verdict.REJECTED or walk.status == CountStatus.REJECTED:
        return NotCounted.REJECTED
    if walk.status == CountStatus.FLAGGED and walk.verdict is None:
        return NotCounted.TOO_FAST
    return NotCounted.REMOVED


def _reason_without_goal(walk: Standing) -> NotCounted:
    if walk.starts_on is None or walk.ends_on is None or walk.starts_on <= walk.local_date <= walk.ends_on:
        return NotCounted.NO_GOAL
    return NotCounted.BEFORE_GOAL if walk.local_date < walk.starts_on else NotCounted.AFTER_GOAL
