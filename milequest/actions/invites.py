"""Creating, rotating and revoking invites, and answering them. Locks: the invited user, the team, then the invite."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from milequest.actions.members import Joined, fill_seat, refuse_member
from milequest.rules.access import Viewer, refuse_unless_admin
from milequest.rules.credentials import email_key
from milequest.rules.enums import InviteState
from milequest.rules.errors import ErrorCode, Refused, not_found, require, unauthenticated
from milequest.rules.ids import new_id
from milequest.rules.invites import (
    BANNED_HAS_ADDRESS,
    MEMBER_HAS_ADDRESS,
    InviteName,
    NewInvite,
    code_hash,
    code_of,
    expiry,
    refuse_other_recipient,
    refuse_unless_open,
    refuse_unless_rotatable,
    unknown_code,
)
from milequest.store.sql import bans, invites, teams, users
from milequest.store.sql.invites import CodedInvite, LockedInvite
from milequest.store.sql.teams import Team
from milequest.store.sql.transaction import Tx
from milequest.store.sql.users import Profile


@dataclass(frozen=True, slots=True)
class InviteCoded:
    """An invite that has a new code: it was created, renewed or rotated.

    From the salt, with the request's secret, the code is derived.
    """

    invite_id: UUID
    salt: str


@dataclass(frozen=True, slots=True)
class InvitesCreated:
    """The new invites of a batch with their salts, and the positions in it of addresses of members and the banned."""

    invite_ids: tuple[UUID, ...]
    salts: list[str]
    refused: list[int]
    banned: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InviteRevoked:
    """The invite that was revoked."""

    invite_id: UUID


@dataclass(frozen=True, slots=True)
class InviteDeclined:
    """The invite that was declined."""

    invite_id: UUID


async def create_invite(
    tx: Tx, admin_id: UUID, now: datetime, team_id: UUID, new: NewInvite, secret: str, salt: str
) -> InviteCoded:
    """Create an invite; a pending one of the same address gets a new code and more time.

    Its code is `code_of` the secret and the salt. Raises NOT_FOUND, FORBIDDEN, ALREADY_MEMBER for the address of a
    member, and CONFLICT for that of somebody who is banned.
    """
    made = await create_invites(tx, admin_id, now, team_id, [new], secret, [salt])
    if made.refused:
        raise Refused(ErrorCode.ALREADY_MEMBER, MEMBER_HAS_ADDRESS)
    if made.banned:
        raise Refused(ErrorCode.CONFLICT, BANNED_HAS_ADDRESS)
    return InviteCoded(made.invite_ids[0], salt)


async def create_invites(
    tx: Tx, admin_id: UUID, now: datetime, team_id: UUID, new: Sequence[NewInvite], secret: str, salts: Sequence[str]
) -> InvitesCreated:
    """Create invites as `create_invite` does, but for addresses that are refused. Raises NOT_FOUND, FORBIDDEN."""
    team = require(await teams.lock(tx, Viewer(admin_id), team_id), "team")
    refuse_unless_admin(team.access_level(Viewer(admin_id)), is_public=team.is_public)
    addresses = [one.email_key for one in new if one.email_key is not None]
    members, shut_out = [await among(tx, team_id, addresses) for among in (invites.members_among, bans.among)]
    refused = [place for place, one in enumerate(new) if one.email_key in members]
    banned = [place for place, one in enumerate(new) if one.email_key in shut_out]
    wanted = [(new[place], salts[place]) for place in range(len(new)) if place not in refused + banned]
    coded = [CodedInvite(new_id(now), code_hash(code_of(secret, salt)), one) for one, salt in wanted]
    ids = await invites.put(tx, team_id, admin_id, coded, now)
    return InvitesCreated(tuple(ids), [salt for _, salt in wanted], refused, banned)


async def rotate_invite(
    tx: Tx, admin_id: UUID, now: datetime, invite_id: UUID, expires_at: datetime | None, secret: str, salt: str
) -> InviteCoded:
    """Give an invite a new code, with which the previous one ends; its uses so far stay counted.

    It expires at `expires_at`; without that as before, or in a week if it has expired. Raises NOT_FOUND for a user who
    is no admin, CONFLICT for an invite that was used up, declined or revoked.
    """
    invite = await _lock_for_admin(tx, admin_id, now, invite_id)
    refuse_unless_rotatable(invite.state)
    if invite.state is InviteState.EXPIRED:
        expires_at = expires_at or expiry(now)
    await invites.rotate(tx, invite_id, code_hash(code_of(secret, salt)), now, expires_at)
    return InviteCoded(invite_id, salt)


async def mark_mailed(tx: Tx, invite_ids: Sequence[UUID], now: datetime) -> None:
    """Record that the links of these invites were mailed."""
    await invites.mark_mailed(tx, invite_ids, now)


async def revoke_invite(tx: Tx, admin_id: UUID, now: datetime, invite_id: UUID) -> InviteRevoked:
    """Revoke an invite; twice is once. Raises NOT_FOUND for a user who is no admin, CONFLICT for an answered one."""
    invite = await _lock_for_admin(tx, admin_id, now, invite_id)
    if invite.state in (InviteState.ACCEPTED, InviteState.DECLINED):
        raise Refused(ErrorCode.CONFLICT, "This invite was answered already.")
    await invites.close(tx, invite_id, InviteState.REVOKED)
    return InviteRevoked(invite_id)


async def accept_invite(tx: Tx, user_id: UUID, now: datetime, name: InviteName) -> Joined:
    """Join the team an invite is for.

    Raises INVALID_INVITE_CODE, INVITE_WRONG_RECIPIENT, ALREADY_MEMBER, INVITE_EXPIRED, CONFLICT for one that is used up
    or was declined, or for too many teams, TEAM_FULL, FORBIDDEN for who was removed since its code was made or is
    banned. By its id an invite that is not for the user's own address is NOT_FOUND. A refusal uses up nothing.
    """
    user, team, invite = await _lock_for_invited(tx, user_id, now, name)
    refuse_member(team)
    refuse_unless_open(invite.state)
    joined = await fill_seat(tx, team, user, now, invite.invited_by, invite.issued_at)
    await invites.redeem(tx, invite.id)
    return joined


async def decline_invite(tx: Tx, user_id: UUID, now: datetime, name: InviteName) -> InviteDeclined:
    """Decline an invite; a link stays valid for others.

    Raises as `accept_invite`, except TEAM_FULL, FORBIDDEN, and CONFLICT for too many teams.
    """
    _, _, invite = await _lock_for_invited(tx, user_id, now, name)
    if invite.state is not InviteState.DECLINED:
        refuse_unless_open(invite.state)
    if invite.email_key is not None:
        await invites.close(tx, invite.id, InviteState.DECLINED)
    return InviteDeclined(invite.id)


async def _lock_for_admin(tx: Tx, admin_id: UUID, now: datetime, invite_id: UUID) -> LockedInvite:
    """Return the invite, locked after its team. Raises NOT_FOUND for a user who is no admin of it."""
    place = require(await invites.key_of(tx, invite_id=invite_id), "invite")
    await teams.lock(tx, Viewer(admin_id), place.team_id)
    if invite_id not in await invites.by_ids(tx, Viewer(admin_id), [invite_id], now):
        raise not_found("invite")
    return require(await invites.lock(tx, invite_id, None, now), "invite")


async def _lock_for_invited(
    tx: Tx, user_id: UUID, now: datetime, name: InviteName
) -> tuple[Profile, Team, LockedInvite]:
    """Return user, live team and invite, locked in this order.

    Raises INVALID_INVITE_CODE, INVITE_WRONG_RECIPIENT; NOT_FOUND for an id that is not of an invite for the user.
    """
    user = await users.lock_profile(tx, user_id)
    if user is None:
        raise unauthenticated()
    digest = None if name.code is None else code_hash(name.code)
    place = await invites.key_of(tx, code_hash=digest, invite_id=name.invite_id)
    if place is None:
        raise _unknown(name)
    team = await teams.lock_for_guest(tx, Viewer(user_id), place.team_id)
    invite = await invites.lock(tx, place.invite_id, digest, now)
    if team is None or invite is None:
        raise _unknown(name)
    if name.code is None and invite.email_key != email_key(user.email):
        raise _unknown(name)
    refuse_other_recipient(invite.email_key, user.email)
    return user, team, invite


def _unknown(name: InviteName) -> Refused:
    return not_found("invite") if name.code is None else unknown_code()
