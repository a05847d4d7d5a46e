"""The addresses of pictures, of users and of teams alike."""

from milequest.rules.avatars import PATH
from milequest.store.transaction import Tx

_READDRESS = """
UPDATE {table} SET avatar_url = $1 || substring(avatar_url FROM $2)
WHERE avatar_url ~ $2 AND avatar_url <> $1 || substring(avatar_url FROM $2)
"""


async def readdress(tx: Tx, origin: str) -> int:
    """Have all pictures of ours at `origin`; how many were elsewhere. They are the same, so no version rises."""
    tags = [await tx.execute(_READDRESS.format(table=table), origin, PATH) for table in ("app_user", "team")]
    return sum(int(tag.rpartition(" ")[2]) for tag in tags)
