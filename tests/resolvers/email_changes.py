"""Steps of tests about another address."""

from typing import Any

from tests.documents import ASK_EMAIL_CHANGE as ASK
from tests.quest import Caller, Quest
from tests.resolvers.accounts import EMAIL, PASSWORD, code_in

NEW = "Lovelace@example.net"


async def asked(quest: Quest, ada: Caller, email: str = NEW) -> dict[str, Any]:
    """Return the input for the confirmation, with the codes of both mailboxes."""
    answer = await ada.run(ASK, input={"newEmail": email, "password": PASSWORD})
    new, old = [received.mail for received in (await quest.runtime.mailbox.newest())[:2]]
    assert (old.to, new.to) == (EMAIL, email)
    codes = {"oldCode": code_in(old.text), "newCode": code_in(new.text)}
    return {"requestId": answer["requestEmailChange"]["requestId"], **codes}
