"""Walks: limits of what may be logged, doubtful values, and the stored form of a walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from milequest.rules.calendar import instant_text, local_date, utc_offset_minutes
from milequest.rules.enums import ActivityPrivacy, ActivitySource, ActivityType, CountStatus
from milequest.rules.errors import ErrorCode, Problem, Refused, ValidationError, invalid
from milequest.rules.instants import SECOND
from milequest.rules.text import clean_optional, whole, zone

DISTANCE_MAX_MM = 1_000_000_000  # of any source
MANUAL_DISTANCE_MAX_MM = 100_000_000
MANUAL_DAY_MAX_MM = 200_000_000
DURATION_MAX_S = 24 * 60 * 60
STEPS_MAX = 300_000
NOTES_MAX = 500
CLOCK_SKEW = timedelta(minutes=5)
BACKDATE_DAYS = 30
BACKDATE = timedelta(days=BACKDATE_DAYS)
DEFAULT_STRIDE_MM = 686  # 0.6858 m, as is common in walking challenges
BRISK_M_S = 3.0  # faster is doubtful for a walk
# Faster is implausible: stored, but counted only by teams whose admin approves it. On foot 7 m/s are 25 km/h; racing
# wheelchairs reach 10 m/s over a marathon. What was converted into a walk is believed as one.
FASTEST_M_S = {kind: 12.0 if kind is ActivityType.WHEELCHAIR else 7.0 for kind in ActivityType}


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk as it is stored. `duration_s` is None for a device's daily record."""

    type: ActivityType
    distance_mm: int
    duration_s: int | None
    steps: int | None
    stride_mm: int | None
    started_at: datetime
    timezone: str
    notes: str | None
    privacy: ActivityPrivacy
    source: ActivitySource

    @property
    def local_date(self) -> date:
        """The day the walk counts for, which never changes: that of its start, in its own zone."""
        return local_date(self.started_at, zone("input.timezone", self.timezone))

    @property
    def utc_offset_min(self) -> int:
        """The zone's offset at the start."""
        return utc_offset_minutes(self.started_at, zone("input.timezone", self.timezone))

    @property
    def count_status(self) -> CountStatus:
        """FLAGGED when logged by hand and implausibly fast for its type.

        A device's daily record has the distance of all its hours, but only the brisk minutes of them.
        """
        if self.source is not ActivitySource.MANUAL:
            return CountStatus.COUNTED
        doubtful = is_implausible(self.type, self.distance_mm, self.duration_s)
        return CountStatus.FLAGGED if doubtful else CountStatus.COUNTED


def from_steps(steps: int, stride_mm: int, highest_mm: int = MANUAL_DISTANCE_MAX_MM) -> int:
    """Return the millimetres of so many steps, at most the longest walk."""
    return min(steps * stride_mm, highest_mm)


def is_in_time(started_at: datetime, received_at: datetime) -> bool:
    """Return whether a walk was received soon enough to count for teams: their boards are final after that."""
    return received_at - started_at <= BACKDATE


def speed(distance_mm: int, duration_s: int | None) -> float:
    """Return metres a second; 0 without a duration."""
    return distance_mm / 1000 / duration_s if duration_s else 0.0


def is_implausible(kind: ActivityType, distance_mm: int, duration_s: int | None) -> bool:
    """Return whether the speed is implausible for the type."""
    return speed(distance_mm, duration_s) > FASTEST_M_S[kind]


def new_walk(
    *, started_at: datetime, now: datetime, source: ActivitySource = ActivitySource.MANUAL, **more: Any
) -> Walk:
    """Check a new walk and complete it. `more` are the arguments of `_checked`.

    Raises VALIDATION_ERROR under `input`, BACKDATE_LIMIT for a manual walk of more than 30 days ago.
    """
    _check_start(started_at, now, source)
    walk = _checked(started_at=started_at, source=source, **more)
    _check_end(walk, now)
    return walk


