"""Users: the viewer's own account, and other users' public cards."""

from dataclasses import dataclass

from milequest.actions.profiles import ProfileUpdated
from milequest.actions.profiles import update_profile as change
from milequest.rules.errors import unauthenticated
from milequest.rules.profiles import profile_changes
from milequest.store.sql import users
from milequest.store.sql.users import Profile, User
from resolvers.context import Context
from resolvers.writing import write

_OF_REQUEST = ("expected_version", "idempotency_key")  # of an input, besides the profile's fields


@dataclass(frozen=True, slots=True)
class ViewerPayload:
    """Changed account."""

    viewer: Profile


async def viewer(ctx: Context) -> Profile | None:
    """Return the signed-in user's profile; None if the caller is not signed in."""
    user_id = ctx.identity.user_id
    return None if user_id is None else await users.profile(ctx.request.db, user_id)


async def user(ctx: Context) -> User | None:
    """Return a user who shares a team with the viewer."""
    user_id = ctx.args["id"]
    return (await users.visible_cards(ctx.request.db, ctx.request.viewer, [user_id])).get(user_id)


async def update_profile(ctx: Context) -> ViewerPayload:
    """Change the fields of the profile or the privacy settings that the input gives."""
    user_id, now, given = ctx.user_id, ctx.request.now, ctx.args["input"]
    changes = profile_changes({name: value for name, value in given.items() if name not in _OF_REQUEST})
    expected = given.get("expected_version")
    await write(ctx, ProfileUpdated, lambda tx: change(tx, user_id, now, changes, expected))
    profile = await users.profile(ctx.request.db, user_id)
    if profile is None:
        raise unauthenticated()
    return ViewerPayload(profile)
