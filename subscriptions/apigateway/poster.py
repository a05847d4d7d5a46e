"""The function behind the queue of posts: sends them, each connection's in their order.

A subscription that cannot be sent something is behind: marked with where to go on, passed over until it begins again
from there, a little later. So one socket holds up no other.
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
from milequest.store.aws.metrics import Metric, measured
from milequest.store.aws.sockets import Outcome
from milequest.store.aws.sqs import Message
from subscriptions.apigateway import rows
from subscriptions.apigateway.connections import PROTOCOLS
from subscriptions.apigateway.later import POSTS, put_off
from subscriptions.apigateway.news import beginning
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.posts import Kind, Post, Posts, read_posts
from subscriptions.apigateway.records import Event, Failures, by_group
from subscriptions.apigateway.rows import Recipient
from subscriptions.apigateway.words import say

log = logging.getLogger("milequest.live")

AT_ONCE = 32  # connections
WAIT = (1, 4)  # seconds until who is behind begins again


async def post(parts: Parts, event: Event) -> Failures:
    """Send what the messages hold."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def work(bodies: Sequence[str]) -> None:
        for body in bodies:
            group, posts = read_posts(body)
            await Delivery(parts, group, slots).send(posts)

    return await by_group(event, work)


class Delivery:
    """Sends the posts of one message."""

    def __init__(self, parts: Parts, group: str, slots: asyncio.Semaphore) -> None:
        self._parts = parts
        self._group = group
        self._slots = slots
        self._behind: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._throttled = 0

    async def send(self, posts: Sequence[Post]) -> None:
        """Send them: to many connections at once, to each in order."""
        by_connection: defaultdict[str, list[tuple[Recipient, Post]]] = defaultdict(list)
        for post in posts:
            for who in post.to:
                by_connection[who.connection].append((who, post))
        some = next(iter(by_connection))
        async for row in self._parts.table.query(rows.behind_key(some, "").pk):
            self._behind[row["connection"], row["id"]] = row
        await asyncio.gather(*(self._to_connection(name, given) for name, given in by_connection.items()))
        self._measure(posts)

    def _measure(self, posts: Sequence[Post]) -> None:
        """How old what was sent is now that all have it, and how often API Gateway would take no more."""
        namespace, now = self._parts.runtime.settings.metrics_namespace, milliseconds(datetime.now(UTC))
        measured(namespace, Metric.FAN_OUT_LAG, [now - since for since in {post.since for post in posts} - {0}])
        measured(namespace, Metric.SOCKETS_THROTTLED, [self._throttled] if self._throttled else [])

    async def _to_connection(self, connection: str, given: Sequence[tuple[Recipient, Post]]) -> None:
        async with self._slots:
            for who, post in given:
                if await self._to_one(who, post) is Outcome.GONE:
                    await self._parts.connections.close(connection)
                    return

    async def _to_one(self, who: Recipient, post: Post) -> Outcome | None:
        key, protocol = (who.connection, who.id), PROTOCOLS[who.protocol]
        match post.kind:
            case Kind.AGAIN:
                if self._behind.pop(key, None) is not None:
                    await self._parts.table.remove([rows.behind_key(*key)])
                return None
            case Kind.ERRORS:
                await self._parts.connections.end(who.connection, who.id, who.serial)
                outcome = await self._say(who, protocol.error(who.id, orjson.loads(post.text)))
                if outcome in (Outcome.BUSY, Outcome.FAILED):
                    await self._end_later(who, post)
                return outcome
        marked = self._behind.get(key)
        if marked is not None and marked["serial"] == who.serial:
            return None
        outcome = await self._say(who, protocol.next(who.id, post.text))
        if outcome in (Outcome.BUSY, Outcome.FAILED):
            await self._mark_behind(who, post)
        return outcome

    async def _say(self, who: Recipient, text: str) -> Outcome:
        outcome = await say(self._parts.sockets, who.connection, text)
        self._throttled += outcome is Outcome.BUSY
        return outcome

    async def _mark_behind(self, who: Recipient, post: Post) -> None:
        """In this order: without its mark it would be sent later things first; without a message it is found by it."""
        now = datetime.now(UTC)
        row: dict[str, str | int] = {
            **who.row(),
            "group": self._group,
            "after": post.after,
            "since": seconds(now),
        }
        await self._parts.table.put(rows.behind_key(who.connection, who.id), {**row, "expires": rows.expiry(now)})
        self._behind[who.connection, who.id] = row
        again = beginning(self._group, who, post.after, again=True)
        await put_off(self._parts, [again], random.randint(*WAIT))

    async def _end_later(self, who: Recipient, post: Post) -> None:
        posts = Posts(self._group)
        posts.add(who, post.kind, post.text)
        messages: Sequence[Message] = posts.taken()
        await put_off(self._parts, messages, random.randint(*WAIT), POSTS)
