"""The table's stream: who comes and who listens is noted in Valkey, and who has gone, by whatever way the row went."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from milequest.store.interest import GONE, Interest, InterestEntry
from subscriptions.apigateway import rows
from subscriptions.apigateway.records import Event, Failures

log = logging.getLogger("milequest.live")

CONNECTION: Final = "connection"  # the kind of what is no subscription
PATIENCE: Final = 10.0  # seconds Valkey may take, long before the function ends


async def follow(interest: Interest, event: Event) -> Failures:
    """Note a batch of the stream. The answer names the record from which on it is to come again, if it is to.

    A row's records come in their order, so its last one says how it is; they may come again.
    """
    records = event["Records"]
    changes, unread = _read(records)
    try:
        async with asyncio.timeout(PATIENCE):
            await interest.note(changes)
    except Exception:
        log.exception("%d records of the stream are to come again", len(records))
        unread = records
    again = [record["dynamodb"]["SequenceNumber"] for record in unread[:1]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}


def _read(records: Sequence[Mapping[str, Any]]) -> tuple[Mapping[InterestEntry, int], Sequence[Mapping[str, Any]]]:
    """What records say, up to one that makes no sense, and those from that one on."""
    changes: dict[InterestEntry, int] = {}
    for number, record in enumerate(records):
        try:
            changes |= _change(record["eventName"], record["dynamodb"])
        except (KeyError, ValueError):
            log.exception("a record of the stream makes no sense: it is to come again, with all after it")
            return changes, records[number:]
    return changes, ()


def _change(name: str, told: Mapping[str, Any]) -> Mapping[InterestEntry, int]:
    """What a record says, if it is about somebody who is connected or listens."""
    kind, _, of = told["Keys"]["pk"]["S"].partition("#")
    id = told["Keys"]["sk"]["S"]
    match kind:
        case "CONNECTIONS":
            entry = InterestEntry(CONNECTION, id)
        case "LISTENERS":
            entry = InterestEntry(rows.kind_of(of), id, rows.topic_of(of))
        case _:
            return {}
    return {entry: GONE if name == "REMOVE" else int(told["NewImage"]["expires"]["N"])}
