"""Lambda as a queue's consumer: receives, calls a function with SQS's event, and deletes all but the failed ones."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError

log = logging.getLogger("milequest.live")

Function = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


async def consume(aws: Aws, url: str, function: Function) -> None:
    """Consume until cancelled."""
    while True:
        try:
            given: dict[str, Any] = {"WaitTimeSeconds": 2, "MaxNumberOfMessages": 10}
            given |= {"AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
            answer = await call(aws, "ReceiveMessage", QueueUrl=url, **given)
            messages = answer.get("Messages", [])
            if messages:
                await _invoke(aws, url, function, messages)
        except (AwsError, OSError, TimeoutError) as error:
            log.warning("a queue cannot be read: %r", error)
            await asyncio.sleep(0.2)


async def _invoke(aws: Aws, url: str, function: Function, messages: list[dict[str, Any]]) -> None:
    records = [
        {
            "messageId": one["MessageId"],
            "body": one["Body"],
            "attributes": one.get("Attributes", {}),
            "messageAttributes": {
                name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
                for name, value in one.get("MessageAttributes", {}).items()
            },
            "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{url.rpartition('/')[2]}",
        }
        for one in messages
    ]
    try:
        answer = await function({"Records": records})
    except Exception:
        log.exception("a function failed")
        return
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    for message in messages:
        if message["MessageId"] not in failed:
            await call(aws, "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        else:  # at once, where AWS waits for the visibility timeout
            given = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            await call(aws, "ChangeMessageVisibility", QueueUrl=url, **given)


async def call(aws: Aws, operation: str, **given: Any) -> Any:
    """Call an operation of SQS."""
    return await aws.call(aws.signer("sqs"), aws.origin("sqs"), f"AmazonSQS.{operation}", "1.0", given)


async def make_queue(aws: Aws, name: str) -> str:
    """Create a queue; FIFO if its name says so."""
    attributes = {"VisibilityTimeout": "20"}
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    answer = await call(aws, "CreateQueue", QueueName=name, Attributes=attributes)
    return str(answer["QueueUrl"])


async def make_table(aws: Aws, name: str) -> None:
    """Create the table of connections, as the infrastructure does."""
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    given = {
        "TableName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        "BillingMode": "PAY_PER_REQUEST",
    }
    await aws.call(aws.signer("dynamodb"), aws.origin("dynamodb"), "DynamoDB_20120810.CreateTable", "1.0", given)
