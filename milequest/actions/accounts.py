"""Users of ours for identities that an issuer vouches for."""

from datetime import datetime
from uuid import UUID

from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from milequest.rules.identity import IssuerAccount
from milequest.rules.ids import new_id
from milequest.store.sql import accounts
from milequest.store.sql.transaction import Tx


async def user_for_identity(tx: Tx, account: IssuerAccount, now: datetime) -> UUID:
    """Return the user of (issuer, subject), created the first time; run at every sign-in, so no half-made user stays.

    Another identity with the same address becomes the same user, for the issuer says whose the address is: without that
    (`email_verified`) nobody is made or tied. The user's address follows the issuer's. Raises EMAIL_NOT_VERIFIED, and
    UNAUTHENTICATED for who was suspended or deleted, or whose address is noted for somebody else.
    """
    account = await accounts.current(tx, account)
    owner = await accounts.owner(tx, account.issuer, account.subject)
    if owner is None:
        if not account.email_verified:
            raise Refused(ErrorCode.EMAIL_NOT_VERIFIED, "Confirm the e-mail address first.")
        await accounts.part(tx, account.email, now)
        await accounts.put_user(tx, new_id(now), account, now)
        await accounts.tie(tx, account, now)
        owner = await accounts.owner(tx, account.issuer, account.subject)
    if owner is None or not owner.is_live:
        raise unauthenticated("This account is closed.")
    if account.email_verified and account.email != owner.email:
        await accounts.move(tx, owner.user_id, account.email, now)
    return owner.user_id
