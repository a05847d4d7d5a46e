"""Goals: limits of their names and days, when they can be changed, and the milestones they get."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from milequest.rules.calendar import months_after
from milequest.rules.enums import GoalPhase, GoalStatus, MilestoneKind, WaypointKind
from milequest.rules.errors import ErrorCode, Problem, Refused, invalid
from milequest.rules.progress import PERCENTS, closes_at, percent_mark
from milequest.rules.text import clean, clean_optional, required, whole

NAME = (1, 100)
DESCRIPTION_MAX = 500
DRAFTS_MAX = 50
DEFAULT_MONTHS, MAX_MONTHS = 3, 24
GRACE_HOURS = (0, 168)
DEFAULT_GRACE_HOURS = 72
DEMANDING_MM_PER_DAY = 40_233_600  # 25 miles

_PERCENT_TITLES = {
    25: "A quarter of the way",
    50: "Halfway",
    75: "Three quarters of the way",
    90: "Nine tenths of the way",
    100: "The whole way",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """Fields of a goal besides its route; checked by `new_terms` and `edited`."""

    name: str
    description: str | None
    starts_on: date
    ends_on: date
    grace_hours: int


@dataclass(frozen=True, slots=True)
class RouteStop:
    """A waypoint as used for milestones."""

    index: int
    name: str | None
    kind: WaypointKind
    at_mm: int


@dataclass(frozen=True, slots=True)
class NewMilestone:
    """A milestone a goal gets with its route. `key` is the percent, or the waypoint's index."""

    kind: MilestoneKind
    key: str
    title: str
    at_mm: int


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda value: clean("input.name", required("input.name", value), *NAME),
    "description": lambda value: clean_optional("input.description", value, DESCRIPTION_MAX, lines=True),
    "starts_on": lambda value: required("input.startsOn", value),
    "ends_on": lambda value: required("input.endsOn", value),
    "grace_hours": lambda value: whole("input.graceHours", required("input.graceHours", value), *GRACE_HOURS),
}


def new_terms(
    name: str,
    starts_on: date,
    description: str | None = None,
    ends_on: date | None = None,
    grace_hours: int | None = None,
    *,
    today: date,
) -> Terms:
    """Check and complete a goal's fields; `today` is the team's day. Raises VALIDATION_ERROR under `input`."""
    given = {
        "name": name,
        "description": description,
        "starts_on": starts_on,
        "ends_on": months_after(starts_on, DEFAULT_MONTHS) if ends_on is None else ends_on,
        "grace_hours": DEFAULT_GRACE_HOURS if grace_hours is None else grace_hours,
    }
    terms = Terms(**_checked(given))
    _check_start(terms.starts_on, today)
    _check_end(terms, today)
    return terms


def edited(terms: Terms, status: GoalStatus | str, changes: Mapping[str, Any], now: datetime, today: date) -> Terms:
    """Return the terms after `changes`, fields by name; a null description clears it.

    An ACTIVE goal's first day is fixed; its last day and its grace can only be extended. Raises GOAL_NOT_EDITABLE,
    also for a goal that has ended, and VALIDATION_ERROR under `input`.
    """
    refuse_if_closed(terms, status, now)
    after = replace(terms, **_checked(changes))
    if after.starts_on != terms.starts_on:
        if status == GoalStatus.ACTIVE:
            raise not_editable("An active goal's first day is fixed.")
        _check_start(after.starts_on, today)
    if status == GoalStatus.ACTIVE and after.grace_hours < terms.grace_hours:
        whole("input.graceHours", after.grace_hours, terms.grace_hours, GRACE_HOURS[1])
    if (after.starts_on, after.ends_on) != (terms.starts_on, terms.ends_on):
        _check_end(after, max(today, terms.ends_on) if status == GoalStatus.ACTIVE else today)
    return after


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: check(given[name]) for name, check in _CHECKS.items() if name in given}


def _check_start(starts_on: date, today: date) -> None:
    last = months_after(today, MAX_MONTHS)
    if not today <= starts_on <= last:
        message = f"must be {today} (today, where the team is) to {last}"
        raise invalid("input.startsOn", "OUT_OF_RANGE", message, low=today.isoformat(), high=last.isoformat())


def _check_end(terms: Terms, earliest: date) -> None:
    """Refuse a last day that is not after the first, earlier than `earliest`, or beyond 24 months."""
    low = max(terms.starts_on + timedelta(days=1), earliest)
    high = months_after(terms.starts_on, MAX_MONTHS)
    if not low <= terms.ends_on <= high:
        message = f"must be {low} to {high}"
        raise invalid("input.endsOn", "OUT_OF_RANGE", message, low=low.isoformat(), high=high.isoformat())


def phase(status: GoalStatus | str, starts_on: date, ends_on: date, today: date, *, is_final: bool) -> GoalPhase | None:
    """Return a goal's phase on `today`, the team's day; None for a draft and for a cancelled goal."""
    if status in (GoalStatus.DRAFT, GoalStatus.CANCELLED):
        return None
    if is_final:
        return GoalPhase.FINAL
    if today < starts_on:
        return GoalPhase.UPCOMING
    return GoalPhase.RUNNING if today <= ends_on else GoalPhase.GRACE


def refuse_if_closed(terms: Terms, status: GoalStatus | str, now: datetime) -> None:
    """Raise GOAL_NOT_EDITABLE unless it can still be changed: a draft, or an active goal until it closes."""
    if status == GoalStatus.DRAFT:
        return
    if status != GoalStatus.ACTIVE or now >= closes_at(terms.ends_on, terms.grace_hours):
        raise not_editable("The goal has ended.")


def refuse_too_many_drafts(so_far: int) -> None:
    """Raise CONFLICT for a team that has DRAFTS_MAX drafts already."""
    if so_far >= DRAFTS_MAX:
        raise Refused(ErrorCode.CONFLICT, f"A team has {DRAFTS_MAX} drafts at most: delete one first.")


def not_editable(message: str) -> Refused:
    """Return the refusal of a change that the goal's state doesn't allow."""
    return Refused(ErrorCode.GOAL_NOT_EDITABLE, message)


def milestones_of(target_mm: int, stops: Sequence[RouteStop]) -> list[NewMilestone]:
    """Return the milestones of a route of `target_mm`: five percents, and every waypoint but the start."""
    percents = [
        NewMilestone(MilestoneKind.PERCENT, str(percent), _PERCENT_TITLES[percent], percent_mark(target_mm, percent))
        for percent in PERCENTS
    ]
    return percents + [
        NewMilestone(MilestoneKind.WAYPOINT, str(stop.index), stop.name or _nameless(stop), stop.at_mm)
        for stop in stops
        if stop.kind != WaypointKind.START
    ]


def _nameless(stop: RouteStop) -> str:
    return "The end" if stop.kind == WaypointKind.END else f"Stop {stop.index}"


def doubts(required_mm_per_day: float | None) -> list[Problem]:
    """Return the doubts about a valid goal: a required pace of more than 25 miles a day."""
    if required_mm_per_day is None or required_mm_per_day <= DEMANDING_MM_PER_DAY:
        return []
    km = required_mm_per_day / 1_000_000
    message = f"It takes {km:,.0f} km a day, more than 25 miles: a later end would make it easier."
    return [Problem(ErrorCode.IMPLAUSIBLE, message, "input.endsOn")]
