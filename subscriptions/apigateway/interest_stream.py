"""The table's stream: connections and subscribers are recorded in Valkey, and removed however their rows ended."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from milequest.store.cache.interest import GONE, Interest, InterestEntry
from subscriptions.apigateway import table_rows
from subscriptions.apigateway.records import Event, Failures

log = logging.getLogger("milequest.live")

CONNECTION: Final = "connection"  # the kind of entries that are no subscriptions
PATIENCE: Final = 10.0  # seconds Valkey may take, long before the function ends


async def follow(interest: Interest, event: Event) -> Failures:
    """Record a batch of the stream. Return the record from which on it is to be redelivered, if any.

    A row's records arrive in order, so its last one is its current state; they may be redelivered.
    """
    records = event["Records"]
    changes, unread = _read(records)
    try:
        async with asyncio.timeout(PATIENCE):
            await interest.note(changes)
    except Exception:
        log.exception("%d records of the stream will be redelivered", len(records))
        unread = records
    again = [record["dynamodb"]["SequenceNumber"] for record in unread[:1]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}


def _read(records: Sequence[Mapping[str, Any]]) -> tuple[Mapping[InterestEntry, int], Sequence[Mapping[str, Any]]]:
    """Return the changes of records up to the first invalid one, and the records from that one on."""
    changes: dict[InterestEntry, int] = {}
    for number, record in enumerate(records):
        try:
            changes |= _change(record["eventName"], record["dynamodb"])
        except (KeyError, ValueError):
            log.exception("invalid record of the stream: it will be redelivered, with all after it")
            return changes, records[number:]
    return changes, ()


def _change(name: str, told: Mapping[str, Any]) -> Mapping[InterestEntry, int]:
    """Return the change of a record, empty unless it is of a connection or a subscriber."""
    kind, _, of = told["Keys"]["pk"]["S"].partition("#")
    id = told["Keys"]["sk"]["S"]
    match kind:
        case "CONNECTIONS":
            entry = InterestEntry(CONNECTION, id)
        case "LISTENERS":
            entry = InterestEntry(table_rows.kind_of(of), id, table_rows.topic_of(of))
        case _:
            return {}
    return {entry: GONE if name == "REMOVE" else int(told["NewImage"]["expires"]["N"])}
