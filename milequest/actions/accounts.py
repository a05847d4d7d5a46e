"""Users of ours for identities that an issuer vouches for."""

from datetime import datetime
from uuid import UUID

from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from milequest.rules.identity import IssuerAccount
from milequest.rules.ids import new_id
from milequest.store.sql import accounts
from milequest.store.sql.transaction import Tx


async def user_for_identity(tx: Tx, account: IssuerAccount, now: datetime) -> UUID:
    """Return the user of (issuer, subject), created at the first call.

    Run at every sign-in, so that one which failed halfway is completed by the next.

    Another identity with the same verified address is linked to the same user: without `email_verified` no user is
    created and no identity linked. The user's address follows the issuer's. Raises EMAIL_NOT_VERIFIED, and
    UNAUTHENTICATED for a user who was suspended or deleted, or whose address belongs to another user.
    """
    account = await accounts.with_current_address(tx, account)
    owner = await accounts.owner(tx, account.issuer, account.subject)
    if owner is None:
        if not account.email_verified:
            raise Refused(ErrorCode.EMAIL_NOT_VERIFIED, "Confirm the e-mail address first.")
        await accounts.release_address(tx, account.email, now)
        await accounts.put_user(tx, new_id(now), account, now)
        await accounts.link_identity(tx, account, now)
        owner = await accounts.owner(tx, account.issuer, account.subject)
    if owner is None or not owner.is_live:
        raise unauthenticated("This account is closed.")
    if account.email_verified and account.email != owner.email:
        await accounts.set_address(tx, owner.user_id, account.email, now)
    return owner.user_id
