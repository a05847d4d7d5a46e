"""A group's listeners as the planner meets them: from rows, with the plans they have."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec

from milequest.rules.errors import ErrorCode
from milequest.store.away import Away
from milequest.store.aws.dynamodb import Key
from resolvers.feeds import Gate
from subscriptions.apigateway import rows
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.posts import Posts, Sink
from subscriptions.apigateway.rows import Recipient
from subscriptions.errors import broken
from subscriptions.listeners import Listener
from subscriptions.operations import Failed
from subscriptions.policy import admit, in_session

P = ParamSpec("P")

UNAVAILABLE: Final = ErrorCode.UNAVAILABLE


class Group:
    """A group for the time of one step: who listens, and what is to be said."""

    def __init__(self, parts: Parts, name: str) -> None:
        self.name = name
        self.posts = Posts(name)
        self._parts = parts

    async def listener(self, row: Mapping[str, Any]) -> Listener | None:
        """Who a row is about; None if its document cannot be had by them, which they are told."""
        sink = Sink(self.posts, Recipient.of(row))
        identity = rows.identity_of(row)
        try:
            plan = await self._parts.shelf.plan(row["plan"], identity)
        except Failed as failed:
            if any(error.get("extensions", {}).get("code") == UNAVAILABLE for error in failed.errors):
                raise TimeoutError("the database is away") from None
            sink.fail(failed.errors)
            return None
        return Listener(plan, identity, sink, row.get("sequence", 0))

    async def begun(self) -> list[tuple[Listener, Mapping[str, Any]]]:
        """All who were told where they stand, with their rows."""
        found: list[tuple[Listener, Mapping[str, Any]]] = []
        async for row in self._parts.table.query(rows.listener_key(self.name, "", "").pk):
            listener = await self.listener(row) if "begun" in row else None
            if listener is not None:
                found.append((listener, row))
        return found

    async def is_empty(self) -> bool:
        """Whether nobody listens, not even somebody who is about to begin."""
        async for _ in self._parts.table.query(rows.listener_key(self.name, "", "").pk):
            return False
        return True

    async def admitted(self, listeners: Iterable[Listener]) -> list[Listener]:
        """Those who may go on, as the policy says now."""
        by_gate: defaultdict[Gate, list[Listener]] = defaultdict(list)
        for listener in listeners:
            by_gate[listener.plan.feed.gate].append(listener)
        now, revocations = datetime.now(UTC), self._parts.runtime.revocations
        await revocations.be_current()
        return [
            one
            for gate, members in by_gate.items()
            for one in await admit(self._parts.runtime.writer, gate, in_session(members, revocations), now)
        ]

    async def hand_over(self) -> None:
        """Give what is to be said to those who send it."""
        await self._parts.posts.send(self.posts.taken())

    async def note_begun(self, listeners: Iterable[Listener], **known: str | int) -> None:
        """Note that they were told where they stand: from now on they are told what comes."""
        sets = "".join(f", #{name} = :{name}" for name in known)
        await asyncio.gather(*(self._note_begun(listener, sets, known) for listener in listeners))

    async def _note_begun(self, listener: Listener, sets: str, known: Mapping[str, str | int]) -> None:
        who = recipient(listener)
        await self._parts.table.update(
            rows.listener_key(self.name, who.connection, who.id),
            f"SET #begun = :yes, #sequence = :sequence, #view = :view{sets}",
            "#serial = :serial",
            yes=True,
            sequence=listener.sequence,
            view=repr(listener.view),
            serial=who.serial,
            **known,
        )

    @property
    def position(self) -> Key:
        """Where is kept how far it has been told."""
        return rows.position_key(self.name)


def sink_of(listener: Listener) -> Sink:
    """Where a listener's results are collected."""
    assert isinstance(listener.sink, Sink), "all listeners here have one"
    return listener.sink


def recipient(listener: Listener) -> Recipient:
    """Who a listener is."""
    return sink_of(listener).who


async def attempt(
    listeners: Sequence[Listener], work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Do some work for listeners. What nobody expected ends their subscriptions; an absent database is waited for."""
    try:
        await work(*args, **kwargs)
    except Away:
        raise
    except Exception as error:
        errors = broken(error)
        for listener in listeners:
            listener.sink.fail(errors)
