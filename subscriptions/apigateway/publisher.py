"""Publication of new log entries to the event bus, for other consumers."""

from dataclasses import replace

from milequest.store.aws.event_bus import BusEvent, EventBus
from milequest.store.sql import log
from milequest.store.sql.log import LogEntry, Reached
from subscriptions.apigateway.dependencies import Dependencies

PAGE = 500  # events that are read and recorded at once


async def publish(deps: Dependencies, bus: EventBus, reached: Reached) -> None:
    """Publish the unpublished entries of channels' logs, up to the positions in `reached`.

    Progress is recorded page by page, except for the last page, which the caller records. After a crash in between, or
    by a concurrent call, some events are published twice, with the same `id`.
    """
    writer = deps.runtime.writer
    while True:
        page = await log.unrelayed(writer, reached, PAGE)
        await bus.put([_bus_event(reached.epoch, channel, entry) for channel, entry in page])
        if len(page) < PAGE:
            return
        await log.mark_relayed(writer, replace(reached, positions={channel: entry.sequence for channel, entry in page}))


def _bus_event(epoch: int, channel: str, entry: LogEntry) -> BusEvent:
    """Return an event for the bus: ids and places only, as a consumer has to query what it may see."""
    detail = {
        "id": f"{epoch}/{channel}/{entry.sequence}",
        "epoch": epoch,
        "channel": channel,
        "sequence": entry.sequence,
        "subjectId": entry.subject_id.hex,
        "occurredAt": entry.occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return BusEvent(entry.kind.value, entry.occurred_at, detail)
