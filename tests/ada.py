"""Ada, whose account the tests of the built-in identity provider use."""

from collections.abc import Awaitable
from datetime import UTC, datetime

from milequest.providers.identity import Session
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import SignUp, checked_sign_up
from milequest.rules.errors import ErrorCode, Refused

EMAIL, PASSWORD = "Ada@Example.org", "Correct-Horse-1"
ADA = checked_sign_up(EMAIL, PASSWORD, "Ada", "Europe/London")
NOW = datetime.now(UTC).replace(microsecond=0)


async def code_of(call: Awaitable[object]) -> ErrorCode | None:
    """Return the code of the refusal, None when the call works."""
    try:
        await call
    except Refused as refusal:
        return refusal.code
    return None


async def signed_in(identity: BuiltinIdentity, request: SignUp = ADA, now: datetime = NOW) -> Session:
    """Return a session of a new account."""
    await identity.add_account(request, now)
    return (await identity.sign_in(request.email, request.password, now)).session
