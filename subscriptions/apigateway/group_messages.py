"""What a group's planner is told: somebody begins, or there may be something new."""

import hashlib
from dataclasses import dataclass
from uuid import uuid4

import orjson

from milequest.store.aws.sqs import Message
from subscriptions.apigateway.rows import OperationKey


@dataclass(frozen=True, slots=True)
class SubscribeCommand:
    """Somebody begins, from the cursor `after` on. With `again` they began before and could not be sent everything."""

    who: OperationKey
    after: str | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Wake:
    """There may be something new, says `channel`."""

    channel: str


def subscribe_command(group: str, who: OperationKey, after: str | None, *, again: bool = False) -> Message:
    """The message that somebody begins."""
    body = {"begin": who.row(), "after": after, "again": again}
    return Message(orjson.dumps({"group": group, **body}).decode(), group, uuid4().hex)


def wake_up(group: str, channel: str, place: tuple[int, int] | None = None) -> Message:
    """The message that the log of `channel` reaches up to a place: its epoch and sequence.

    Said twice of one place it comes once, within the five minutes in which SQS knows it again.
    """
    reached = uuid4().hex if place is None else f"{place[0]}.{place[1]}"
    said = f"{group}\0{channel}\0{reached}"
    body = orjson.dumps({"group": group, "wake": channel}).decode()
    return Message(body, group, hashlib.sha256(said.encode()).hexdigest())


def parse_group_message(body: str) -> tuple[str, SubscribeCommand | Wake]:
    """The group, and what it is told."""
    given = orjson.loads(body)
    if "wake" in given:
        return given["group"], Wake(given["wake"])
    return given["group"], SubscribeCommand(OperationKey.of(given["begin"]), given["after"], given["again"])
