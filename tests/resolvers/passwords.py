"""Steps of tests about passwords."""

from typing import Any

from resolvers.identity import Identify
from tests.documents import FORGOT, SIGN_IN
from tests.quest import Caller, Quest, noon
from tests.resolvers.accounts import EMAIL, elsewhere, mailed

NEW = "Another-Horse-2"


async def forgotten(quest: Quest, email: str = EMAIL) -> dict[str, Any]:
    """Return the input for a reset, requested at a new network."""
    asked = await elsewhere(quest).run(FORGOT, input={"email": email})
    code = await mailed(quest)
    return {"email": email, "requestId": asked["forgotPassword"]["requestId"], "code": code, "newPassword": NEW}


async def signs_in(quest: Quest, password: str, email: str = EMAIL) -> bool:
    """Return whether the account signs in with this password."""
    result = await elsewhere(quest).result(SIGN_IN, {"input": {"email": email, "password": password}})
    return not result.errors


async def signed_in(quest: Quest, session: dict[str, Any]) -> Caller:
    """Return the owner of a session, with its access token."""
    caller = elsewhere(quest)
    caller.identity = await Identify(quest.runtime.identity, quest.runtime.writer, noon)(
        f"Bearer {session['accessToken']}"
    )
    return caller


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
