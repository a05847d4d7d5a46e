"""A step of a group that watches a state: who begins gets it at once, the others when it is another one.

It is looked at for all once a second at most: what comes sooner is looked at later, and the newest wins.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from milequest.rules.errors import ErrorCode, QuestError
from milequest.rules.instants import milliseconds, seconds
from milequest.store.aws.dynamodb import Key
from resolvers.context import Request
from resolvers.feeds import Look, StateFeed
from subscriptions.apigateway.groups import Group, attempt, recipient
from subscriptions.apigateway.later import put_off
from subscriptions.apigateway.news import beginning, wake_up
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.rows import MARGIN, expiry, position_key
from subscriptions.errors import told
from subscriptions.listeners import Listener
from subscriptions.plans import Plan, Scope, moment
from subscriptions.policy import spoke_for
from subscriptions.protocols.steps import Result

CONFLATION_MS = 1000
LOST_MS = 10_000  # a look that was put off and has not come by then got lost
DUE = "DUE"  # the partition of states that change at some time by themselves


class StateStep:
    """One step. The group's position keeps when all were told, of which version, and how often so far."""

    def __init__(self, parts: Parts, group: Group) -> None:
        self._parts = parts
        self._group = group
        self._has_told = False
        self._moved: list[Listener] = []  # who see the team from elsewhere than before

    async def begin(self, newcomers: Sequence[Listener]) -> None:
        """Tell some how it is now."""
        kept = await self._kept()
        version = await self._tell(newcomers, {}, None)
        await self._group.hand_over()
        if version is None:
            again = [beginning(self._group.name, recipient(listener), None) for listener in newcomers]
            await put_off(self._parts, again)
        else:
            await self._group.note_begun(newcomers, seen=version, round=kept.get("round", 0))

    async def wake(self, channel: str) -> None:
        """Tell all to whom it is news, or see to it that this is done soon. It was `channel` that woke it."""
        kept, now = await self._kept(), _milliseconds()
        if now - kept.get("looked", 0) < CONFLATION_MS:
            if now - kept.get("put_off", 0) > LOST_MS:
                await put_off(self._parts, [wake_up(self._group.name, channel)])
                await self._keep(put_off=now)
            return
        await self._keep(looked=now, put_off=0)
        found = await self._group.begun()
        version = await self._tell([one for one, _ in found], dict(found), kept)
        await self._group.hand_over()
        await self._group.note_begun(self._moved)
        if version is None:
            await put_off(self._parts, [wake_up(self._group.name, channel)])
        elif self._has_told or version != kept.get("version"):
            await self._keep(version=version, round=kept.get("round", 0) + 1)

    async def _tell(
        self, listeners: Iterable[Listener], rows: Mapping[Listener, Mapping[str, Any]], kept: Mapping[str, Any] | None
    ) -> str | None:
        """Tell those whom it is news to; the version, or None where not all can be told just now.

        Each scope looks for itself, so what is written meanwhile is seen by those who look later alone. The version is
        that of the first look: nobody was told an older one, and who was told a newer one is told again.
        """
        alike: defaultdict[Scope, list[Listener]] = defaultdict(list)
        for listener in await self._group.admitted(listeners):
            alike[listener.scope].append(listener)
        versions: list[str] = []
        for some in alike.values():
            request = moment(self._parts.runtime, some[0].identity)
            try:
                look = await _feed(some[0]).look(request)
            except QuestError as refusal:
                if refusal.code is ErrorCode.UNAVAILABLE or not await self._spoke_for(some):
                    return None
                for listener in some:
                    listener.sink.fail(told(refusal))
                continue
            version = repr(look.version)
            news = [one for one in some if kept is None or _is_news(one, version, rows[one], kept)]
            answers: dict[Plan, str] = {}
            await attempt(news, _answer, look.value, request, dict.fromkeys(one.plan for one in news), answers)
            if not await self._spoke_for(some):
                return None
            self._deliver(news, answers)
            versions.append(version)
            self._moved += [one for one in some if kept is not None and _has_moved(one, rows[one])]
            await self._note_until(look)
        return versions[0] if versions else (kept or {}).get("version", "")

    def _deliver(self, listeners: Iterable[Listener], answers: Mapping[Plan, str]) -> None:
        for listener in listeners:
            if listener.plan in answers:
                self._has_told = True
                listener.sink.deliver([Result(answers[listener.plan])], newest=True)

    async def _spoke_for(self, alike: Sequence[Listener]) -> bool:
        """Whether what the first of them was shown is what all would have been."""
        return await spoke_for(self._parts.runtime.writer, alike[0], alike)

    async def _kept(self) -> Mapping[str, Any]:
        return await self._parts.table.get(self._group.position) or {}

    async def _keep(self, **values: str | int) -> None:
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        given = {**values, "expires": expiry(datetime.now(UTC))}
        await self._parts.table.update(self._group.position, f"SET {sets}, #expires = :expires", "", **given)

    async def _note_until(self, look: Look) -> None:
        """Have it looked at when its time is over."""
        if look.until is not None:
            at = seconds(look.until) + 1
            await self._parts.table.put(due_key(at, self._group.name), {"expires": at + MARGIN})


async def _answer(value: Any, request: Request, plans: Iterable[Plan], answers: dict[Plan, str]) -> None:
    for plan in plans:
        answers[plan] = await plan.answer(value, request)


async def is_put_off(parts: Parts, group: str) -> bool:
    """Whether a state is about to be looked at, at a time that is yet to come."""
    kept = await parts.table.get(position_key(group))
    return kept is not None and _milliseconds() - kept.get("put_off", 0) < LOST_MS


def due_key(at: int, group: str) -> Key:
    """That a group is to be woken at a time."""
    return Key(DUE, f"{at:012d}#{group}")


def _is_news(listener: Listener, version: str, row: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    return _known(row, kept) != version or _has_moved(listener, row)


def _has_moved(listener: Listener, row: Mapping[str, Any]) -> bool:
    """Whether somebody sees the team from elsewhere than when they were told last."""
    return row.get("view") != repr(listener.view)


def _known(row: Mapping[str, Any], kept: Mapping[str, Any]) -> object:
    """The version a listener was told last: with all others, or since then when it began."""
    return row["seen"] if row["round"] == kept.get("round", 0) else kept.get("version")


def _feed(listener: Listener) -> StateFeed:
    feed = listener.plan.feed
    assert isinstance(feed, StateFeed), "the group is of a state"
    return feed


def _milliseconds() -> int:
    return milliseconds(datetime.now(UTC))