def _checked(
    *,
    started_at: datetime,
    source: ActivitySource,
    timezone: str,
    distance_meters: float | None = None,
    steps: int | None = None,
    duration_seconds: int | None = None,
    type: ActivityType | None = None,
    notes: str | None = None,
    privacy: ActivityPrivacy | None = None,
    stride_mm: int | None = None,
) -> Walk:
    """Return a walk whose fields are valid. Without a distance it is the steps times the stride."""
    if duration_seconds is not None:
        whole("input.durationSeconds", duration_seconds, 1, DURATION_MAX_S)
    if steps is not None:
        whole("input.steps", steps, 1, STEPS_MAX)
    factor = stride_mm or DEFAULT_STRIDE_MM
    return Walk(
        type or ActivityType.WALK,
        _distance(distance_meters, steps, factor, source),
        duration_seconds,
        steps,
        factor if distance_meters is None else None,
        started_at,
        zone("input.timezone", timezone).key,
        clean_optional("input.notes", notes, NOTES_MAX, lines=True),
        privacy or ActivityPrivacy.PUBLIC,
        source,
    )


MEASURED = ("distance_meters", "steps", "duration_seconds", "started_at")
COUNTED_FIELDS = {  # of a walk, by their paths
    "distance_mm": "input.distanceMeters",
    "duration_s": "input.durationSeconds",
    "steps": "input.steps",
    "started_at": "input.startedAt",
    "type": "input.type",  # decides whether its speed is plausible
    "privacy": "input.privacy",
}
NEVER_CLEARED = ("type", "duration_seconds", "started_at", "privacy")


def edited(stored: Walk, given: Mapping[str, Any], now: datetime) -> Walk:
    """Return `stored` with the fields of `given` (as clients name them, in snake_case); absent leaves, None clears.

    A device's record keeps what the device measured, and a walk of more than 30 days ago its amounts, as boards of its
    day are final: it can only be hidden. Raises VALIDATION_ERROR under `input`, BACKDATE_LIMIT.
    """
    for name in MEASURED if stored.source is not ActivitySource.MANUAL else ():
        if name in given:
            raise invalid(f"input.{_camel(name)}", "NOT_EDITABLE", "only walks logged by hand can change this")
    for name in NEVER_CLEARED:
        if name in given and given[name] is None:
            raise invalid(f"input.{_camel(name)}", "REQUIRED", "can't be cleared")
    if given.get("started_at", stored.started_at) != stored.started_at:
        _check_start(given["started_at"], now, stored.source)
    kept = None if stored.stride_mm else stored.distance_mm / 1000
    changed = _checked(
        distance_meters=given.get("distance_meters", kept),
        steps=given.get("steps", stored.steps),
        duration_seconds=given.get("duration_seconds", stored.duration_s),
        started_at=given.get("started_at", stored.started_at),
        timezone=stored.timezone,
        type=given.get("type", stored.type),
        notes=given.get("notes", stored.notes),
        privacy=given.get("privacy", stored.privacy),
        stride_mm=stored.stride_mm,
        source=stored.source,
    )
    if given.keys() & {"started_at", "duration_seconds"}:
        _check_end(changed, now)
    if not is_in_time(stored.started_at, now):
        _refuse_late_change(stored, changed, now)
    return changed


def _refuse_late_change(stored: Walk, changed: Walk, now: datetime) -> None:
    """Refuse an edit that would change a final board. Raises BACKDATE_LIMIT."""
    for name, path in COUNTED_FIELDS.items():
        was, is_now = getattr(stored, name), getattr(changed, name)
        if was != is_now and (name != "privacy" or is_now is ActivityPrivacy.PUBLIC):
            raise _too_old(f"A walk of more than {BACKDATE_DAYS} days ago can only be hidden or deleted.", path, now)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _distance(meters: float | None, steps: int | None, stride_mm: int, source: ActivitySource) -> int:
    highest = MANUAL_DISTANCE_MAX_MM if source is ActivitySource.MANUAL else DISTANCE_MAX_MM
    if meters is None:
        if steps is None:
            raise invalid("input.distanceMeters", "REQUIRED", "give distanceMeters, steps or both")
        return from_steps(steps, stride_mm, highest)
    if not 0.001 <= meters <= highest / 1000:
        raise invalid(
            "input.distanceMeters",
            "OUT_OF_RANGE",
            f"must be 0.001 to {highest // 1000}",
            low=0.001,
            high=highest / 1000,
        )
    return round(meters * 1000)


