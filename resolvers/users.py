"""Users: the viewer's own account, and other users' public cards."""

from collections.abc import Mapping
from dataclasses import dataclass

from milequest.actions.profiles import ProfileUpdated
from milequest.actions.profiles import update_profile as change
from milequest.rules.errors import unauthenticated
from milequest.rules.profiles import profile_changes
from milequest.store.sql import users
from milequest.store.sql.users import Profile, User
from resolvers.arguments import UpdatePrivacySettingsArgs, UpdateProfileArgs, UserArgs
from resolvers.context import AnyContext, Context, NoArgs
from resolvers.writing import write


@dataclass(frozen=True, slots=True)
class ViewerPayload:
    """Changed account."""

    viewer: Profile


async def viewer(ctx: "Context[NoArgs, None]") -> Profile | None:
    """Return the signed-in user's profile; None if the caller is not signed in."""
    user_id = ctx.identity.user_id
    return None if user_id is None else await users.profile(ctx.request.db, user_id)


async def user(ctx: "Context[UserArgs, None]") -> User | None:
    """Return a user who shares a team with the viewer."""
    user_id = ctx.args["id"]
    return (await users.visible_cards(ctx.request.db, ctx.request.viewer, [user_id])).get(user_id)


async def update_profile(ctx: "Context[UpdateProfileArgs, None]") -> ViewerPayload:
    """Change the fields of the profile that the input gives."""
    given = ctx.args["input"]
    return await _changed(ctx, given, given.get("expected_version"))


async def update_privacy_settings(ctx: "Context[UpdatePrivacySettingsArgs, None]") -> ViewerPayload:
    """Change the privacy settings that the input gives."""
    return await _changed(ctx, ctx.args["input"])


async def _changed(ctx: AnyContext, given: Mapping[str, object], expected_version: int | None = None) -> ViewerPayload:
    user_id, now, changes = ctx.user_id, ctx.request.now, profile_changes(given)
    await write(ctx, ProfileUpdated, lambda tx: change(tx, user_id, now, changes, expected_version))
    profile = await users.profile(ctx.request.db, user_id)
    if profile is None:
        raise unauthenticated()
    return ViewerPayload(profile)
