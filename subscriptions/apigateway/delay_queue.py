"""Delayed messages: FIFO queues delay no single message, so they wait in a standard queue."""

from collections.abc import Sequence

import orjson

from milequest.store.aws.sqs import Message, Queue
from subscriptions.apigateway.dependencies import Dependencies
from subscriptions.apigateway.records import Event, Failures, by_group

NEWS, POSTS = "news", "posts"


async def delay(deps: Dependencies, messages: Sequence[Message], seconds: int = 1, queue: str = NEWS) -> None:
    """Send messages to one of the two queues after some seconds."""
    waiting = [
        orjson.dumps({"queue": queue, "group": one.group, "id": one.id, "body": one.body}).decode() for one in messages
    ]
    await deps.delay_queue.send([Message(body, after=seconds) for body in waiting])


async def redeliver(deps: Dependencies, event: Event) -> Failures:
    """Move messages whose delay is over to their queue: the function of the delay queue."""

    async def work(bodies: Sequence[str]) -> None:
        for body in bodies:
            given = orjson.loads(body)
            queue: Queue = deps.outbound_queue if given["queue"] == POSTS else deps.group_queue
            await queue.send([Message(given["body"], given["group"], given["id"])])

    return await by_group(event, work)
