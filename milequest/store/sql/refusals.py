"""Refusals of uploaded pictures: the last one of each user, readable by that user only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.rules.avatars import Upload
from milequest.store.sql.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class AvatarRefusal:
    """A picture that is not shown, and the reason."""

    upload_id: UUID
    team_id: UUID | None
    reason: str
    refused_at: datetime

    @property
    def upload(self) -> str:
        """The upload's id in the form's answer."""
        return self.upload_id.hex


_OF = "SELECT upload_id, team_id, reason, refused_at FROM avatar_refusal WHERE user_id = $1"
_PUT = """
INSERT INTO avatar_refusal AS known (user_id, upload_id, team_id, reason, refused_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id) DO UPDATE
  SET (upload_id, team_id, reason, refused_at)
    = (excluded.upload_id, excluded.team_id, excluded.reason, excluded.refused_at)
WHERE known.upload_id < excluded.upload_id
"""
_REMOVE = "DELETE FROM avatar_refusal WHERE user_id = $1 AND upload_id < $2"


async def last_of(db: Reader, user_id: UUID) -> AvatarRefusal | None:
    """Return the refusal of a user's last picture; None if it is shown, or was not processed yet."""
    row = await db.fetchrow(_OF, user_id)
    return AvatarRefusal(*row) if row else None


async def put(tx: Tx, upload: Upload, reason: str, now: datetime) -> None:
    """Keep the reason why a picture is not shown, unless that of a later one is kept: ids rise."""
    await tx.execute(_PUT, upload.user_id, upload.id, upload.team_id, reason, now)


async def remove(tx: Tx, upload: Upload) -> None:
    """Delete the refusal of an earlier picture."""
    await tx.execute(_REMOVE, upload.user_id, upload.id)
