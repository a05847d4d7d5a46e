"""Daily usage of the service: a line in the lake, which Athena joins with the day's cost."""

from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from app.aws.container import Container, Event
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from milequest.store.aws.cloudwatch import Watched, sums
from milequest.store.sql.usage import used

DAY = timedelta(days=1)


def _opened(settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime(settings, serves=False)


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Write the usage of yesterday, or of the `day` that is named. A repeated run overwrites the same file."""
    yesterday = datetime.now(UTC).date() - DAY
    day = date.fromisoformat(event["day"]) if "day" in event else yesterday
    return container.run(lambda runtime: _write(runtime, day))


async def _write(runtime: Runtime, day: date) -> dict[str, Any]:
    line = {"day": day.isoformat(), **await _line(runtime, day)}
    file = {"Bucket": runtime.settings.lake_bucket, "Key": f"usage/{day}.json", "Body": orjson.dumps(line) + b"\n"}
    await runtime.aws.sdk.call("s3", "put_object", **file)
    return line


async def _line(runtime: Runtime, day: date) -> dict[str, int]:
    begins = datetime.combine(day, time(), UTC)
    settings = runtime.settings
    told = await used(runtime.reader, begins, begins + DAY, settings.probe_email)
    api, sockets = ("ApiName", settings.metered_api), ("ApiId", settings.metered_sockets)
    watched = {
        "requests": Watched("AWS/ApiGateway", "Count", api),
        "sockets": Watched("AWS/ApiGateway", "ConnectCount", sockets),
        "messages": Watched("AWS/ApiGateway", "MessageCount", sockets),
    }
    return {**asdict(told), **await sums(runtime.aws, watched, begins, begins + DAY)}
