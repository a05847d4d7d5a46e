"""A group's listeners as the planner meets them: from rows, with the plans they have."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec

from milequest.rules.errors import ErrorCode
from milequest.store.away import Away
from milequest.store.aws.dynamodb import Key
from resolvers.feeds import AccessRule
from subscriptions.apigateway import rows
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.outbound import GroupSink, OutboundMessages
from subscriptions.apigateway.rows import OperationKey
from subscriptions.errors import broken
from subscriptions.operations import OperationFailed
from subscriptions.policy import admit, in_session
from subscriptions.subscribers import Subscriber

P = ParamSpec("P")

UNAVAILABLE: Final = ErrorCode.UNAVAILABLE


class Group:
    """A group for the time of one step: who listens, and what is to be said."""

    def __init__(self, deps: Dependencies, name: str) -> None:
        self.name = name
        self.posts = OutboundMessages(name)
        self._deps = deps

    async def subscriber(self, row: Mapping[str, Any]) -> Subscriber | None:
        """Who a row is about; None if its document cannot be had by them, which they are told."""
        sink = GroupSink(self.posts, OperationKey.of(row))
        identity = rows.identity_of(row)
        try:
            plan = await self._deps.shelf.plan(row["plan"], identity)
        except OperationFailed as failed:
            if any(error.get("extensions", {}).get("code") == UNAVAILABLE for error in failed.errors):
                raise TimeoutError("the database is away") from None
            sink.fail(failed.errors)
            return None
        return Subscriber(plan, identity, sink, row.get("sequence", 0))

    async def begun(self) -> list[tuple[Subscriber, Mapping[str, Any]]]:
        """All who were told where they stand, with their rows."""
        found: list[tuple[Subscriber, Mapping[str, Any]]] = []
        async for row in self._deps.table.query(rows.listener_key(self.name, "", "").pk):
            subscriber = await self.subscriber(row) if "begun" in row else None
            if subscriber is not None:
                found.append((subscriber, row))
        return found

    async def is_empty(self) -> bool:
        """Whether nobody listens, not even somebody who is about to begin."""
        async for _ in self._deps.table.query(rows.listener_key(self.name, "", "").pk):
            return False
        return True

    async def admitted(self, subscribers: Iterable[Subscriber]) -> list[Subscriber]:
        """Those who may go on, as the policy says now."""
        by_gate: defaultdict[AccessRule, list[Subscriber]] = defaultdict(list)
        for subscriber in subscribers:
            by_gate[subscriber.plan.feed.gate].append(subscriber)
        now, revocations = datetime.now(UTC), self._deps.runtime.revocations
        await revocations.be_current()
        return [
            one
            for gate, members in by_gate.items()
            for one in await admit(self._deps.runtime.writer, gate, in_session(members, revocations), now)
        ]

    async def hand_over(self) -> None:
        """Give what is to be said to those who send it."""
        await self._deps.posts.send(self.posts.taken())

    async def note_begun(self, subscribers: Iterable[Subscriber], **known: str | int) -> None:
        """Note that they were told where they stand: from now on they are told what comes."""
        sets = "".join(f", #{name} = :{name}" for name in known)
        await asyncio.gather(*(self._note_begun(subscriber, sets, known) for subscriber in subscribers))

    async def _note_begun(self, subscriber: Subscriber, sets: str, known: Mapping[str, str | int]) -> None:
        who = recipient(subscriber)
        await self._deps.table.update(
            rows.listener_key(self.name, who.connection, who.id),
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
        """Where is kept how far it has been told."""
        return rows.position_key(self.name)


def sink_of(subscriber: Subscriber) -> GroupSink:
    """Where a listener's results are collected."""
    assert isinstance(subscriber.sink, GroupSink), "all listeners here have one"
    return subscriber.sink


def recipient(subscriber: Subscriber) -> OperationKey:
    """Who a listener is."""
    return sink_of(subscriber).who


async def attempt(
    subscribers: Sequence[Subscriber], work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Do some work for listeners. What nobody expected ends their subscriptions; an absent database is waited for."""
    try:
        await work(*args, **kwargs)
    except Away:
        raise
    except Exception as error:
        errors = broken(error)
        for subscriber in subscribers:
            subscriber.sink.fail(errors)
