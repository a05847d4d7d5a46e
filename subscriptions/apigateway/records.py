"""Messages that SQS delivers to a function: those of a FIFO queue are handled by group; failed ones are redelivered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from milequest.rules.grouping import group_by
from milequest.store.aws.sqs import TRACEPARENT
from milequest.telemetry import spans

log = logging.getLogger("milequest.live")

Event: TypeAlias = Mapping[str, Any]
Failures: TypeAlias = Mapping[str, Any]


async def by_group(event: Event, work: Callable[[Sequence[str]], Awaitable[None]]) -> Failures:
    """Run `work` for the bodies of each group, several groups at once; return the messages to be redelivered.

    A group whose work fails is redelivered as a whole, to keep its order.
    """
    records: Sequence[Mapping[str, Any]] = event["Records"]
    groups = group_by(records, lambda record: str(record["attributes"].get("MessageGroupId", record["messageId"])))
    failed = await asyncio.gather(*(_failed(some, work) for some in groups.values()))
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for some in failed for record in some]}


async def _failed(
    records: Sequence[Mapping[str, Any]], work: Callable[[Sequence[str]], Awaitable[None]]
) -> Sequence[Mapping[str, Any]]:
    try:
        with spans.following(map(_traceparent, records), f"process {_queue(records[0])}"):
            await work([record["body"] for record in records])
    except Exception:
        log.exception("%d messages of a queue will be redelivered", len(records))
        return records
    return ()


def _traceparent(record: Mapping[str, Any]) -> str | None:
    """Return the span in which a message was sent, where that was traced."""
    text: str | None = record.get("messageAttributes", {}).get(TRACEPARENT, {}).get("stringValue")
    return text


def _queue(record: Mapping[str, Any]) -> str:
    return str(record.get("eventSourceARN", "")).rpartition(":")[2] or "a queue"
