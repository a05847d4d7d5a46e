"""The function of the queue `posts`: it sends outbound messages, in order for each connection.

A subscription that could not be sent a result is lagging: it is marked with the cursor to resume from, and skipped
until it restarts from there, some seconds later. So one socket does not delay others.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from milequest.rules.instants import milliseconds, seconds
from milequest.store.aws.metric_lines import Metric, measured
from milequest.store.aws.socket_api import Outcome
from milequest.store.aws.sqs import Message
from milequest.telemetry import objective_counts
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.connection_store import PROTOCOLS
from subscriptions.apigateway.delay_queue import POSTS, delay
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.group_messages import subscribe_command
from subscriptions.apigateway.outbound import Kind, OutboundMessage, OutboundMessages, parse_outbound
from subscriptions.apigateway.records import Event, Failures, by_group
from subscriptions.apigateway.table_rows import OperationKey
from subscriptions.apigateway.transport import send_with_retry

log = logging.getLogger("milequest.live")

AT_ONCE = 32  # connections that are sent to concurrently
WAIT = (1, 4)  # seconds until a lagging subscription restarts, chosen at random


async def send(deps: Dependencies, event: Event) -> Failures:
    """Send the outbound messages of a batch."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def work(bodies: Sequence[str]) -> None:
        for body in bodies:
            group, posts = parse_outbound(body)
            await Sender(deps, group, slots).send(posts)

    return await by_group(event, work)


class Sender:
    """Sender of one message's outbound messages."""

    def __init__(self, deps: Dependencies, group: str, slots: asyncio.Semaphore) -> None:
        self._deps = deps
        self._group = group
        self._slots = slots
        self._lagging: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._throttled = 0

    async def send(self, posts: Sequence[OutboundMessage]) -> None:
        """Send outbound messages: to many connections at once, to each in order."""
        by_connection: defaultdict[str, list[tuple[OperationKey, OutboundMessage]]] = defaultdict(list)
        for send in posts:
            for who in send.to:
                by_connection[who.connection].append((who, send))
        some = next(iter(by_connection))
        async for row in self._deps.table.query(table_rows.lagging_key(some, "").pk):
            self._lagging[row["connection"], row["id"]] = row
        await asyncio.gather(*(self._to_connection(name, given) for name, given in by_connection.items()))
        self._measure(posts)

    def _measure(self, posts: Sequence[OutboundMessage]) -> None:
        """Measure the age of what was sent, now that it is delivered, and how often API Gateway throttled."""
        namespace, now = self._deps.runtime.settings.metrics_namespace, milliseconds(datetime.now(UTC))
        lags = [now - since for since in {send.since for send in posts} - {0}]
        measured(namespace, Metric.FAN_OUT_LAG, lags)
        objective_counts.news(lags)
        measured(namespace, Metric.SOCKETS_THROTTLED, [self._throttled] if self._throttled else [])

    async def _to_connection(self, connection: str, given: Sequence[tuple[OperationKey, OutboundMessage]]) -> None:
        async with self._slots:
            for who, send in given:
                if await self._to_one(who, send) is Outcome.GONE:
                    await self._deps.connections.close(connection)
                    return

    async def _to_one(self, who: OperationKey, send: OutboundMessage) -> Outcome | None:
        key, protocol = (who.connection, who.id), PROTOCOLS[who.protocol]
        match send.kind:
            case Kind.AGAIN:
                if self._lagging.pop(key, None) is not None:
                    await self._deps.table.remove([table_rows.lagging_key(*key)])
                return None
            case Kind.ERRORS:
                await self._deps.connections.end(who.connection, who.id, who.serial)
                outcome = await self._send(who, protocol.error(who.id, orjson.loads(send.text)))
                if outcome in (Outcome.BUSY, Outcome.FAILED):
                    await self._end_later(who, send)
                return outcome
        marked = self._lagging.get(key)
        if marked is not None and marked["serial"] == who.serial:
            return None
        outcome = await self._send(who, protocol.next(who.id, send.text))
        if outcome in (Outcome.BUSY, Outcome.FAILED):
            await self._mark_lagging(who, send)
        return outcome

    async def _send(self, who: OperationKey, text: str) -> Outcome:
        outcome = await send_with_retry(self._deps.sockets, who.connection, text)
        self._throttled += outcome is Outcome.BUSY
        return outcome

    async def _mark_lagging(self, who: OperationKey, send: OutboundMessage) -> None:
        """Mark an operation as lagging and queue its restart.

        In this order: without the mark later results would go first; if the message is lost, the sweeper finds the
        mark.
        """
        now = datetime.now(UTC)
        row: dict[str, str | int] = {
            **who.row(),
            "group": self._group,
            "after": send.after,
            "since": seconds(now),
        }
        await self._deps.table.put(
            table_rows.lagging_key(who.connection, who.id), {**row, "expires": table_rows.expiry(now)}
        )
        self._lagging[who.connection, who.id] = row
        again = subscribe_command(self._group, who, send.after, again=True)
        await delay(self._deps, [again], random.randint(*WAIT))

    async def _end_later(self, who: OperationKey, send: OutboundMessage) -> None:
        posts = OutboundMessages(self._group)
        posts.add(who, send.kind, send.text)
        messages: Sequence[Message] = posts.take_all()
        await delay(self._deps, messages, random.randint(*WAIT), POSTS)
