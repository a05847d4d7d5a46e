"""The addresses of pictures, of users and of teams alike."""

from uuid import UUID

from milequest.rules.avatars import PATH
from milequest.store.sql.transaction import Tx

_READDRESS = """
UPDATE {table} SET avatar_url = $1 || substring(avatar_url FROM $2)
WHERE avatar_url ~ $2 AND avatar_url <> $1 || substring(avatar_url FROM $2)
"""
_SHOWN = "SELECT avatar_url FROM {table} WHERE id = $1 FOR SHARE"


async def shown(tx: Tx, user_id: UUID, team_id: UUID | None) -> str | None:
    """Return the address of the picture of a user, or of a team if given. It is fixed until the transaction ends."""
    table, owner = ("app_user", user_id) if team_id is None else ("team", team_id)
    url: str | None = await tx.fetchval(_SHOWN.format(table=table), owner)
    return url


async def readdress(tx: Tx, origin: str) -> int:
    """Rewrite the URLs of all our pictures to `origin`; return how many changed.

    No version rises, as the pictures are the same.
    """
    tags = [await tx.execute(_READDRESS.format(table=table), origin, PATH) for table in ("app_user", "team")]
    return sum(int(tag.rpartition(" ")[2]) for tag in tags)
