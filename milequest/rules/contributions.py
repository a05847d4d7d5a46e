"""Counted values of a walk. The one definition of "counts for this team" and "for this goal" is here and, as SQL, in
`store/sql/contributions.py`; a property test compares every total with a recomputation.

A walk counts for a team while it is COUNTED, not deleted, and starts within one of its owner's memberships. It counts
for one goal of that team at most: one whose window holds its local date and that was not finalised when it was logged.

A team's admin can reject a walk for that team, or approve a FLAGGED one, which counts for the team then. An approval
ends when the owner changes what it counts.

A membership that ended by removal is closed: the team goes on counting what it counted of it, and what the owner does
later can only lessen that. Walks that are received later don't count there, and edits count by the lesser amounts, on
the day they were counted on. The owner can't put a walk back that was deleted, flagged, hidden or moved out of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from milequest.rules.enums import Verdict


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts that one walk adds to totals."""

    activity_id: UUID
    user_id: UUID
    is_public: bool
    distance_mm: int
    duration_s: int
    steps: int
    local_date: date
    started_at: datetime
    counted_at: datetime
    needs_approval: bool = field(default=False, compare=False)  # by each team; it isn't stored

    @property
    def columns(self) -> tuple[object, ...]:
        """The fields in their order, as parameters of statements."""
        return (
            self.activity_id,
            self.user_id,
            self.is_public,
            self.distance_mm,
            self.duration_s,
            self.steps,
            self.local_date,
            self.started_at,
            self.counted_at,
        )


@dataclass(frozen=True, slots=True)
class Stay:
    """A membership in which a walk began: whether it is closed, and what its team decided about the walk."""

    is_closed: bool
    verdict: Verdict | None = None

    def admits(self, walk: Amounts) -> bool:
        """Return whether the team's decision lets the walk count."""
        return self.verdict is Verdict.APPROVED or (self.verdict is None and not walk.needs_approval)


def counted_by(
    stays: Mapping[UUID, Stay], counted: Mapping[UUID, Amounts], walk: Amounts | None
) -> dict[UUID, Amounts]:
    """Return what each team counts of a walk that is now `walk`, or None when it no longer counts.

    `stays` are the memberships in which it began, by team; `counted` is what the teams counted so far.
    """
    if walk is None:
        return {}
    return {
        team_id: lessened(counted[team_id], walk) if stay.is_closed else walk
        for team_id, stay in stays.items()
        if stay.admits(walk) and (not stay.is_closed or team_id in counted)
    }


def lessened(counted: Amounts, walk: Amounts) -> Amounts:
    """Return the lesser of what a team counted and what the walk is now, on the day it was counted on."""
    less = replace(
        counted,
        is_public=counted.is_public and walk.is_public,
        distance_mm=min(counted.distance_mm, walk.distance_mm),
        duration_s=min(counted.duration_s, walk.duration_s),
        steps=min(counted.steps, walk.steps),
    )
    return counted if less == counted else replace(less, counted_at=walk.counted_at)
