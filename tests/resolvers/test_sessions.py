"""Ending sessions as clients do it: what signing out ends, and how often one may ask."""

from milequest.rules.rate_limits import REFRESHES
from tests.quest import Quest
from tests.resolvers.test_accounts import SIGN_OUT, elsewhere


async def test_signing_out_is_limited_by_network(quest: Quest) -> None:
    client = elsewhere(quest)
    for _ in range(REFRESHES.most):
        await quest.runtime.rate_limits.spend(REFRESHES, client.address)
    refusal = await client.refused(SIGN_OUT, input={"refreshToken": "ada@example.org:x", "everywhere": True})
    assert refusal["code"] == "RATE_LIMITED"
