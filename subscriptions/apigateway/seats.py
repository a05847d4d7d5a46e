"""How many connections each user and each network has, over all functions: a row that counts for each of them.

A connection that ends unnoticed keeps its seat until its rows are found to be of nobody, or the row has gone.
"""

from datetime import datetime

from milequest.store.aws.dynamodb import Key, Table
from subscriptions.apigateway.rows import expiry


class Seats:
    """The counts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def take(self, who: str, most: int, now: datetime) -> bool:
        """Take a seat; whether there was one."""
        return await self._table.update(
            _key(who),
            "SET #expires = :expires ADD #taken :one",
            "attribute_not_exists(#taken) OR #taken < :most",
            expires=expiry(now),
            one=1,
            most=most,
        )

    async def leave(self, who: str) -> None:
        """Give a seat back."""
        await self._table.update(_key(who), "ADD #taken :less", "#taken > :none", less=-1, none=0)


def _key(who: str) -> Key:
    return Key(f"SEATS#{who}", "SEATS")
