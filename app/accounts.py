"""Accounts made by the operator: an access token for a user, accounts of the demo data. Built-in provider only."""

from datetime import datetime
from uuid import UUID

from milequest.actions.accounts import user_for_identity
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import checked_sign_up
from milequest.rules.enums import Units
from milequest.rules.errors import ErrorCode, Refused, not_found
from milequest.runtime import Runtime


async def token_for(runtime: Runtime, email: str, now: datetime) -> str:
    """Return an access token, valid for an hour, for the confirmed account with this address. Raises NOT_FOUND."""
    found = await _builtin(runtime).token_for(email, now)
    if found is None:
        raise not_found("account")
    account, token = found
    await runtime.commit(lambda tx: user_for_identity(tx, account, now))
    return token


async def ensure_account(
    runtime: Runtime,
    email: str,
    password: str,
    name: str,
    now: datetime,
    *,
    timezone: str | None = None,
    preferred_units: Units | None = None,
) -> UUID:
    """Return the user with this address; a new one gets a confirmed account, a known one stays as it is."""
    identity = _builtin(runtime)
    account = await identity.account(email, now)
    if account is None:
        account = await identity.add_account(checked_sign_up(email, password, name, timezone, preferred_units), now)
    return await runtime.commit(lambda tx: user_for_identity(tx, account, now))


def _builtin(runtime: Runtime) -> BuiltinIdentity:
    if not isinstance(runtime.identity, BuiltinIdentity):
        raise Refused(ErrorCode.UNAVAILABLE, "Accounts are kept by an outside provider.")
    return runtime.identity
