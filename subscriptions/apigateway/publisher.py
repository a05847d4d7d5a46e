"""What a log has grown by goes to the event bus, for whoever else wants to know what happened."""

from dataclasses import replace

from milequest.store import log
from milequest.store.aws.events import BusEvent, EventBus
from milequest.store.log import LogEntry, Reached
from subscriptions.apigateway.dependencies import Dependencies

PAGE = 500  # events that are read and noted at once


async def publish(deps: Dependencies, bus: EventBus, reached: Reached) -> None:
    """Tell the bus what channels' logs say up to where they have `reached`, as far as that was not done.

    It is noted page by page but for the last, which the caller notes. Who dies in between, or does it beside us, tells
    some events twice, with the same `id`.
    """
    writer = deps.runtime.writer
    while True:
        page = await log.unrelayed(writer, reached, PAGE)
        await bus.put([_told(reached.epoch, channel, entry) for channel, entry in page])
        if len(page) < PAGE:
            return
        await log.relayed(writer, replace(reached, positions={channel: entry.sequence for channel, entry in page}))


def _told(epoch: int, channel: str, entry: LogEntry) -> BusEvent:
    """An event as the bus has it: ids and places alone, as whoever hears of it has to ask what they may see."""
    detail = {
        "id": f"{epoch}/{channel}/{entry.sequence}",
        "epoch": epoch,
        "channel": channel,
        "sequence": entry.sequence,
        "subjectId": entry.subject_id.hex,
        "occurredAt": entry.occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return BusEvent(entry.kind.value, entry.occurred_at, detail)
