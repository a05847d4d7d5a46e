"""Feeds: the results of a subscription's resolver, which describe its events; `subscriptions/` delivers them.

A resolver authorises and returns a feed; it holds no connection open. So the same resolvers serve a process with
sockets in memory and one that lives for a single message. A feed is either a view of a channel's log, or a state.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from milequest.rules.access import AccessLevel, TeamPart, may_see
from milequest.rules.enums import Delivery, EventKind
from milequest.rules.events import team_channel
from milequest.store.sql import teams
from milequest.store.sql.log import LogEntry
from milequest.store.sql.teams import Team
from resolvers.context import Request


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Rule of who may subscribe to a feed: viewers who may see `part` of the team; without a team all signed in."""

    team_id: UUID | None
    part: TeamPart = TeamPart.CARD

    def admits(self, level: AccessLevel, *, is_public: bool) -> bool:
        """Return whether a viewer of this access level may subscribe, and stay subscribed."""
        return may_see(self.part, level, is_public=is_public)


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """Common fields of all events of a log: cursor and sequence, the delivery, and the snapshot after a reset."""

    cursor: str
    sequence: int
    delivery: Delivery
    occurred_at: datetime
    team_id: UUID
    snapshot: Team | None = None

    @property
    def is_filtered(self) -> bool:
        """True if a client's filter applies. Removals and initial events are sent to all."""
        return True


Fields: TypeAlias = Mapping[str, object]
Load: TypeAlias = Callable[[Request, UUID, Sequence[LogEntry]], Awaitable[Sequence[Fields]]]
"""Loader of entries' further event fields, read and access-checked anew; empty if the viewer may see nothing."""


@dataclass(frozen=True, slots=True)
class LogFeed:
    """View of a team's log: the entries of some kinds, each as an `event`."""

    name: str
    access_rule: AccessRule
    team_id: UUID
    kinds: frozenset[EventKind]
    event: Callable[..., EventEnvelope]
    load: Load

    @property
    def channel(self) -> str:
        """Channel of the log."""
        return team_channel(self.team_id)

    async def events(
        self, request: Request, heads: Sequence[EventEnvelope], entries: Sequence[LogEntry]
    ) -> list[EventEnvelope]:
        """Return the event of each entry as `request`'s viewer sees it now."""
        news = await self.load(request, self.team_id, entries)
        return [self._event(head, **fields) for head, fields in zip(heads, news, strict=True)]

    async def start(self, request: Request, head: EventEnvelope) -> EventEnvelope:
        """Return a client's first event, with a snapshot of the team."""
        return self._event(head, snapshot=await teams.team(request.db, request.viewer, self.team_id))

    def _event(self, head: EventEnvelope, **fields: Any) -> EventEnvelope:
        common = {"snapshot": head.snapshot} | fields
        return self.event(head.cursor, head.sequence, head.delivery, head.occurred_at, head.team_id, **common)


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """State as it was read. Equal versions mean equal states; after `stale_at` it may change without a wake-up."""

    value: Any
    version: Hashable
    stale_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StateFeed:
    """State that is sent whenever it has changed, and at once to a new subscriber. Feeds of one `topic` are equal.

    It may have changed when one of `trigger_channels` is woken; for the state of all teams that is ANY_CHANNEL.
    """

    topic: tuple[Hashable, ...]
    access_rule: AccessRule
    trigger_channels: Sequence[str]
    snapshot: Callable[[Request], Awaitable[StateSnapshot]]


ANY_CHANNEL = "*"
Feed: TypeAlias = LogFeed | StateFeed
