"""Events to the data lake: from the bus to Firehose, a row for each event."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import orjson

from app.aws.container import Container, Event
from milequest.settings import Settings
from milequest.store.aws.client import Aws, open_aws


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Aws, str]]:
    async with open_aws(settings) as aws:
        yield aws, settings.lake_stream


container = Container(_opened)


def handler(event: Event, context: Any) -> None:
    """Send one event to Firehose, except a replayed one, which is stored already."""
    if "replay-name" not in event:
        container.run(lambda opened: put(*opened, row(event)))


async def put(aws: Aws, stream: str, row: Mapping[str, Any]) -> None:
    """Send a row of the table behind a stream of Firehose. Raises AwsError or Away."""
    line = orjson.dumps(row) + b"\n"
    await aws.sdk.call("firehose", "put_record", DeliveryStreamName=stream, Record={"Data": line})


def row(event: Event) -> Mapping[str, Any]:
    """Return an event of the bus as a row of the lake's table: what has a column of its own, and the rest as JSON."""
    detail = dict(event["detail"])
    own = {name: detail.pop(name) for name in ("id", "channel", "sequence")}
    at = datetime.fromisoformat(detail.pop("occurredAt"))
    moment = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"  # a timestamp as Hive reads it, in UTC
    return {**own, "kind": event["detail-type"], "at": moment, "data": orjson.dumps(detail).decode()}
