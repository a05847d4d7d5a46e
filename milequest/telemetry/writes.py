"""The log line of each write: user, action and teams, by their ids in the API."""

import logging
from collections.abc import Mapping, Sequence

from milequest.rules.events import Event
from milequest.telemetry.work import current

log = logging.getLogger("milequest.write")

MAX_EVENTS = 50  # of one line; a walk is one of each of its owner's teams


def committed(events: Sequence[Event], positions: Mapping[str, int], retries: int) -> None:
    """Write the line of a transaction that was committed for an operation or a job."""
    work = current.get()
    if work is None or not log.isEnabledFor(logging.INFO):
        return
    fields: dict[str, object] = {"action": work.action or None}
    if work.user_id is not None:
        fields["user"] = f"user_{work.user_id.hex}"
    if retries:
        fields["retries"] = retries
    if events:
        fields["teams"] = {channel.replace(":", "_"): sequence for channel, sequence in positions.items()}
        fields["events"] = [f"{event.kind.value} {event.subject_id.hex}" for event in events[:MAX_EVENTS]]
    log.info("write", extra={"request_id": work.request_id, "fields": fields})
