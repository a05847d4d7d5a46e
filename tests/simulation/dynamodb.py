"""A DynamoDB table in memory: one instant for each operation, and the errors that the product knows."""

import random
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tests.simulation.expressions import Expression

Given: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[str, str]
PAGE = 5  # items of an answer to a query: DynamoDB's pages end anywhere
FAILED = "ConditionalCheckFailed"


class RefusedError(Exception):
    """The table refuses: `body` is its answer."""

    def __init__(self, kind: str, **more: Any) -> None:
        super().__init__(kind)
        self.body = {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", **more}


class SimulatedTable:
    """The table. Its `stream` gets every change."""

    def __init__(self, rng: random.Random) -> None:
        self.items: dict[Key, dict[str, Any]] = {}
        self.conflicts = 0.0  # probability of a transaction's conflict
        self.stream: Callable[[Key, dict[str, Any] | None], None] = lambda key, item: None
        self._rng = rng
        self._operations: Mapping[str, Callable[[Given], Given]] = {
            "GetItem": self._get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "Query": self._query,
            "BatchWriteItem": self._batch_write_item,
            "TransactWriteItems": self._transact_write_items,
        }
        self._done: set[str] = set()  # tokens of transactions

    def answer(self, operation: str, given: Given) -> Given:
        """Run an operation. Raises RefusedError."""
        return self._operations[operation](given)

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the rows of some kinds."""
        return [item for (pk, _), item in self.items.items() if pk.split("#")[0] in kinds]

    def _get_item(self, given: Given) -> Given:
        item = self.items.get(_key(given["Key"]))
        return {} if item is None else {"Item": item}

    def _put_item(self, given: Given) -> Given:
        self._write(_key(given["Item"]), given["Item"])
        return {}

    def _update_item(self, given: Given) -> Given:
        self._write(_key(given["Key"]), self._updated(given))
        return {}

    def _delete_item(self, given: Given) -> Given:
        key = _key(given["Key"])
        self._check(key, given)
        item = self.items.get(key)
        self._write(key, None)
        return {} if item is None else {"Attributes": item}

    def _query(self, given: Given) -> Given:
        names, values = given["ExpressionAttributeNames"], given["ExpressionAttributeValues"]
        condition, start = given["KeyConditionExpression"], given.get("ExclusiveStartKey")
        found = [
            item
            for key, item in sorted(self.items.items())
            if key[0] == values[":pk"]["S"] and Expression(names, values, item).holds(condition)
        ]
        left = [item for item in found if start is None or _key(item) > _key(start)]
        page = {"LastEvaluatedKey": {"pk": left[PAGE - 1]["pk"], "sk": left[PAGE - 1]["sk"]}} if left[PAGE:] else {}
        return {"Items": left[:PAGE], **page}

    def _batch_write_item(self, given: Given) -> Given:
        ((name, requests),) = given["RequestItems"].items()
        undone = [requests[-1]] if len(requests) > 1 and self._rng.random() < self.conflicts else []
        for request in requests[: len(requests) - len(undone)]:
            self._write(_key(request["DeleteRequest"]["Key"]), None)
        return {"UnprocessedItems": {name: undone}} if undone else {}

    def _transact_write_items(self, given: Given) -> Given:
        if given["ClientRequestToken"] in self._done:
            return {}
        parts = [next(iter(part.items())) for part in given["TransactItems"]]
        if self._rng.random() < self.conflicts:
            self._cancel(["TransactionConflict"] * len(parts))
        written: dict[Key, dict[str, Any]] = {}
        reasons = []
        for kind, part in parts:
            key = _key(part["Item" if kind == "Put" else "Key"])
            try:
                self._check(key, part)
                written[key] = part["Item"] if kind == "Put" else self._updated(part)
                reasons.append("None")
            except RefusedError:
                reasons.append(FAILED)
        if FAILED in reasons:
            self._cancel(reasons)
        for key, after in written.items():
            self._write(key, after)
        self._done.add(given["ClientRequestToken"])
        return {}

    def _cancel(self, reasons: list[str]) -> None:
        raise RefusedError("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])

    def _check(self, key: Key, given: Given) -> None:
        expression = _expression(given, self.items.get(key, {}))
        if not expression.holds(given.get("ConditionExpression", "")):
            raise RefusedError(f"{FAILED}Exception")

    def _updated(self, given: Given) -> dict[str, Any]:
        """Return an item as it is after an update."""
        key = _key(given["Key"])
        self._check(key, given)
        expression = _expression(given, dict(self.items.get(key) or given["Key"]))
        expression.update(given["UpdateExpression"])
        return expression.item

    def _write(self, key: Key, item: dict[str, Any] | None) -> None:
        if item is None:
            if self.items.pop(key, None) is not None:
                self.stream(key, None)
            return
        self.items[key] = dict(item)
        self.stream(key, item)


def _expression(given: Given, item: dict[str, Any]) -> Expression:
    return Expression(given.get("ExpressionAttributeNames", {}), given.get("ExpressionAttributeValues", {}), item)


def _key(item: Given) -> Key:
    return item["pk"]["S"], item["sk"]["S"]
