"""Erasure of a user, and a decision for each column that refers to one.

A test fails for a column that refers to a user and has no line in `DECISIONS`, and for any text of theirs that is left.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from milequest.rules.closing import FORMER_MEMBER, tombstone
from milequest.rules.credentials import ISSUER, email_key
from milequest.store.sql.transaction import Tx

SUM = "kept: a sum of the team, of somebody without a name"
ROW_GOES = "the row is deleted"
DECISIONS: Final[Mapping[str, str]] = {
    "account_deletion.name": ROW_GOES,
    "account_deletion.user_id": ROW_GOES,
    "activity.user_id": f"{SUM}; notes, keys and ids of devices are cleared",
    "address_change.email": ROW_GOES,
    "address_change.email_key": ROW_GOES,
    "address_change.subject": ROW_GOES,
    "app_user.email": "a tombstone that nothing is delivered to",
    "app_user.email_key": "a tombstone, so that the address may be used again",
    "app_user.name": FORMER_MEMBER,
    "avatar_refusal.user_id": ROW_GOES,
    "board_entry.user_id": SUM,
    "contribution.user_id": SUM,
    "credential.email": ROW_GOES,
    "credential.email_key": ROW_GOES,
    "credential.name": ROW_GOES,
    "credential.subject": ROW_GOES,
    "goal.created_by": "kept: the id of a former member",
    "goal_contribution.user_id": SUM,
    "goal_entry.user_id": SUM,
    "idempotency_key.user_id": ROW_GOES,
    "join_request.answered_by": "kept: the id of a former member",
    "join_request.user_id": "kept without its message, and ended",
    "password_reset.email_key": ROW_GOES,
    "password_reset.subject": ROW_GOES,
    "pending_sign_up.email": ROW_GOES,
    "pending_sign_up.email_key": ROW_GOES,
    "pending_sign_up.name": ROW_GOES,
    "pending_sign_up.subject": ROW_GOES,
    "revocation.user_id": "kept an hour, for tokens that are still valid",
    "sign_in_session.subject": ROW_GOES,
    "team.created_by": "kept: the id of a former member",
    "team_ban.banned_by": "kept: the id of a former member",
    "team_ban.lifted_by": "kept: the id of a former member",
    "team_ban.user_id": "kept: the id of a former member",
    "team_invite.email": "of an invite for them: a tombstone, and revoked",
    "team_invite.email_key": "of an invite for them: a tombstone, and revoked",
    "team_invite.invited_by": "kept without its message: the id of a former member",
    "team_member.invited_by": "kept: the id of a former member",
    "team_member.user_id": "kept and ended, as sums belong to it",
    "user_identity.subject": ROW_GOES,
    "user_identity.user_id": ROW_GOES,
    "walk_ruling.ended_by": "kept: the id of a former member",
    "walk_ruling.ruled_by": "kept without its reason: the id of a former member",
}
_BY_USER: Final = (
    "DELETE FROM user_identity WHERE user_id = $1",
    "DELETE FROM idempotency_key WHERE user_id = $1",
    "DELETE FROM avatar_refusal WHERE user_id = $1",
    "DELETE FROM account_deletion WHERE user_id = $1",
    "UPDATE join_request SET message = NULL WHERE user_id = $1 AND message IS NOT NULL",
    "UPDATE team_invite SET message = NULL WHERE invited_by = $1 AND message IS NOT NULL",
    """UPDATE walk_ruling SET reason = NULL
       WHERE reason IS NOT NULL AND (ruled_by = $1 OR activity_id IN (SELECT id FROM activity WHERE user_id = $1))""",
    """UPDATE activity SET notes = NULL, external_id = NULL, idempotency_key = NULL, request_hash = NULL
       WHERE user_id = $1 AND coalesce(notes, external_id, idempotency_key) IS NOT NULL""",
)
_BY_ADDRESS: Final = (
    "DELETE FROM password_reset WHERE email_key = $1",
    "DELETE FROM pending_sign_up WHERE email_key = $1",
)
_CREDENTIAL = """
DELETE FROM credential WHERE subject IN (
    SELECT subject::uuid FROM user_identity WHERE user_id = $1 AND issuer = $2)
"""
_INVITES = """
UPDATE team_invite SET email = $2, email_key = $2, message = NULL,
    state = CASE WHEN state = 'PENDING' THEN 'REVOKED' ELSE state END
WHERE email_key = $1
"""
_USER = """
UPDATE app_user SET email = $2, email_key = $2, name = $3, avatar_url = NULL, timezone = 'UTC', locale = NULL,
    stride_mm = NULL, preferred_units = DEFAULT, version = version + 1, updated_at = $4, deleted_at = $4
WHERE id = $1
"""


async def erase(tx: Tx, user_id: UUID, address: str, now: datetime) -> None:
    """Remove all that is personal of a user who is in no team any more. Their walks stay, as sums of nobody's name.

    The caller has locked the user, whose address is given.
    """
    await tx.execute(_CREDENTIAL, user_id, ISSUER)
    for statement in _BY_USER:
        await tx.execute(statement, user_id)
    for statement in _BY_ADDRESS:
        await tx.execute(statement, email_key(address))
    await tx.execute(_INVITES, email_key(address), tombstone(user_id))
    await tx.execute(_USER, user_id, tombstone(user_id), FORMER_MEMBER, now)
