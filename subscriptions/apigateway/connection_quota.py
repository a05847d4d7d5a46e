"""Quotas of connections per user and per network, across all functions: each has a row with its count.

A connection that ends unnoticed stays counted until the sweeper finds its orphaned rows, or its row expires.
"""

from datetime import datetime

from milequest.store.aws.dynamodb import Key, Table
from subscriptions.apigateway.table_rows import expiry


class StoredConnectionQuota:
    """Counts of connections in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def acquire(self, who: str, most: int, now: datetime, holder: str | None = None) -> bool:
        """Count one more; return False at `most`. A `holder` is listed, so that a user's connections can be found."""
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
        """Count one less."""
        change = "ADD #taken :less DELETE #holders :holder"
        await self._table.update(_key(who), change, "#taken > :none", less=-1, none=0, holder=frozenset((holder,)))

    async def holders(self, who: str) -> frozenset[str]:
        """Return the listed holders."""
        row = await self._table.get(_key(who))
        held: frozenset[str] = (row or {}).get("holders", frozenset())
        return held


def _key(who: str) -> Key:
    return Key(f"SEATS#{who}", "SEATS")
