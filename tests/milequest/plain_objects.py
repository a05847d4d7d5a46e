"""People, goals and teams as plain objects, without tables or statements."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tests.milequest.plain_walks import Walk


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
    """A team, its memberships as [from, to) by user, and its goals by age.

    `closed` are memberships that ended by removal, as (user, number); `kept` are the walks that count
    of them, as they count. `verdicts` are its admins' decisions by walk.
    """

    id: UUID
    name: str
    zone: str
    is_public: bool
    stays: dict[UUID, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    admins: set[UUID] = field(default_factory=set)
    goals: list[Goal] = field(default_factory=list)
    closed: set[tuple[UUID, int | None]] = field(default_factory=set)
    kept: dict[UUID, Walk] = field(default_factory=dict)
    verdicts: dict[UUID, str] = field(default_factory=dict)

    @property
    def members(self) -> set[UUID]:
        """The current members."""
        return {who for who, stays in self.stays.items() if stays[-1][1] is None}

    def counted(self, walk: Walk) -> Walk | None:
        """Return the walk as it counts for the team, None if it doesn't."""
        if not self._admits(walk):
            return None
        if self.is_closed(walk):
            return self.kept.get(walk.id)
        return walk if self._stay(walk) is not None else None

    def may_rule(self, walk: Walk) -> bool:
        """Return whether an admin may decide about it: it counts, or would if it were believed, or is rejected."""
        waits = not walk.counts and walk.id not in self.verdicts
        is_in = self._stay(walk) is not None and not self.is_closed(walk)
        rejected = self.verdicts.get(walk.id) == "REJECTED"
        return walk.is_public and (self.counted(walk) is not None or (waits and is_in) or rejected)

    def _admits(self, walk: Walk) -> bool:
        verdict = self.verdicts.get(walk.id)
        return walk.is_live and (verdict == "APPROVED" or (verdict is None and walk.counts))

    def is_closed(self, walk: Walk) -> bool:
        """Return whether the walk began in a membership that ended by removal."""
        return (walk.owner, self._stay(walk)) in self.closed

    def _stay(self, walk: Walk) -> int | None:
        """Return the number of the owner's membership in which the walk began."""
        stays = enumerate(self.stays.get(walk.owner, ()))
        return next((n for n, (a, b) in stays if a <= walk.started_at and (b is None or walk.started_at < b)), None)

    def keep(self, walk: Walk, before: Walk | None) -> None:
        """Keep of a walk in a closed membership the lesser of what counted `before` and of what it is now."""
        self.kept.pop(walk.id, None)
        if before and self._admits(walk) and self.is_closed(walk):
            less = replace(
                before,
                is_public=before.is_public and walk.is_public,
                distance_mm=min(before.distance_mm, walk.distance_mm),
                duration_s=min(before.duration_s, walk.duration_s),
                steps=min(before.steps, walk.steps),
            )
            self.kept[walk.id] = before if less == before else replace(less, counted_at=walk.counted_at)
