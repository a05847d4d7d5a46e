"""What a group's planner is told: somebody begins, or there may be something new."""

import hashlib
from dataclasses import dataclass
from uuid import uuid4

import orjson

from milequest.store.aws.sqs import Message
from subscriptions.apigateway.rows import Recipient


@dataclass(frozen=True, slots=True)
class Beginning:
    """Somebody begins, from the cursor `after` on. With `again` they began before and could not be sent everything."""

    who: Recipient
    after: str | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class WakeUp:
    """There may be something new, says `channel`."""

    channel: str


def beginning(group: str, who: Recipient, after: str | None, *, again: bool = False) -> Message:
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


def read_news(body: str) -> tuple[str, Beginning | WakeUp]:
    """The group, and what it is told."""
    given = orjson.loads(body)
    if "wake" in given:
        return given["group"], WakeUp(given["wake"])
    return given["group"], Beginning(Recipient.of(given["begin"]), given["after"], given["again"])
