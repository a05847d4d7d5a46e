"""A walk by the rules alone, for the model of totals: what it adds, its sums with others, and random changes of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.rules.enums import ActivityPrivacy, LeaderboardPeriod

Key = tuple[Any, ...]
Sums = tuple[Any, ...]  # distance, duration, steps, walks, days, when that was attained, when the last walk began


@dataclass(frozen=True)
class Walk:
    """A walk as it is now. `counts` is False for one too fast to be believed: a team may still approve it."""

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
    is_live: bool = True

    @property
    def offset_minutes(self) -> int:
        """The offset from UTC where it began."""
        return minutes(self.started_at.astimezone(ZoneInfo(self.zone)))

    @property
    def measures(self) -> Key:
        """The amounts that a team's approval is about."""
        return self.distance_mm, self.duration_s, self.steps, self.started_at

    @property
    def amounts(self) -> Key:
        """The amounts that are stored wherever the walk is counted."""
        owner, public, day = self.owner, self.is_public, self.local_date
        return owner, public, self.distance_mm, self.duration_s, self.steps, day, self.started_at, self.counted_at


def first_day(period: str, day: date) -> date:
    """Return the first day of the period that holds `day`."""
    if period == LeaderboardPeriod.WEEK:
        return day - timedelta(days=day.isoweekday() - 1)
    if period == LeaderboardPeriod.MONTH:
        return date(day.year, day.month, 1)
    return day if period == LeaderboardPeriod.DAY else date.min


def sums(walks: list[Walk]) -> Sums:
    """Return the sums of walks."""
    return (
        sum(walk.distance_mm for walk in walks),
        sum(walk.duration_s for walk in walks),
        sum(walk.steps for walk in walks),
        len(walks),
        len({walk.local_date for walk in walks}),
        max(walk.counted_at for walk in walks),
        max(walk.started_at for walk in walks),
    )


def latest(entries: list[Sums]) -> tuple[datetime, datetime]:
    """Return the instants of a sum of sums."""
    return max(one[5] for one in entries), max(one[6] for one in entries)


def minutes(instant: datetime) -> int:
    """Return the offset from UTC of an instant in its zone, in minutes."""
    return int((instant.utcoffset() or timedelta()).total_seconds()) // 60


def changed(walk: Walk, b: int, c: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the input of a change, and the walk that results."""
    match b % 6:
        case 0:
            meters = (c % 20000 + 1) / 4
            return {"distance_meters": meters}, {"distance_mm": round(meters * 1000)}
        case 1:
            return {"duration_seconds": c % 3000 + 1}, {"duration_s": c % 3000 + 1}
        case 2:
            moved = walk.started_at - timedelta(minutes=c % 3000 - 1000)
            return {"started_at": moved}, {"started_at": moved}
        case 3:
            return {"steps": c % 9000 + 1}, {"steps": c % 9000 + 1}
        case 4:
            return {"notes": f"note {c % 3}"}, {"notes": f"note {c % 3}"}
    hidden = ActivityPrivacy.PRIVATE if walk.is_public else ActivityPrivacy.PUBLIC
    return {"privacy": hidden}, {"is_public": not walk.is_public}
