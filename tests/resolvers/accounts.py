"""Steps of tests about accounts: signing up, confirming, signing in."""

import re
from itertools import count
from typing import Any

from tests.documents import CONFIRM_EMAIL as CONFIRM
from tests.documents import SIGN_IN, SIGN_UP
from tests.quest import Caller, Quest

EMAIL, PASSWORD = "Ada@Example.org", "Correct-Horse-1"


ADA = {"email": EMAIL, "password": PASSWORD, "name": "Ada"}
PAIR = {"email": "ada@example.org", "password": PASSWORD}
WRONG = {"email": EMAIL, "password": "Wrong-Horse-1"}


_networks = count(1)


def elsewhere(quest: Quest) -> Caller:
    """Return a caller at a network that no other caller has."""
    number = next(_networks)  # many more than one byte holds: what is no address is all one network
    return Caller(quest.runtime, address=f"198.18.{number // 250}.{number % 250}")


def code_in(text: str) -> str:
    """Return the code in a mail."""
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, text
    return found[0]


async def mailed(quest: Quest) -> str:
    """Return the code in the newest mail."""
    return code_in((await quest.runtime.mailbox.newest())[0].mail.text)


async def account(quest: Quest, email: str = EMAIL) -> None:
    """Sign up and confirm an account."""
    await elsewhere(quest).run(SIGN_UP, input={**ADA, "email": email})
    await elsewhere(quest).run(CONFIRM, input={"email": email, "code": await mailed(quest)})


async def sign_in(quest: Quest, email: str = EMAIL) -> dict[str, Any]:
    """Sign in; return the session."""
    answer = await elsewhere(quest).run(SIGN_IN, input={"email": email, "password": PASSWORD})
    session: dict[str, Any] = answer["signIn"]["session"]
    return session
