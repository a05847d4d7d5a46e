"""What a subscription's resolver answers: not a stream, but what the stream is of. `subscriptions/` makes it flow.

A resolver authorises and names; it holds no connection open. So one kind of resolver serves a process with sockets in
memory and one that lives for a single message. A feed is either a view of a channel's log, or state.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from milequest.rules.access import AccessLevel, TeamPart, may_see
from milequest.rules.enums import Delivery, EventKind
from milequest.rules.events import team_channel
from milequest.store import teams
from milequest.store.log import LogEntry
from milequest.store.teams import Team
from resolvers.context import Request


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Whom a feed is for: who may see `part` of the team; without a team whoever is signed in."""

    team_id: UUID | None
    part: TeamPart = TeamPart.CARD

    def admits(self, standing: AccessLevel, *, is_public: bool) -> bool:
        """Whether someone of this standing may go on listening."""
        return may_see(self.part, standing, is_public=is_public)


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """What all events of a log have: their place, how they came, and where clients that start afresh find the rest."""

    cursor: str
    sequence: int
    delivery: Delivery
    occurred_at: datetime
    team_id: UUID
    snapshot: Team | None = None

    @property
    def has_news(self) -> bool:
        """Whether a client's filter has anything to look at. What has gone, and where to begin, is told to all."""
        return True


Load: TypeAlias = Callable[[Request, UUID, Sequence[LogEntry]], Awaitable[Sequence[dict[str, Any]]]]
"""The news of some entries as `event`'s further fields, read and scoped anew; empty where there is nothing to see."""


@dataclass(frozen=True, slots=True)
class LogFeed:
    """A view of a team's log: the entries of some kinds, each as an `event`."""

    name: str
    gate: AccessRule
    team_id: UUID
    kinds: frozenset[EventKind]
    event: Callable[..., EventEnvelope]
    load: Load

    @property
    def channel(self) -> str:
        """The channel whose log this is a view of."""
        return team_channel(self.team_id)

    async def events(
        self, request: Request, heads: Sequence[EventEnvelope], entries: Sequence[LogEntry]
    ) -> list[EventEnvelope]:
        """The event of each entry as `request`'s viewer sees it now."""
        news = await self.load(request, self.team_id, entries)
        return [self._event(head, **fields) for head, fields in zip(heads, news, strict=True)]

    async def start(self, request: Request, head: EventEnvelope) -> EventEnvelope:
        """The event that tells a client where it stands, with the team to begin from."""
        return self._event(head, snapshot=await teams.team(request.db, request.viewer, self.team_id))

    def _event(self, head: EventEnvelope, **fields: Any) -> EventEnvelope:
        common = {"snapshot": head.snapshot} | fields
        return self.event(head.cursor, head.sequence, head.delivery, head.occurred_at, head.team_id, **common)


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """State as it was seen: the same `version` says the same, after `stale_at` it may be another without any news."""

    value: Any
    version: Hashable
    stale_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StateFeed:
    """State that is sent whenever it has changed, and at once to a new subscriber. Feeds of one `topic` show the same.

    It may have changed when one of `trigger_channels` is woken; for the state of all teams that is ANY_CHANNEL.
    """

    topic: tuple[Hashable, ...]
    gate: AccessRule
    trigger_channels: Sequence[str]
    snapshot: Callable[[Request], Awaitable[StateSnapshot]]


ANY_CHANNEL = "*"
Feed: TypeAlias = LogFeed | StateFeed
