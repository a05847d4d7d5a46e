"""One DynamoDB table with the keys `pk` and `sk`: reads are consistent, writes may be conditional.

An item is a flat mapping of texts, whole numbers, truth values, lists and sets of texts; None is left out. In
expressions `#name` is an attribute and `:name` a value, given by the keyword `name`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError, pause

Value: TypeAlias = "str | int | bool | Sequence[str] | frozenset[str] | None"
Item: TypeAlias = Mapping[str, Value]
Read: TypeAlias = dict[str, Any]
"""An item as read."""

MOST_AT_ONCE = 25  # items of one batch
_NAME = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Key:
    """Primary key of an item."""

    pk: str
    sk: str

    def plain(self) -> dict[str, str]:
        """Return it as attributes."""
        return {"pk": self.pk, "sk": self.sk}


class NotWrittenError(Exception):
    """A condition did not hold: nothing was written. `failed` holds for each part of a transaction if it failed."""

    def __init__(self, failed: Sequence[bool]) -> None:
        super().__init__("a condition did not hold")
        self.failed = failed


class ConflictError(Exception):
    """Another transaction used the same items; the same one may succeed in a moment."""


class Table:
    """The table `name`."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._name = name
        self._signer = aws.signer("dynamodb")
        self._origin = aws.origin("dynamodb")

    async def get(self, key: Key) -> Read | None:
        """Return an item, as it is now."""
        answer = await self._call("GetItem", Key=_packed(key.plain()), ConsistentRead=True)
        return _unpacked(answer["Item"]) if "Item" in answer else None

    async def put(self, key: Key, item: Item) -> None:
        """Write an item, replacing any other."""
        await self._call("PutItem", Item=_packed({**item, **key.plain()}))

    async def update(self, key: Key, expression: str, condition: str = "", **values: Value) -> bool:
        """Change an item; return whether the condition held."""
        write = _expressions(values, UpdateExpression=expression, ConditionExpression=condition)
        return await self._conditional("UpdateItem", Key=_packed(key.plain()), **write) is not None

    async def delete(self, key: Key, condition: str = "", **values: Value) -> Read | None:
        """Delete an item and return it; None if there was none, or the condition did not hold."""
        write = _expressions(values, ConditionExpression=condition)
        answer = await self._conditional("DeleteItem", Key=_packed(key.plain()), ReturnValues="ALL_OLD", **write)
        return _unpacked(answer["Attributes"]) if answer and "Attributes" in answer else None

    async def query(self, pk: str, condition: str = "", **values: Value) -> AsyncIterator[Read]:
        """Yield all items of a partition in the order of `sk`, or those whose `#sk` fulfils the condition."""
        both = f"#pk = :pk AND {condition}" if condition else "#pk = :pk"
        given = _expressions({**values, "pk": pk}, KeyConditionExpression=both)
        page: dict[str, Any] = {}
        while True:
            answer = await self._call("Query", ConsistentRead=True, **given, **page)
            for item in answer["Items"]:
                yield _unpacked(item)
            if "LastEvaluatedKey" not in answer:
                return
            page = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    async def remove(self, keys: Sequence[Key]) -> None:
        """Delete items; missing ones are no error."""
        left = [{"DeleteRequest": {"Key": _packed(key.plain())}} for key in keys]
        while left:
            now, later = left[:MOST_AT_ONCE], left[MOST_AT_ONCE:]
            answer = await self._call_bare("BatchWriteItem", RequestItems={self._name: now})
            undone = answer.get("UnprocessedItems", {}).get(self._name, [])
            if undone:
                await asyncio.sleep(pause(2))
            left = [*undone, *later]

    async def transact(self, parts: Sequence["Part"], token: str) -> None:
        """Write all or nothing. A second time with the same `token` writes nothing more and succeeds.

        Raises NotWrittenError, ConflictError.
        """
        items = [part.packed(self._name) for part in parts]
        try:
            await self._call_bare("TransactWriteItems", TransactItems=items, ClientRequestToken=token)
        except AwsError as error:
            if error.code != "TransactionCanceledException":
                raise
            reasons = [reason.get("Code") for reason in error.answer.get("CancellationReasons", ())]
            failed = [reason == "ConditionalCheckFailed" for reason in reasons]
            raise (NotWrittenError(failed) if any(failed) else ConflictError()) from None

    async def _conditional(self, operation: str, **given: Any) -> Any:
        """Return the answer; None if the condition did not hold."""
        try:
            return await self._call(operation, **given)
        except AwsError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return None

    async def _call(self, operation: str, **given: Any) -> Any:
        return await self._call_bare(operation, TableName=self._name, **given)

    async def _call_bare(self, operation: str, **given: Any) -> Any:
        return await self._aws.call(self._signer, self._origin, f"DynamoDB_20120810.{operation}", "1.0", given)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a transaction: puts `item`, or else changes the existing one."""

    key: Key
    values: Mapping[str, Value]
    item: Item | None = None
    expression: str = ""
    condition: str = ""

    def packed(self, table: str) -> dict[str, Any]:
        """Return it in the request's form."""
        if self.item is not None:
            given = _expressions(self.values, ConditionExpression=self.condition)
            return {"Put": {"TableName": table, "Item": _packed({**self.item, **self.key.plain()}), **given}}
        given = _expressions(self.values, UpdateExpression=self.expression, ConditionExpression=self.condition)
        return {"Update": {"TableName": table, "Key": _packed(self.key.plain()), **given}}


def _expressions(values: Mapping[str, Value], **expressions: str) -> dict[str, Any]:
    given: dict[str, Any] = {name: text for name, text in expressions.items() if text}
    names = {f"#{name}": name for text in given.values() for name in _NAME.findall(text)}
    if names:
        given["ExpressionAttributeNames"] = names
    if values:
        given["ExpressionAttributeValues"] = {f":{name}": _pack(value) for name, value in values.items()}
    return given


def _packed(item: Item) -> dict[str, Any]:
    return {name: _pack(value) for name, value in item.items() if value is not None}


def _pack(value: Value) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case None:
            return {"NULL": True}
        case frozenset():
            return {"SS": sorted(value)}
        case _:
            return {"L": [{"S": text} for text in value]}


def _unpacked(item: Mapping[str, Any]) -> Read:
    return {name: _unpack(value) for name, value in item.items()}


def _unpack(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "NULL":
            return None
        case "L":
            return [text["S"] for text in content]
        case "SS":
            return frozenset(content)
    return content
