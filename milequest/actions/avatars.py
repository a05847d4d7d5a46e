"""Showing an uploaded and accepted picture of a user or a team, and removing it. Locks as profiles and teams."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions.profiles import update_profile
from milequest.actions.teams import lock_for_admin, update_team
from milequest.rules.avatars import Upload, name_in
from milequest.rules.errors import unauthenticated
from milequest.store.sql import avatars, refusals, users
from milequest.store.sql.transaction import Tx


@dataclass(frozen=True, slots=True)
class AvatarChanged:
    """Owner of a changed picture, the user without a team; and the name of the picture no longer shown."""

    user_id: UUID
    team_id: UUID | None
    forsaken: str | None


async def show_avatar(tx: Tx, upload: Upload, now: datetime, url: str) -> AvatarChanged:
    """Show the picture at `url`, unless a later one is shown already; a second time changes nothing.

    Raises UNAUTHENTICATED for a suspended or deleted user, NOT_FOUND and FORBIDDEN for one who is no admin of the team.
    """
    before, name = await _shown_name(tx, upload.user_id, upload.team_id), name_in(url)
    if before == name:
        return AvatarChanged(upload.user_id, upload.team_id, None)
    if before is not None and name is not None and before > name:  # names rise with their uploads
        return AvatarChanged(upload.user_id, upload.team_id, name)
    await _change(tx, upload.user_id, upload.team_id, now, url)
    await refusals.remove(tx, upload)
    return AvatarChanged(upload.user_id, upload.team_id, before)


async def refuse_avatar(tx: Tx, upload: Upload, now: datetime, reason: str) -> None:
    """Store for the sender why a picture was refused, unless a later one is shown already."""
    shown = name_in(await avatars.shown(tx, upload.user_id, upload.team_id))
    if shown is None or shown < upload.id.hex:
        await refusals.put(tx, upload, reason, now)


async def delete_avatar(tx: Tx, user_id: UUID, now: datetime, team_id: UUID | None) -> AvatarChanged:
    """Remove the picture; where none is shown nothing changes. Raises as `show_avatar`."""
    before = await _shown_name(tx, user_id, team_id)
    await _change(tx, user_id, team_id, now, None)
    return AvatarChanged(user_id, team_id, before)


async def _shown_name(tx: Tx, user_id: UUID, team_id: UUID | None) -> str | None:
    """Return the name of the picture that is shown now. Its owner is locked."""
    if team_id is not None:
        return name_in((await lock_for_admin(tx, user_id, team_id)).avatar_url)
    profile = await users.lock_profile(tx, user_id)
    if profile is None:
        raise unauthenticated()
    return name_in(profile.avatar_url)


async def _change(tx: Tx, user_id: UUID, team_id: UUID | None, now: datetime, url: str | None) -> None:
    changes = {"avatar_url": url}
    if team_id is not None:
        await update_team(tx, user_id, now, team_id, changes)
    else:
        await update_profile(tx, user_id, now, changes)
