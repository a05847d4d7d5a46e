"""Pictures of users and teams: forms for uploads, and deletion. Uploaded files are processed by jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from milequest.actions.avatars import AvatarChanged
from milequest.actions.avatars import delete_avatar as delete
from milequest.rules.access import refuse_unless_admin
from milequest.rules.avatars import FormField, Upload, content_type
from milequest.rules.errors import require, unauthenticated
from milequest.rules.pictures import MAX_BYTES
from milequest.rules.rate_limits import AVATARS
from milequest.store.pictures import forgotten
from milequest.store.sql import refusals, teams, users
from milequest.store.sql.refusals import AvatarRefusal
from milequest.store.sql.teams import Team
from milequest.store.sql.users import Profile
from resolvers.arguments import CreateAvatarUploadArgs, DeleteAvatarArgs
from resolvers.context import Context, NoArgs
from resolvers.limiting import per_user
from resolvers.pipeline import pipeline
from resolvers.writing import write


@dataclass(frozen=True, slots=True)
class CreateAvatarUploadPayload:
    """Upload form, the upload's id, and the largest size of the file in bytes."""

    upload: str
    url: str
    fields: Sequence[FormField]
    max_bytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeleteAvatarPayload:
    """User or team without the deleted picture."""

    viewer: Profile | None
    team: Team | None


async def _create_upload(ctx: "Context[CreateAvatarUploadArgs, None]") -> CreateAvatarUploadPayload:
    user_id, request, given = ctx.user_id, ctx.request, ctx.args["input"]
    team_id, kind = given.get("team_id"), content_type("input.contentType", given["content_type"])
    if team_id is not None:
        team = require(await teams.team(request.db, request.viewer, team_id), "team")
        refuse_unless_admin(team.access_level(request.viewer), is_public=team.is_public)
    upload = Upload.new(user_id, team_id, request.now)
    form = await request.runtime.pictures.form(upload, kind, request.now)
    return CreateAvatarUploadPayload(upload.id.hex, form.url, form.fields, MAX_BYTES, form.expires_at)


create_avatar_upload = pipeline(_create_upload, before=per_user(AVATARS))
"""Create a form for one upload. RATE_LIMITED after 30 in an hour."""


async def delete_avatar(ctx: "Context[DeleteAvatarArgs, None]") -> DeleteAvatarPayload:
    """Delete a picture."""
    user_id, request, team_id = ctx.user_id, ctx.request, ctx.args["input"].get("team_id")
    changed = await write(ctx, AvatarChanged, lambda tx: delete(tx, user_id, request.now, team_id))
    await forgotten(request.runtime.pictures, changed.forsaken)
    if team_id is not None:
        return DeleteAvatarPayload(None, require(await teams.team(request.db, request.viewer, team_id), "team"))
    profile = await users.profile(request.db, user_id)
    if profile is None:
        raise unauthenticated()
    return DeleteAvatarPayload(profile, None)


async def refusal(ctx: "Context[NoArgs, Profile]") -> AvatarRefusal | None:
    """Return the refusal of the viewer's last picture; None if it was not refused."""
    return await refusals.last_of(ctx.request.db, ctx.source.id)
