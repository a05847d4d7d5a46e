"""Tries of codes are counted for what the code is for: nobody uses up those of another purpose or of another person."""

import pytest

from milequest.rules.rate_limits import CODE_TRIES
from tests.documents import CONFIRM_EMAIL as CONFIRM
from tests.documents import CONFIRM_EMAIL_CHANGE as CONFIRM_CHANGE
from tests.documents import RESET
from tests.quest import Quest
from tests.resolvers.accounts import EMAIL, PASSWORD, account, elsewhere, sign_in
from tests.resolvers.email_changes import asked
from tests.resolvers.passwords import forgotten, signed_in

KEY = "ada@example.org"


async def test_strangers_confirmations_leave_the_owners_change_and_reset(quest: Quest) -> None:
    """Whatever they give for `attemptId`: the owner's id, which all may see, their address and network, a request's."""
    await account(quest)
    await account(quest, "bob@example.org")
    ada = await signed_in(quest, await sign_in(quest))
    change, reset, stranger = await asked(quest, ada), await forgotten(quest, "bob@example.org"), elsewhere(quest)
    for _ in range(CODE_TRIES.most):
        for attempt in (ada.user_id.hex, f"{KEY} {ada.address}", reset["requestId"]):
            given = {"email": "whoever@example.org", "code": "000000", "attemptId": attempt}
            assert (await stranger.refused(CONFIRM, input=given))["code"] == "CODE_INVALID"
    await ada.run(CONFIRM_CHANGE, input=change)
    await elsewhere(quest).run(RESET, input=reset)


@pytest.mark.parametrize("attempt", ["", "x" * 42, "x" * 44, "ö" * 43, "a b" + "x" * 40, "0" * 32])
async def test_an_attempt_id_of_no_possible_form_is_refused_before_it_is_counted(quest: Quest, attempt: str) -> None:
    client = elsewhere(quest)
    given = {"email": EMAIL, "code": "123456"}
    refusals = [
        await client.refused(CONFIRM, input=given | {"attemptId": attempt}),
        await client.refused(RESET, input=given | {"requestId": attempt, "newPassword": PASSWORD}),
    ]
    assert {refusal["code"] for refusal in refusals} == {"CODE_INVALID"}
    assert await quest.runtime.redis.keys() == []
