"""A group's subscribers as the fan-out loads them: from rows, with their plans."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from milequest.rules.errors import ErrorCode
from milequest.rules.grouping import group_by
from milequest.store.aws.dynamodb import Key
from schema.error_payloads import OperationFailed
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.outbound import GroupSink, OutboundMessages
from subscriptions.apigateway.table_rows import OperationKey
from subscriptions.policy import admit, in_session
from subscriptions.subscribers import Subscriber

UNAVAILABLE: Final = ErrorCode.UNAVAILABLE


class Group:
    """Group during one step: its subscribers and its outbound messages."""

    def __init__(self, deps: Dependencies, name: str) -> None:
        self.name = name
        self.outbound = OutboundMessages(name)
        self._deps = deps

    async def subscriber(self, row: Mapping[str, Any]) -> Subscriber | None:
        """Return a row's subscriber; None if its document is refused, which is sent to it as an error."""
        sink = GroupSink(self.outbound, OperationKey.of(row))
        identity = table_rows.identity_of(row)
        try:
            plan = await self._deps.plan_cache.plan(row["plan"], identity)
        except OperationFailed as failed:
            if any(error.get("extensions", {}).get("code") == UNAVAILABLE for error in failed.errors):
                raise TimeoutError("the database is away") from None
            sink.fail(failed.errors)
            return None
        return Subscriber(plan, identity, sink, row.get("sequence", 0))

    async def started(self) -> list[tuple[Subscriber, Mapping[str, Any]]]:
        """Return all started subscribers, which were sent their first event, with their rows."""
        found: list[tuple[Subscriber, Mapping[str, Any]]] = []
        async for row in self._deps.table.query(table_rows.listener_key(self.name, "", "").pk):
            subscriber = await self.subscriber(row) if "begun" in row else None
            if subscriber is not None:
                found.append((subscriber, row))
        return found

    async def is_empty(self) -> bool:
        """Return whether it has no subscribers, not even one that is about to begin."""
        async for _ in self._deps.table.query(table_rows.listener_key(self.name, "", "").pk):
            return False
        return True

    async def admitted(self, subscribers: Iterable[Subscriber]) -> list[Subscriber]:
        """Return the subscribers that the policy and their sessions still admit."""
        by_rule = group_by(subscribers, lambda subscriber: subscriber.plan.feed.access_rule)
        now, revocations = datetime.now(UTC), self._deps.runtime.revocations
        await revocations.refresh_if_stale()
        return [
            one
            for rule, members in by_rule.items()
            for one in await admit(self._deps.runtime.writer, rule, in_session(members, revocations), now)
        ]

    async def queue_outbound(self) -> None:
        """Queue the outbound messages for the sender."""
        await self._deps.outbound_queue.send(self.outbound.take_all())

    async def mark_started(self, subscribers: Iterable[Subscriber], **known: str | int) -> None:
        """Mark subscribers as started: they were sent their first event, and are sent new ones from now on."""
        sets = "".join(f", #{name} = :{name}" for name in known)
        await asyncio.gather(*(self._mark_started(subscriber, sets, known) for subscriber in subscribers))

    async def _mark_started(self, subscriber: Subscriber, sets: str, known: Mapping[str, str | int]) -> None:
        who = recipient(subscriber)
        await self._deps.table.update(
            table_rows.listener_key(self.name, who.connection, who.id),
            f"SET #begun = :yes, #sequence = :sequence, #view = :view{sets}",
            "#serial = :serial",
            yes=True,
            sequence=subscriber.sequence,
            view=repr(subscriber.view),
            serial=who.serial,
            **known,
        )

    @property
    def position(self) -> Key:
        """Key of the row with the position up to which it was sent events."""
        return table_rows.position_key(self.name)


def sink_of(subscriber: Subscriber) -> GroupSink:
    """Return the sink that collects a subscriber's results."""
    assert isinstance(subscriber.sink, GroupSink), "every subscriber of a group has a GroupSink"
    return subscriber.sink


def recipient(subscriber: Subscriber) -> OperationKey:
    """Return the key of a subscriber's operation."""
    return sink_of(subscriber).who
