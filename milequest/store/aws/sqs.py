"""Sending to queues of SQS. Lambda receives from them, and calls a function with the messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from milequest.store.aws.batches import batches
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError
from milequest.telemetry import spans

TRACEPARENT = "traceparent"  # a message's attribute
MOST_AT_ONCE = 10  # messages of one batch
MOST_BYTES = 200 * 1024  # of one batch; SQS takes 256 KB with everything around it


@dataclass(frozen=True, slots=True)
class Message:
    """A message. In a FIFO queue those of one `group` are delivered in order, and one `id` once in five minutes.

    In a standard queue neither holds, and delivery may be delayed by `after` seconds.
    """

    body: str
    group: str = ""
    id: str = ""
    after: int = 0


class Queue:
    """The queue at `url`."""

    def __init__(self, aws: Aws, url: str) -> None:
        self._aws = aws
        self._url = url
        self._signer = aws.signer("sqs")
        self._origin = aws.origin("sqs")

    async def send(self, messages: Sequence[Message]) -> None:
        """Send messages in their order. Raises AwsError or Away; some may have been sent then."""
        traceparent = spans.traceparent()
        for batch in batches(messages, MOST_AT_ONCE, MOST_BYTES, lambda message: len(message.body.encode())):
            entries = [_entry(str(number), message, traceparent) for number, message in enumerate(batch)]
            given = {"QueueUrl": self._url, "Entries": entries}
            answer = await self._aws.call(self._signer, self._origin, "AmazonSQS.SendMessageBatch", "1.0", given)
            if answer.get("Failed"):
                raise AwsError(503, answer["Failed"][0].get("Code", ""), answer)


def _entry(id: str, message: Message, traceparent: str | None) -> dict[str, Any]:
    """Return a message as SQS takes it; where this is traced, with the span that it is sent in."""
    entry: dict[str, Any] = {"Id": id, "MessageBody": message.body}
    if traceparent is not None:
        entry["MessageAttributes"] = {TRACEPARENT: {"DataType": "String", "StringValue": traceparent}}
    if message.group:
        entry |= {"MessageGroupId": message.group, "MessageDeduplicationId": message.id}
    elif message.after:
        entry["DelaySeconds"] = message.after
    return entry
