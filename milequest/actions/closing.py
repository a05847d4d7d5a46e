"""Deleting an account: the request, which hides it at once, its withdrawal, and the end two weeks later."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from milequest.actions.members import disband, end_requests, hand_over, leave_for_good
from milequest.actions.profiles import update_profile
from milequest.rules.access import Viewer
from milequest.rules.avatars import name_in
from milequest.rules.closing import HIDDEN, UNDO_FOR
from milequest.rules.errors import unauthenticated
from milequest.rules.instants import seconds
from milequest.rules.sessions import Revocation
from milequest.store.sql import account_deletions, erasure, join_requests, members, revocations, teams, users
from milequest.store.sql.transaction import Tx


@dataclass(frozen=True, slots=True)
class DeletionRequested:
    """When the account will be deleted, the address to which that is mailed, and the sessions that have ended."""

    due_at: datetime
    email: str = field(repr=False)
    ended: Revocation


@dataclass(frozen=True, slots=True)
class AccountClosed:
    """The address that an account had, and pictures that nothing refers to any more: its own, and of ended teams."""

    email: str = field(repr=False)
    pictures: tuple[str | None, ...]


async def request_deletion(tx: Tx, user_id: UUID, now: datetime) -> DeletionRequested:
    """Hide the account from others and end its sessions. In two weeks it is deleted, unless its owner signs in."""
    profile = await users.lock_profile(tx, user_id)
    if profile is None:
        raise unauthenticated()
    await account_deletions.put(tx, profile, now, now + UNDO_FOR)
    await update_profile(tx, user_id, now, HIDDEN)
    ended = Revocation(user_id, before=seconds(now) + 1)  # tokens of this very second too
    await revocations.put(tx, [ended], now)
    return DeletionRequested(now + UNDO_FOR, profile.email, ended)


async def cancel_deletion(tx: Tx, user_id: UUID, now: datetime) -> bool:
    """Show the account as it was before its deletion was requested; return whether it had been, and is not due yet."""
    await users.lock(tx, user_id)
    kept = await account_deletions.take(tx, user_id, now)
    if kept is not None:
        await update_profile(tx, user_id, now, kept)
    return kept is not None


async def close_account(tx: Tx, user_id: UUID, now: datetime) -> AccountClosed | None:
    """Delete an account for good, if that is due; None otherwise.

    What it counted for its teams stays counted. A team whose only ADMIN it was gets another one: its longest member. A
    team of nobody else ends. Its pending requests to join end.
    """
    profile = await users.lock_profile(tx, user_id)
    kept = None if profile is None else await account_deletions.lock_due(tx, user_id, now)
    if profile is None or kept is None:
        return None
    own = await members.open_of_user(tx, user_id)
    pictures = [name_in(kept[0]), name_in(profile.avatar_url)]
    for team_id in sorted({*own, *await join_requests.teams_asked(tx, user_id)}):
        team = await teams.lock_for_guest(tx, Viewer(user_id), team_id)
        if team is None:
            continue
        await end_requests(tx, team_id, now, user_id)
        if team_id in own:
            await hand_over(tx, team, own[team_id], now)
            await leave_for_good(tx, team_id, user_id, own[team_id], now)
            if team.member_count == 1:
                await disband(tx, user_id, team, now)
                pictures.append(name_in(team.avatar_url))
    await erasure.erase(tx, user_id, profile.email, now)
    return AccountClosed(profile.email, tuple(pictures))
