"""Events of a channel's log, which hold ids and versions, never names or distances.

Delivery and replay load the row and ask the policy again, so rows that became private or were deleted stay hidden.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from milequest.rules.enums import EventKind


def team_channel(team_id: UUID) -> str:
    """Return the channel that carries a team's log."""
    return f"team:{team_id.hex}"


def presence_channel(team_id: UUID) -> str:
    """Return the channel that is woken when a member of a team begins or ends walking. It has no log."""
    return f"presence:{team_id.hex}"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `details` holds further ids and versions as JSON values."""

    channel: str
    kind: EventKind
    subject_id: UUID
    occurred_at: datetime
    details: Mapping[str, str | int | None] = field(default_factory=dict)


def team_event(team_id: UUID, kind: EventKind, subject_id: UUID, now: datetime, **details: str | int | None) -> Event:
    """Return an event of a team about the activity, member, goal or milestone `subject_id`."""
    return Event(team_channel(team_id), kind, subject_id, now, details)
