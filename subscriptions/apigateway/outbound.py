"""Outbound messages, from the fan-out to the sender: each result once, with all operations it is for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from uuid import uuid4

import orjson

from milequest.rules.grouping import group_by
from milequest.rules.live import read_cursor
from milequest.store.aws.sqs import Message
from schema.error_payloads import Errors
from subscriptions.apigateway.table_rows import OperationKey, bucket
from subscriptions.protocols.protocol_steps import Result

MAX_CLIENT_MESSAGE_BYTES = 128 * 1024  # largest message to a client
AROUND = 1024  # largest envelope of a protocol around a result
MOST_RECIPIENTS = 500  # recipients of one outbound message
BODY_BYTES = 200 * 1024  # largest body of a queue's message, unless one outbound message alone is larger
FROM_START = ""  # the cursor of results without a place in a log: resume with a snapshot

TOO_LARGE: Errors = [
    {
        "message": "A result is larger than the 128 KB that this connection takes: ask for less.",
        "extensions": {"code": "QUERY_TOO_COMPLEX"},
    }
]


class Kind(StrEnum):
    """Kind of an outbound message."""

    NEXT = "NEXT"  # a result
    ERRORS = "ERRORS"  # the subscription is over
    AGAIN = "AGAIN"  # the results it missed follow: resume sending to it


@dataclass(slots=True)
class OutboundMessage:
    """One result or error, and its operations.

    An operation that it cannot be sent to resumes later from the cursor `after`.

    `since` is when its event happened, in milliseconds; 0 if there was none or it was delayed on purpose.
    """

    kind: Kind
    text: str
    after: str
    since: int = 0
    to: list[OperationKey] = field(default_factory=list)


class OutboundMessages:
    """Outbound messages of a group, in order."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._messages: list[OutboundMessage] = []
        self.since = 0  # instant of the event that is being rendered, in milliseconds

    def add(self, who: OperationKey, kind: Kind, text: str = "", after: str = FROM_START) -> None:
        """Add a message for an operation; equal ones in a row are merged into one with several recipients."""
        last = self._messages[-1] if self._messages else None
        if last is None or last.text is not text or last.kind is not kind or last.after != after:
            last = OutboundMessage(kind, text, after, self.since)
            self._messages.append(last)
        last.to.append(who)

    def take_all(self) -> list[Message]:
        """Remove all and return them as messages of the queue.

        Those of one connection are in one message group, in order.
        """
        by_bucket: defaultdict[int, list[OutboundMessage]] = defaultdict(list)
        said, self._messages = self._messages, []
        for post in said:
            for number, to in group_by(post.to, lambda who: bucket(who.connection)).items():
                for start in range(0, len(to), MOST_RECIPIENTS):
                    by_bucket[number].append(replace(post, to=to[start : start + MOST_RECIPIENTS]))
        return [
            Message(body, f"bucket{number}", uuid4().hex)
            for number, posts in by_bucket.items()
            for body in self._bodies(posts)
        ]

    def _bodies(self, posts: Sequence[OutboundMessage]) -> Iterator[str]:
        lines, size = [self._group], 0
        for post in posts:
            to = [[who.connection, who.id, who.serial, who.protocol] for who in post.to]
            head = orjson.dumps([post.kind, post.after, post.since, to]).decode()
            bytes_ = len(head.encode()) + len(post.text.encode())
            if size and size + bytes_ > BODY_BYTES:
                yield "\n".join(lines)
                lines, size = [self._group], 0
            lines += [head, post.text]
            size += bytes_
        yield "\n".join(lines)


def parse_outbound(body: str) -> tuple[str, list[OutboundMessage]]:
    """Parse a message of the queue into its group and outbound messages. JSON as we encode it has no line breaks."""
    group, *lines = body.split("\n")
    posts = []
    for head, text in zip(lines[::2], lines[1::2], strict=True):
        kind, after, since, to = orjson.loads(head)
        posts.append(OutboundMessage(Kind(kind), text, after, since, [OperationKey(*who) for who in to]))
    return group, posts


class GroupSink:
    """Sink that collects a subscriber's results as outbound messages."""

    def __init__(self, posts: OutboundMessages, who: OperationKey) -> None:
        self.who = who
        self.is_over = False
        self.begins = False  # its results have no place in the log before them
        self._messages = posts

    def deliver(self, results: Sequence[Result], *, newest: bool = False) -> None:
        """Add results, up to one that is too large."""
        for payload, cursor in results:
            if (
                len(payload) * 4 > MAX_CLIENT_MESSAGE_BYTES
                and len(payload.encode()) > MAX_CLIENT_MESSAGE_BYTES - AROUND
            ):
                self.fail(TOO_LARGE)
            elif not self.is_over:
                self._messages.add(self.who, Kind.NEXT, payload, FROM_START if self.begins else _before(cursor))

    def fail(self, errors: Errors) -> None:
        """Add the error that ends the subscription, once."""
        if not self.is_over:
            self.is_over = True
            self._messages.add(self.who, Kind.ERRORS, orjson.dumps(errors).decode())

    @property
    def is_lagging(self) -> bool:
        """Always False: queues are unbounded."""
        return False

    async def drained(self) -> None:
        """Return at once."""


@lru_cache(maxsize=256)
def _before(cursor: str | None) -> str:
    """Return the cursor just before `cursor`."""
    place = read_cursor(cursor) if cursor else None
    return FROM_START if place is None else str(type(place)(place.epoch, place.channel, place.sequence - 1))
