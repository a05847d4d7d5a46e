"""Changes of users to their own profiles. Locks: the user, the boards they are on, then the goals that name them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from milequest.rules.enums import EventKind
from milequest.rules.errors import refuse_stale, unauthenticated
from milequest.rules.events import team_event
from milequest.store.sql import contributions, goal_transitions, members, users
from milequest.store.sql.transaction import Tx
from milequest.store.sql.users import Profile, User


@dataclass(frozen=True, slots=True)
class ProfileUpdated:
    """The user whose profile is as requested."""

    user_id: UUID


async def update_profile(
    tx: Tx, user_id: UUID, now: datetime, changes: Mapping[str, Any], expected_version: int | None = None
) -> ProfileUpdated:
    """Change the fields in `changes` (see `rules.profiles.profile_changes`), privacy settings too.

    Another zone sets the days of future walks, never of those that were logged. Raises STALE_VERSION.
    """
    profile = await users.lock_profile(tx, user_id)
    if profile is None:
        raise unauthenticated()
    refuse_stale(expected_version, profile.version, "profile")
    changed = replace(profile, **changes)
    if changed != profile:
        await users.update(tx, changed, now)
        await _record_events(tx, profile, changed, now)
    return ProfileUpdated(user_id)


async def _record_events(tx: Tx, before: Profile, after: Profile, now: datetime) -> None:
    """Bump the versions of all memberships, boards and goals that show the user, and record their events."""
    if _visible_to_others(before) == _visible_to_others(after):
        return
    team_ids = await members.teams_ever(tx, after.id)
    await contributions.bump_board_versions(tx, team_ids)
    if before.share_stats_with_team != after.share_stats_with_team:
        for goal_id, team_id in (await goal_transitions.bump_progress_version(tx, after.id, team_ids)).items():
            tx.record(team_event(team_id, EventKind.PROGRESS_MOVED, goal_id, now))
    for team_id, member_id in (await members.open_of_user(tx, after.id)).items():
        tx.record(team_event(team_id, EventKind.MEMBER_CHANGED, member_id, now))


def _visible_to_others(profile: Profile) -> tuple[User, bool, bool]:
    return profile.user, profile.show_on_leaderboards, profile.share_stats_with_team
