"""How many connections each user and each network has, over all functions: a row that counts for each of them.

A connection that ends unnoticed keeps its seat until its rows are found to be of nobody, or the row has gone.
"""

from datetime import datetime

from milequest.store.aws.dynamodb import Key, Table
from subscriptions.apigateway.rows import expiry


class StoredConnectionQuota:
    """The counts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def acquire(self, who: str, most: int, now: datetime, holder: str | None = None) -> bool:
        """Take a seat; whether there was one. A `holder` is found by it, as a connection is by its user."""
        held = {} if holder is None else {"holder": frozenset((holder,))}
        return await self._table.update(
            _key(who),
            f"SET #expires = :expires ADD #taken :one{', #holders :holder' if held else ''}",
            "attribute_not_exists(#taken) OR #taken < :most",
            expires=expiry(now),
            one=1,
            most=most,
            **held,
        )

    async def release(self, who: str, holder: str) -> None:
        """Give a seat back."""
        change = "ADD #taken :less DELETE #holders :holder"
        await self._table.update(_key(who), change, "#taken > :none", less=-1, none=0, holder=frozenset((holder,)))

    async def holders(self, who: str) -> frozenset[str]:
        """Who holds seats, of those that are to be found."""
        row = await self._table.get(_key(who))
        held: frozenset[str] = (row or {}).get("holders", frozenset())
        return held


def _key(who: str) -> Key:
    return Key(f"SEATS#{who}", "SEATS")
