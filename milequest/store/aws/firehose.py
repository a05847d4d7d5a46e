"""A stream of Firehose, which stores the rows it is given."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from milequest.store.aws.client import Aws


class DeliveryStream:
    """The stream `name`."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._name = name

    async def put(self, row: Mapping[str, Any]) -> None:
        """Send a row of the table behind it. Raises AwsError or Away."""
        record = {"Data": base64.b64encode(orjson.dumps(row) + b"\n").decode()}
        given = {"DeliveryStreamName": self._name, "Record": record}
        signer, origin = self._aws.signer("firehose"), self._aws.origin("firehose")
        await self._aws.call(signer, origin, "Firehose_20150804.PutRecord", "1.1", given)
