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
from resolvers.feeds import StateFeed, StateSnapshot
from subscriptions.apigateway.delay_queue import delay
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.group_messages import subscribe_command, wake_up
from subscriptions.apigateway.groups import Group, attempt, recipient
from subscriptions.apigateway.rows import MARGIN, expiry, position_key
from subscriptions.errors import error_payload
from subscriptions.plans import Plan, Scope, request_for
from subscriptions.policy import still_speaks_for
from subscriptions.protocols.steps import Result
from subscriptions.subscribers import Subscriber

CONFLATION_MS = 1000
LOST_MS = 10_000  # a look that was put off and has not come by then got lost
DUE = "DUE"  # the partition of states that change at some time by themselves


class StateStep:
    """One step. The group's position keeps when all were told, of which version, and how often so far."""

    def __init__(self, deps: Dependencies, group: Group) -> None:
        self._deps = deps
        self._group = group
        self._has_told = False
        self._moved: list[Subscriber] = []  # who see the team from elsewhere than before

    async def begin(self, pending: Sequence[Subscriber]) -> None:
        """Tell some how it is now."""
        kept = await self._kept()
        version = await self._tell(pending, {}, None)
        await self._group.hand_over()
        if version is None:
            again = [subscribe_command(self._group.name, recipient(subscriber), None) for subscriber in pending]
            await delay(self._deps, again)
        else:
            await self._group.note_begun(pending, seen=version, round=kept.get("round", 0))

    async def wake(self, channel: str) -> None:
        """Tell all to whom it is news, or see to it that this is done soon. It was `channel` that woke it."""
        kept, now = await self._kept(), _milliseconds()
        if now - kept.get("looked", 0) < CONFLATION_MS:
            if now - kept.get("put_off", 0) > LOST_MS:
                await delay(self._deps, [wake_up(self._group.name, channel)])
                await self._keep(put_off=now)
            return
        await self._keep(looked=now, put_off=0)
        found = await self._group.begun()
        version = await self._tell([one for one, _ in found], dict(found), kept)
        await self._group.hand_over()
        await self._group.note_begun(self._moved)
        if version is None:
            await delay(self._deps, [wake_up(self._group.name, channel)])
        elif self._has_told or version != kept.get("version"):
            await self._keep(version=version, round=kept.get("round", 0) + 1)

    async def _tell(
        self,
        subscribers: Iterable[Subscriber],
        rows: Mapping[Subscriber, Mapping[str, Any]],
        kept: Mapping[str, Any] | None,
    ) -> str | None:
        """Tell those whom it is news to; the version, or None where not all can be told just now.

        Each scope looks for itself, so what is written meanwhile is seen by those who look later alone. The version is
        that of the first look: nobody was told an older one, and who was told a newer one is told again.
        """
        alike: defaultdict[Scope, list[Subscriber]] = defaultdict(list)
        for subscriber in await self._group.admitted(subscribers):
            alike[subscriber.scope].append(subscriber)
        versions: list[str] = []
        for some in alike.values():
            request = request_for(self._deps.runtime, some[0].identity)
            try:
                snapshot = await _feed(some[0]).snapshot(request)
            except QuestError as refusal:
                if refusal.code is ErrorCode.UNAVAILABLE or not await self._spoke_for(some):
                    return None
                for subscriber in some:
                    subscriber.sink.fail(error_payload(refusal))
                continue
            version = repr(snapshot.version)
            news = [one for one in some if kept is None or _is_news(one, version, rows[one], kept)]
            answers: dict[Plan, str] = {}
            await attempt(news, _answer, snapshot.value, request, dict.fromkeys(one.plan for one in news), answers)
            if not await self._spoke_for(some):
                return None
            self._deliver(news, answers)
            versions.append(version)
            self._moved += [one for one in some if kept is not None and _has_moved(one, rows[one])]
            await self._note_until(snapshot)
        return versions[0] if versions else (kept or {}).get("version", "")

    def _deliver(self, subscribers: Iterable[Subscriber], answers: Mapping[Plan, str]) -> None:
        for subscriber in subscribers:
            if subscriber.plan in answers:
                self._has_told = True
                subscriber.sink.deliver([Result(answers[subscriber.plan])], newest=True)

    async def _spoke_for(self, alike: Sequence[Subscriber]) -> bool:
        """Whether what the first of them was shown is what all would have been."""
        return await still_speaks_for(self._deps.runtime.writer, alike[0], alike)

    async def _kept(self) -> Mapping[str, Any]:
        return await self._deps.table.get(self._group.position) or {}

    async def _keep(self, **values: str | int) -> None:
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        given = {**values, "expires": expiry(datetime.now(UTC))}
        await self._deps.table.update(self._group.position, f"SET {sets}, #expires = :expires", "", **given)

    async def _note_until(self, snapshot: StateSnapshot) -> None:
        """Have it looked at when its time is over."""
        if snapshot.stale_at is not None:
            at = seconds(snapshot.stale_at) + 1
            await self._deps.table.put(due_key(at, self._group.name), {"expires": at + MARGIN})


async def _answer(value: Any, request: Request, plans: Iterable[Plan], answers: dict[Plan, str]) -> None:
    for plan in plans:
        answers[plan] = await plan.answer(value, request)


async def is_delayed(deps: Dependencies, group: str) -> bool:
    """Whether a state is about to be looked at, at a time that is yet to come."""
    kept = await deps.table.get(position_key(group))
    return kept is not None and _milliseconds() - kept.get("put_off", 0) < LOST_MS


def due_key(at: int, group: str) -> Key:
    """That a group is to be woken at a time."""
    return Key(DUE, f"{at:012d}#{group}")


def _is_news(subscriber: Subscriber, version: str, row: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    return _known(row, kept) != version or _has_moved(subscriber, row)


def _has_moved(subscriber: Subscriber, row: Mapping[str, Any]) -> bool:
    """Whether somebody sees the team from elsewhere than when they were told last."""
    return row.get("view") != repr(subscriber.view)


def _known(row: Mapping[str, Any], kept: Mapping[str, Any]) -> object:
    """The version a listener was told last: with all others, or since then when it began."""
    return row["seen"] if row["round"] == kept.get("round", 0) else kept.get("version")


def _feed(subscriber: Subscriber) -> StateFeed:
    feed = subscriber.plan.feed
    assert isinstance(feed, StateFeed), "the group is of a state"
    return feed


def _milliseconds() -> int:
    return milliseconds(datetime.now(UTC))
