"""Creating and revoking invites, accepting and declining them. Locks: the invited user, the team, then the invite."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from milequest.actions.members import Joined, fill_seat, refuse_member
from milequest.rules.access import Viewer, refuse_unless_admin
from milequest.rules.enums import InviteState
from milequest.rules.errors import ErrorCode, Refused, not_found, require, unauthenticated
from milequest.rules.ids import new_id
from milequest.rules.invites import (
    NewInvite,
    code_hash,
    code_of,
    new_salt,
    refuse_other_recipient,
    refuse_unless_open,
    unknown_code,
)
from milequest.store.sql import invites, teams, users
from milequest.store.sql.invites import LockedInvite
from milequest.store.sql.teams import Team
from milequest.store.sql.transaction import Tx
from milequest.store.sql.users import Profile


@dataclass(frozen=True, slots=True)
class InviteCreated:
    """The new invite, and the salt from which, with the request's secret, its code is derived."""

    invite_id: UUID
    salt: str


@dataclass(frozen=True, slots=True)
class InviteRevoked:
    """The invite that was revoked."""

    invite_id: UUID


@dataclass(frozen=True, slots=True)
class InviteDeclined:
    """The invite that was declined."""

    invite_id: UUID


async def create_invite(
    tx: Tx, admin_id: UUID, now: datetime, team_id: UUID, new: NewInvite, secret: str
) -> InviteCreated:
    """Create an invite; a pending one of the same address gets a new code and more time. Raises NOT_FOUND, FORBIDDEN.

    Its code is `code_of` the secret and the salt.
    """
    team = require(await teams.lock(tx, Viewer(admin_id), team_id), "team")
    refuse_unless_admin(team.access_level(Viewer(admin_id)), is_public=team.is_public)
    salt = new_salt()
    digest = code_hash(code_of(secret, salt))
    return InviteCreated(await invites.put(tx, new_id(now), team_id, digest, new, admin_id, now), salt)


async def revoke_invite(tx: Tx, admin_id: UUID, now: datetime, invite_id: UUID) -> InviteRevoked:
    """Revoke an invite; twice is once. Raises NOT_FOUND for a user who is no admin, CONFLICT for an answered one."""
    place = require(await invites.key_of(tx, invite_id=invite_id), "invite")
    await teams.lock(tx, Viewer(admin_id), place.team_id)
    if invite_id not in await invites.by_ids(tx, Viewer(admin_id), [invite_id], now):
        raise not_found("invite")
    invite = require(await invites.lock(tx, invite_id, None, now), "invite")
    if invite.state in (InviteState.ACCEPTED, InviteState.DECLINED):
        raise Refused(ErrorCode.CONFLICT, "This invite was answered already.")
    await invites.close(tx, invite_id, InviteState.REVOKED)
    return InviteRevoked(invite_id)


async def accept_invite(tx: Tx, user_id: UUID, now: datetime, code: str) -> Joined:
    """Join the team an invite is for.

    Raises INVALID_INVITE_CODE, INVITE_WRONG_RECIPIENT, ALREADY_MEMBER, INVITE_EXPIRED, CONFLICT for one that is used up
    or for too many teams, TEAM_FULL, FORBIDDEN for who was removed since it was made or is banned. A refusal uses up
    nothing.
    """
    user, team, invite = await _lock_for_invited(tx, user_id, now, code)
    refuse_member(team)
    refuse_unless_open(invite.state)
    joined = await fill_seat(tx, team, user, now, invite.invited_by, invite.issued_at)
    await invites.redeem(tx, invite.id)
    return joined


async def decline_invite(tx: Tx, user_id: UUID, now: datetime, code: str) -> InviteDeclined:
    """Decline an invite; a link stays valid for others.

    Raises as `accept_invite`, except TEAM_FULL, FORBIDDEN, and CONFLICT for too many teams.
    """
    _, _, invite = await _lock_for_invited(tx, user_id, now, code)
    if invite.state is not InviteState.DECLINED:
        refuse_unless_open(invite.state)
    if invite.email_key is not None:
        await invites.close(tx, invite.id, InviteState.DECLINED)
    return InviteDeclined(invite.id)


async def _lock_for_invited(tx: Tx, user_id: UUID, now: datetime, code: str) -> tuple[Profile, Team, LockedInvite]:
    """Return user, live team and invite, locked in this order. Raises INVALID_INVITE_CODE, INVITE_WRONG_RECIPIENT."""
    user = await users.lock_profile(tx, user_id)
    if user is None:
        raise unauthenticated()
    digest = code_hash(code)
    place = await invites.key_of(tx, code_hash=digest)
    if place is None:
        raise unknown_code()
    team = await teams.lock_for_guest(tx, Viewer(user_id), place.team_id)
    invite = await invites.lock(tx, place.invite_id, digest, now)
    if team is None or invite is None:
        raise unknown_code()
    refuse_other_recipient(invite.email_key, user.email)
    return user, team, invite
