"""A step of a state's group: send the state to new subscribers at once, to the others when it has changed.

It is loaded for all once per second at most: earlier wake-ups are delayed, and only the newest version is sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from milequest.rules.errors import ErrorCode, QuestError
from milequest.rules.grouping import group_by
from milequest.rules.instants import milliseconds, seconds
from milequest.store.aws.dynamodb import Key
from resolvers.context import Request
from resolvers.feeds import StateFeed, StateSnapshot
from schema.error_payloads import error_payload
from subscriptions.apigateway.delay_queue import delay
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.group_messages import delayed_wake_up, subscribe_command
from subscriptions.apigateway.groups import Group, recipient
from subscriptions.apigateway.table_rows import MARGIN, expiry, position_key
from subscriptions.plans import Plan, request_for
from subscriptions.policy import holds_for_all
from subscriptions.protocols.protocol_steps import Result
from subscriptions.subscribers import Subscriber
from subscriptions.tasks import attempt_once

CONFLATION_MS = 1000
LOST_MS = 10_000  # a delayed wake-up that has not arrived by then is lost
UNKNOWN = ""  # equals no version, so that all subscribers are sent the next one
DUE = "DUE"  # the partition of states that change at a known time


class StateStep:
    """One step. The group's position has the time of the last one for all, its version, and their number so far."""

    def __init__(self, deps: Dependencies, group: Group) -> None:
        self._deps = deps
        self._group = group
        self._has_sent = False
        self._access_changed: list[Subscriber] = []  # those whose access has changed

    async def begin(self, pending: Sequence[Subscriber]) -> None:
        """Send new subscribers the current version."""
        kept = await self._kept()
        version = await self._dispatch(pending, {}, None)
        await self._group.queue_outbound()
        if version is None:
            again = [subscribe_command(self._group.name, recipient(subscriber), None) for subscriber in pending]
            await delay(self._deps, again)
        else:
            await self._group.mark_started(pending, seen=version, round=kept.get("round", 0))

    async def wake(self, channel: str, *, is_delayed: bool) -> None:
        """Send the current version to all that have not seen it, or delay that. `channel` is the one that woke it.

        A delayed wake-up is never delayed again, nor dropped: to a function whose clock is behind it seems too early.
        """
        kept, now = await self._kept(), _milliseconds()
        if not is_delayed and now - kept.get("looked", 0) < CONFLATION_MS:
            if now - kept.get("put_off", 0) > LOST_MS:
                await delay(self._deps, [delayed_wake_up(self._group.name, channel)])
                await self._keep(put_off=now)
            return
        await self._keep(looked=now, put_off=0)
        found = await self._group.started()
        version = await self._dispatch([one for one, _ in found], dict(found), kept)
        await self._group.queue_outbound()
        await self._group.mark_started(self._access_changed)
        if self._has_sent or version not in (None, kept.get("version")):
            await self._keep(version=version or UNKNOWN, round=kept.get("round", 0) + 1)
        if version is None:
            await delay(self._deps, [delayed_wake_up(self._group.name, channel)])

    async def _dispatch(
        self,
        subscribers: Iterable[Subscriber],
        rows: Mapping[Subscriber, Mapping[str, Any]],
        kept: Mapping[str, Any] | None,
    ) -> str | None:
        """Send the state to subscribers that have not seen it; return its version, or None if not all could be sent it.

        Each scope loads its own, so a write in between is seen by later scopes only. Then the version is UNKNOWN, for
        the next one may equal that of either: a state can become again what it was.
        """
        alike = group_by(await self._group.admitted(subscribers), lambda subscriber: subscriber.scope)
        versions: list[str] = []
        for some in alike.values():
            request = request_for(self._deps.runtime, some[0].identity)
            try:
                snapshot = await _feed(some[0]).snapshot(request)
            except QuestError as refusal:
                if refusal.code is ErrorCode.UNAVAILABLE or not await self._holds_for_all(some):
                    return None
                for subscriber in some:
                    subscriber.sink.fail(error_payload(refusal))
                continue
            version = repr(snapshot.version)
            unseen = [one for one in some if kept is None or _is_unseen(one, version, rows[one], kept)]
            answers: dict[Plan, str] = {}
            await attempt_once(
                unseen, _answer, snapshot.value, request, dict.fromkeys(one.plan for one in unseen), answers
            )
            if not await self._holds_for_all(some):
                return None
            self._deliver(unseen, answers)
            versions.append(version)
            self._access_changed += [one for one in some if kept is not None and _has_changed_access(one, rows[one])]
            await self._schedule_wake(snapshot)
        if len(set(versions)) > 1:
            return UNKNOWN
        return versions[0] if versions else (kept or {}).get("version", UNKNOWN)

    def _deliver(self, subscribers: Iterable[Subscriber], answers: Mapping[Plan, str]) -> None:
        for subscriber in subscribers:
            if subscriber.plan in answers:
                self._has_sent = True
                subscriber.sink.deliver([Result(answers[subscriber.plan])], newest=True)

    async def _holds_for_all(self, alike: Sequence[Subscriber]) -> bool:
        """Return whether the answer to the first of them holds for all."""
        return await holds_for_all(self._deps.runtime.writer, alike[0], alike)

    async def _kept(self) -> Mapping[str, Any]:
        return await self._deps.table.get(self._group.position) or {}

    async def _keep(self, **values: str | int) -> None:
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        given = {**values, "expires": expiry(datetime.now(UTC))}
        await self._deps.table.update(self._group.position, f"SET {sets}, #expires = :expires", "", **given)

    async def _schedule_wake(self, snapshot: StateSnapshot) -> None:
        """Schedule a wake-up for when the snapshot becomes stale."""
        if snapshot.stale_at is not None:
            at = seconds(snapshot.stale_at) + 1
            await self._deps.table.put(due_key(at, self._group.name), {"expires": at + MARGIN})


async def _answer(value: Any, request: Request, plans: Iterable[Plan], answers: dict[Plan, str]) -> None:
    for plan in plans:
        answers[plan] = await plan.answer(value, request)


async def is_delayed(deps: Dependencies, group: str) -> bool:
    """Return whether a state's delayed wake-up is still due."""
    kept = await deps.table.get(position_key(group))
    return kept is not None and _milliseconds() - kept.get("put_off", 0) < LOST_MS


def due_key(at: int, group: str) -> Key:
    """Return the key that records that a group is to be woken at a time."""
    return Key(DUE, f"{at:012d}#{group}")


def _is_unseen(subscriber: Subscriber, version: str, row: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    return _known(row, kept) != version or _has_changed_access(subscriber, row)


def _has_changed_access(subscriber: Subscriber, row: Mapping[str, Any]) -> bool:
    """Return whether a subscriber's access has changed since it was last sent the state."""
    return row.get("view") != repr(subscriber.view)


def _known(row: Mapping[str, Any], kept: Mapping[str, Any]) -> object:
    """Return the version a subscriber was last sent: with all others, or later, when it began."""
    return row["seen"] if row["round"] == kept.get("round", 0) else kept.get("version")


def _feed(subscriber: Subscriber) -> StateFeed:
    feed = subscriber.plan.feed
    assert isinstance(feed, StateFeed), "the group is of a state"
    return feed


def _milliseconds() -> int:
    return milliseconds(datetime.now(UTC))
