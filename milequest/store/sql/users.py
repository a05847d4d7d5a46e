"""Users as seen by others, and by themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.enums import ActivityPrivacy, Units
from milequest.store.sql.columns import Columns
from milequest.store.sql.scopes import CARD_VISIBLE, GIVEN
from milequest.store.sql.transaction import Reader, Tx


@dataclass(frozen=True, slots=True)
class User:
    """The public card: nothing else of a user is ever shown to others."""

    id: UUID
    name: str
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """The user's settings of what others see."""

    default_activity_privacy: ActivityPrivacy
    show_on_leaderboards: bool
    share_stats_with_team: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """All data of one user, for themselves and for actions."""

    id: UUID
    email: str
    name: str
    avatar_url: str | None
    preferred_units: Units
    timezone: str
    locale: str | None
    stride_mm: int | None
    default_activity_privacy: ActivityPrivacy
    show_on_leaderboards: bool
    share_stats_with_team: bool
    version: int
    created_at: datetime

    @property
    def user(self) -> User:
        """The public card."""
        return User(self.id, self.name, self.avatar_url)

    @property
    def stride_meters(self) -> float | None:
        """The stride in metres."""
        return None if self.stride_mm is None else self.stride_mm / 1000

    @property
    def privacy_settings(self) -> PrivacySettings:
        """The settings that clients see as one object."""
        return PrivacySettings(self.default_activity_privacy, self.show_on_leaderboards, self.share_stats_with_team)


CARD = Columns(User, id="u.id", name="u.name", avatar_url="u.avatar_url")
NAMED_CARD = Columns(  # beside columns of the same names; of a user who may be hidden, or nobody
    User, optional=True, id="u.id AS user_id", name="u.name AS user_name", avatar_url="u.avatar_url"
)
_ALL = Columns(
    Profile,
    id="id",
    email="email",
    name="name",
    avatar_url="avatar_url",
    preferred_units="preferred_units",
    timezone="timezone",
    locale="locale",
    stride_mm="stride_mm",
    default_activity_privacy="default_activity_privacy",
    show_on_leaderboards="show_on_leaderboards",
    share_stats_with_team="share_stats_with_team",
    version="version",
    created_at="created_at",
)

_PROFILE = f"""
SELECT {_ALL} FROM app_user WHERE id = $1 AND deleted_at IS NULL AND suspended_at IS NULL
"""
_CARDS = f"SELECT {CARD} FROM app_user u WHERE u.id = ANY($1)"
_VISIBLE_CARDS = f"SELECT {CARD} FROM app_user u WHERE u.id = ANY {GIVEN} AND {CARD_VISIBLE}"
_OF_MEMBERS = f"""
SELECT {CARD}
FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (id, place)
JOIN team_member m ON m.id = asked.id AND m.team_id = $1 AND m.left_at IS NULL
JOIN app_user u ON u.id = m.user_id AND u.deleted_at IS NULL
ORDER BY place
"""
_LOCK = "SELECT FROM app_user WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
_BY_EMAIL = "SELECT id FROM app_user WHERE email_key = $1 AND deleted_at IS NULL AND suspended_at IS NULL"
_UPDATE = """
UPDATE app_user SET name = $2, preferred_units = $3, timezone = $4, locale = $5, stride_mm = $6,
    default_activity_privacy = $7, show_on_leaderboards = $8, share_stats_with_team = $9,
    version = version + 1, updated_at = $10, avatar_url = $11
WHERE id = $1
"""


async def profile(db: Reader, user_id: UUID) -> Profile | None:
    """Return the live user, None when deleted or suspended."""
    row = await db.fetchrow(_PROFILE, user_id)
    return None if row is None else _ALL.from_row(row)


async def lock_profile(tx: Tx, user_id: UUID) -> Profile | None:
    """Return the live user, locked until the transaction ends: the first lock in the order of locks."""
    row = await tx.fetchrow(_PROFILE + "FOR NO KEY UPDATE", user_id)
    return None if row is None else _ALL.from_row(row)


async def by_email(db: Reader, key: str) -> UUID | None:
    """Return the live user with this address, in its normal form."""
    user_id: UUID | None = await db.fetchval(_BY_EMAIL, key)
    return user_id


async def cards(db: Reader, user_ids: Iterable[UUID]) -> dict[UUID, User]:
    """Return public cards by id; deleted users too, under the name that deletion left them."""
    return {user.id: user for user in map(CARD.from_row, await db.fetch(_CARDS, list(user_ids)))}


async def visible_cards(db: Reader, viewer: Viewer, user_ids: list[UUID]) -> dict[UUID, User]:
    """Return the cards among `user_ids` that the viewer may fetch: their own, and those of team-mates."""
    shown = map(CARD.from_row, await db.fetch(_VISIBLE_CARDS, viewer.user_id, user_ids))
    return {user.id: user for user in shown}


async def of_members(db: Reader, team_id: UUID, member_ids: list[UUID]) -> list[User]:
    """Return the cards of those whose memberships of the team are open, in the order asked."""
    return [CARD.from_row(row) for row in await db.fetch(_OF_MEMBERS, team_id, member_ids)] if member_ids else []


async def lock(tx: Tx, *user_ids: UUID) -> None:
    """Lock several users at once, in the order of their ids."""
    await tx.execute(_LOCK, user_ids)


async def update(tx: Tx, profile: Profile, now: datetime) -> None:
    """Store what users may change of themselves."""
    await tx.execute(
        _UPDATE,
        profile.id,
        profile.name,
        profile.preferred_units,
        profile.timezone,
        profile.locale,
        profile.stride_mm,
        profile.default_activity_privacy,
        profile.show_on_leaderboards,
        profile.share_stats_with_team,
        now,
        profile.avatar_url,
    )