def _check_start(started_at: datetime, now: datetime, source: ActivitySource) -> None:
    if started_at > now + CLOCK_SKEW:
        raise invalid("input.startedAt", "OUT_OF_RANGE", "must not be in the future", high=instant_text(now))
    if source is ActivitySource.MANUAL and not is_in_time(started_at, now):
        raise _too_old(f"A walk can be logged for {BACKDATE_DAYS} days.", "input.startedAt", now)


def _too_old(message: str, path: str, now: datetime) -> Refused:
    oldest = instant_text(now - BACKDATE)
    field = {"path": path, "code": "TOO_OLD", "message": "too old", "min": oldest}
    return Refused(ErrorCode.BACKDATE_LIMIT, message, fields=[field])


def _check_end(walk: Walk, now: datetime) -> None:
    """Refuse a manual walk that ends in the future. A device's record has only brisk minutes, which have no end."""
    if walk.source is not ActivitySource.MANUAL or walk.duration_s is None:
        return
    most = max(1, (now + CLOCK_SKEW - walk.started_at) // SECOND)
    if walk.duration_s > most:
        message = "the walk must not end in the future"
        raise invalid("input.durationSeconds", "OUT_OF_RANGE", message, low=1, high=most)


def over_the_day(logged_mm: int, walked: Walk) -> ValidationError | None:
    """Return the refusal of a manual walk that makes the day too long; `logged_mm` is the day's distance so far."""
    left = MANUAL_DAY_MAX_MM - logged_mm
    if walked.count_status is CountStatus.FLAGGED:  # it doesn't count, so it uses up nothing
        return None
    if walked.source is not ActivitySource.MANUAL or walked.distance_mm <= left:
        return None
    high = max(0, left) / 1000
    return invalid("input.distanceMeters", "OUT_OF_RANGE", "a day has 200 km at most", low=0.001, high=high)


def check_restorable(started_at: datetime, now: datetime) -> None:
    """Raise BACKDATE_LIMIT for a walk of more than 30 days ago: boards of its day are final."""
    if not is_in_time(started_at, now):
        raise _too_old(f"A walk can be restored for {BACKDATE_DAYS} days.", "input.activityId", now)


def cut_steps(steps: int | None, stride_mm: int | None, distance_mm: int) -> Sequence[Problem]:
    """Return the problem of steps that are further than the longest walk; `stride_mm` made the distance of them."""
    if steps is None or stride_mm is None or steps * stride_mm <= distance_mm:
        return ()
    whole_km, kept_km = steps * stride_mm / 1_000_000, distance_mm / 1_000_000
    message = f"{steps} steps are {whole_km:g} km, of which {kept_km:g} km are kept: the longest walk."
    return (Problem(ErrorCode.IMPLAUSIBLE, message, "input.steps"),)


def doubts(kind: ActivityType, distance_mm: int, duration_s: int | None) -> Sequence[Problem]:
    """Return the problems of the speed of a walk that was accepted with doubt."""
    if is_implausible(kind, distance_mm, duration_s):
        message = f"Faster than {FASTEST_M_S[kind]:g} m/s: kept, but counted only where a team's ADMIN approves it."
        return (Problem(ErrorCode.IMPLAUSIBLE, message, "input.distanceMeters"),)
    if kind == ActivityType.WALK and speed(distance_mm, duration_s) > BRISK_M_S:
        return (Problem(ErrorCode.IMPLAUSIBLE, "Faster than 3 m/s is fast for a walk.", "input.distanceMeters"),)
    return ()
