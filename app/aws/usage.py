"""Daily usage of the service: a line in the lake, which Athena joins with the day's cost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from app.aws.container import Container, Event
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.cloudwatch import Watched, sums
from milequest.store.aws.s3 import Bucket
from milequest.store.sql.usage import used

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Meters:
    """Sources of usage, and the client that writes it."""

    runtime: Runtime
    aws: Aws


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Meters]:
    async with open_runtime(settings, serves=False) as runtime, open_aws(settings) as aws:
        yield Meters(runtime, aws)


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Write the usage of yesterday, or of the `day` that is named. A repeated run overwrites the same file."""
    yesterday = datetime.now(UTC).date() - DAY
    day = date.fromisoformat(event["day"]) if "day" in event else yesterday
    return container.run(lambda meters: _write(meters, day))


async def _write(meters: Meters, day: date) -> dict[str, Any]:
    settings = meters.runtime.settings
    line = {"day": day.isoformat(), **await _line(meters, day)}
    await Bucket(meters.aws, settings.lake_bucket).put(f"usage/{day}.json", orjson.dumps(line) + b"\n")
    return line


async def _line(meters: Meters, day: date) -> dict[str, int]:
    begins = datetime.combine(day, time(), UTC)
    settings = meters.runtime.settings
    told = await used(meters.runtime.reader, begins, begins + DAY)
    api, sockets = ("ApiName", settings.metered_api), ("ApiId", settings.metered_sockets)
    watched = {
        "requests": Watched("AWS/ApiGateway", "Count", api),
        "sockets": Watched("AWS/ApiGateway", "ConnectCount", sockets),
        "messages": Watched("AWS/ApiGateway", "MessageCount", sockets),
    }
    return {**asdict(told), **await sums(meters.aws, watched, begins, begins + DAY)}
