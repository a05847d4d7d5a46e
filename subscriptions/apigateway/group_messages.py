"""Messages to a group: start a subscriber, or check for new events."""

import hashlib
from dataclasses import dataclass
from uuid import uuid4

import orjson

from milequest.store.aws.sqs import Message
from subscriptions.apigateway.table_rows import OperationKey


@dataclass(frozen=True, slots=True)
class SubscribeCommand:
    """Start a subscriber from the cursor `after` on. With `again` it restarts, as it could not be sent everything."""

    who: OperationKey
    after: str | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Wake:
    """Check for new events: `channel` may have some. With `is_delayed` it has waited already."""

    channel: str
    is_delayed: bool = False


def subscribe_command(group: str, who: OperationKey, after: str | None, *, again: bool = False) -> Message:
    """Return the message that starts a subscriber."""
    body = {"begin": who.row(), "after": after, "again": again}
    return Message(orjson.dumps({"group": group, **body}).decode(), group, uuid4().hex)


def wake_up(group: str, channel: str, place: tuple[int, int] | None = None) -> Message:
    """Return the message that the log of `channel` reaches up to `place`, its epoch and sequence.

    Sent twice for one place it is delivered once, within SQS's deduplication interval of five minutes.
    """
    reached = uuid4().hex if place is None else f"{place[0]}.{place[1]}"
    said = f"{group}\0{channel}\0{reached}"
    body = orjson.dumps({"group": group, "wake": channel}).decode()
    return Message(body, group, hashlib.sha256(said.encode()).hexdigest())


def delayed_wake_up(group: str, channel: str) -> Message:
    """Return the message of a wake-up that is delayed once and not again, as the clocks of functions differ."""
    return Message(orjson.dumps({"group": group, "wake": channel, "delayed": True}).decode(), group, uuid4().hex)


def parse_group_message(body: str) -> tuple[str, SubscribeCommand | Wake]:
    """Parse a message into its group and content."""
    given = orjson.loads(body)
    if "wake" in given:
        return given["group"], Wake(given["wake"], given.get("delayed", False))
    return given["group"], SubscribeCommand(OperationKey.of(given["begin"]), given["after"], given["again"])
