"""Walks, people, goals and teams as plain objects, without tables or statements."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Walk:
    """A walk as it is now. `counts` is False for one that is deleted or too fast to be believed."""

    id: UUID
    owner: UUID
    started_at: datetime
    zone: str
    local_date: date
    distance_mm: int
    duration_s: int
    steps: int
    is_public: bool
    counts: bool
    counted_at: datetime
    notes: str | None = None

    @property
    def offset_minutes(self) -> int:
        """The offset from UTC where it began."""
        return minutes(self.started_at.astimezone(ZoneInfo(self.zone)))

    @property
    def amounts(self) -> Key:
        """The amounts that are stored wherever the walk is counted."""
        owner, public, day = self.owner, self.is_public, self.local_date
        return owner, public, self.distance_mm, self.duration_s, self.steps, day, self.started_at, self.counted_at


@dataclass
class Person:
    """A user."""

    id: UUID
    name: str
    zone: str
    shows: bool = True


@dataclass
class Goal:
    """A goal and the walks it holds, as they were when it counted them."""

    id: UUID
    starts_on: date
    ends_on: date
    grace_hours: int
    marks_mm: list[int]
    status: str = "DRAFT"
    activated_at: datetime | None = None
    is_final: bool = False
    is_replaced: bool = False
    is_corrected: bool = False
    held: dict[UUID, Walk] = field(default_factory=dict)

    @property
    def total_mm(self) -> int:
        """The distance walked."""
        return sum(walk.distance_mm for walk in self.held.values())

    @property
    def target_mm(self) -> int:
        """The last milestone's distance."""
        return self.marks_mm[-1]

    @property
    def closes_at(self) -> datetime:
        """The instant when its days have ended at UTC−12, and the grace too."""
        return datetime(*self.ends_on.timetuple()[:3], tzinfo=UTC) + timedelta(hours=36 + self.grace_hours)

    def holds_day(self, day: date) -> bool:
        """Return whether a day is one of its own."""
        return self.starts_on <= day <= self.ends_on


@dataclass
class Team:
    """A team, its memberships as [from, to) by user, and its goals by age."""

    id: UUID
    name: str
    zone: str
    is_public: bool
    stays: dict[UUID, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    admins: set[UUID] = field(default_factory=set)
    goals: list[Goal] = field(default_factory=list)

    @property
    def members(self) -> set[UUID]:
        """The current members."""
        return {who for who, stays in self.stays.items() if stays[-1][1] is None}

    def counts(self, walk: Walk) -> bool:
        """Return whether the walk counts for the team."""
        stays = self.stays.get(walk.owner, ())
        return walk.counts and any(a <= walk.started_at and (b is None or walk.started_at < b) for a, b in stays)


def minutes(instant: datetime) -> int:
    """Return the offset from UTC of an instant in its zone, in minutes."""
    return int((instant.utcoffset() or timedelta()).total_seconds()) // 60
