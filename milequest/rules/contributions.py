"""Counted values of a walk. The one definition of "counts for this team" and "for this goal" is here and, as SQL, in
`store/sql/contributions.py`; a property test compares every total with a recomputation.

A walk counts for a team while it is COUNTED, not deleted, and starts within one of its owner's memberships. It counts
for one goal of that team at most: one whose window holds its local date and that was not finalised when it was logged.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


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
