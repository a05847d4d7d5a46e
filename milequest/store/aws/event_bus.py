"""A bus of EventBridge, which passes events to all that have a rule for them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from milequest.store.aws.batches import batches
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import ATTEMPTS, AwsError, pause

SOURCE = "milequest"
MOST_AT_ONCE = 10  # events of one call
MOST_BYTES = 256 * 1024  # of one call, as AWS counts
TIME_BYTES = 14  # that AWS counts for an event's time


@dataclass(frozen=True, slots=True)
class BusEvent:
    """An event: its kind, its time, and a JSON object with an `id`, as the same event may be delivered twice."""

    kind: str
    at: datetime
    detail: Mapping[str, Any]

    def entry(self) -> dict[str, Any]:
        """Return it in EventBridge's form."""
        detail = orjson.dumps(self.detail).decode()
        return {"Source": SOURCE, "DetailType": self.kind, "Time": self.at, "Detail": detail}


class EventBus:
    """The bus `name`."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._name = name

    async def put(self, events: Sequence[BusEvent]) -> None:
        """Send all of them. Raises AwsError or Away; some may have been sent then."""
        entries = [{"EventBusName": self._name, **event.entry()} for event in events]
        for batch in batches(entries, MOST_AT_ONCE, MOST_BYTES, _bytes):
            await self._put(batch)

    async def _put(self, entries: list[dict[str, Any]]) -> None:
        """Send one batch. AWS may refuse some entries of a call: only those are sent again."""
        for attempt in range(1, ATTEMPTS + 1):
            answer = await self._aws.sdk.call("events", "put_events", Entries=entries)
            refused = [
                (entry, told)
                for entry, told in zip(entries, answer.get("Entries", ()), strict=False)
                if "ErrorCode" in told
            ]
            if not refused:
                return
            if attempt == ATTEMPTS:
                raise AwsError(503, refused[0][1]["ErrorCode"], answer)
            entries = [entry for entry, _ in refused]
            await asyncio.sleep(pause(attempt))


def _bytes(entry: Mapping[str, Any]) -> int:
    return TIME_BYTES + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))
