"""Progress of a goal along its route: percent, milestones, elapsed days and required pace. Whole millimetres."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, Protocol, TypeVar

PERCENTS = (25, 50, 75, 90, 100)
_LAST_ZONE = timedelta(hours=12)  # a day that has ended at UTC-12 has ended everywhere


class ProgressMark(Protocol):
    """A milestone as used by these rules."""

    @property
    def at_mm(self) -> int:
        """Its position on the route."""

    @property
    def reached_at(self) -> datetime | None:
        """The instant when it was reached for the first time."""

    @property
    def revoked_at(self) -> datetime | None:
        """The instant when the total fell below it again; None while it stands."""


M = TypeVar("M", bound=ProgressMark)


@dataclass(frozen=True, slots=True)
class Crossing(Generic[M]):
    """Effect of a new total on milestones, each list in the order of the route.

    Only `reached` ones are announced: `restored` ones were before, and `revoked` ones never are.
    """

    reached: tuple[M, ...]
    restored: tuple[M, ...]
    revoked: tuple[M, ...]


def crossed(milestones: Iterable[M], total_mm: int) -> Crossing[M]:
    """Return what the total `total_mm` changes. A milestone at the total is reached; its own state is the one before.

    Going by state and not by the total before makes it safe to run twice, and finds a milestone at the very start.
    """
    ordered = sorted(milestones, key=lambda mark: mark.at_mm)
    passed = [mark for mark in ordered if mark.at_mm <= total_mm]
    return Crossing(
        reached=tuple(mark for mark in passed if mark.reached_at is None),
        restored=tuple(mark for mark in passed if mark.reached_at is not None and mark.revoked_at is not None),
        revoked=tuple(
            mark
            for mark in ordered
            if mark.at_mm > total_mm and mark.reached_at is not None and mark.revoked_at is None
        ),
    )


def percent_mark(target_mm: int, percent: int) -> int:
    """Return where `percent` of the target is complete: the first millimetre that is no less. 100 is the target."""
    return -(-target_mm * percent // 100)


def percent(total_mm: int, target_mm: int) -> float:
    """Return 0 to 100, 100 only when the target is reached; nothing walked is 0, whatever the target."""
    if total_mm <= 0:
        return 0.0
    return 100.0 if total_mm >= target_mm else 100 * total_mm / target_mm


def remaining_mm(total_mm: int, target_mm: int) -> int:
    """Return the distance left to walk, never negative."""
    return max(0, target_mm - total_mm)


def window_ends_at(ends_on: date) -> datetime:
    """Return the instant at which the goal's last day has ended everywhere on earth."""
    return datetime.combine(ends_on, time(), UTC) + timedelta(days=1) + _LAST_ZONE


def closes_at(ends_on: date, grace_hours: int) -> datetime:
    """Return the instant from which nothing counts any more: the last day's end at UTC-12, and the grace after it."""
    return window_ends_at(ends_on) + timedelta(hours=grace_hours)


@dataclass(frozen=True, slots=True)
class Pace:
    """A goal's days and daily distances. Today counts as elapsed once the window has begun.

    `required_mm_per_day` spreads what is left over today and the days to come; None when there is nothing left to walk
    or no day left to walk it. `projected_finish_on` continues at the average; None without one, or after the last day.
    """

    days_elapsed: int
    days_remaining: int
    average_mm_per_day: float
    required_mm_per_day: float | None
    projected_finish_on: date | None
    is_on_track: bool


def pace(
    starts_on: date, ends_on: date, today: date, total_mm: int, target_mm: int, completed_on: date | None = None
) -> Pace:
    """Return the pace of a goal on `today`, the team's day.

    A goal is on track if its total is by now what an even pace required by the end of yesterday.
    """
    days = (ends_on - starts_on).days + 1
    elapsed = min(max((today - starts_on).days + 1, 0), days)
    to_walk_in = min((ends_on - today).days + 1, days)
    left = remaining_mm(total_mm, target_mm)
    past = days - max(to_walk_in, 0)
    average = total_mm / elapsed if elapsed else 0.0
    return Pace(
        days_elapsed=elapsed,
        days_remaining=days - elapsed,
        average_mm_per_day=average,
        required_mm_per_day=left / to_walk_in if left and to_walk_in > 0 else None,
        projected_finish_on=completed_on or (_projected(today, left, total_mm, elapsed) if to_walk_in > 0 else None),
        is_on_track=total_mm * days >= target_mm * past,
    )


def _projected(today: date, left_mm: int, total_mm: int, elapsed: int) -> date | None:
    """Return the day of arrival at the pace so far; None without one, and if the calendar ends before it."""
    if left_mm == 0:
        return today
    if total_mm <= 0 or elapsed == 0:
        return None
    further = -(-left_mm * elapsed // total_mm)
    return today + timedelta(days=further) if further <= (date.max - today).days else None
