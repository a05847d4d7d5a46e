"""What counts against limits of guesses: wrong passwords and codes, and nothing else, however many come at once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from milequest.providers.identity import passwords as argon2
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import checked_sign_up
from milequest.rules.rate_limits import (
    AUTH_CALLS,
    CODE_MAILS,
    FAILED_SIGN_INS,
    INVITE_GUESSES,
    MAILS_OF_ADDRESS,
    PASSWORD_CHECKS,
    SIGN_INS,
    SIGN_UPS,
    TEAM_CHANGES,
    WALKS_LOGGED,
    RateLimit,
)
from milequest.store.cache import counts, rate_limits
from milequest.store.cache.rate_limits import RateLimits
from milequest.store.sql.transaction import open_pool
from tests.databases import following
from tests.documents import ASK_EMAIL_CHANGE as ASK
from tests.documents import FOUND_TEAM as TEAM
from tests.documents import LOG_WALK as LOG
from tests.documents import SIGN_IN, SIGN_UP
from tests.quest import Caller, Quest, just_begun
from tests.resolvers.accounts import ADA, PAIR, PASSWORD, WRONG, account, elsewhere, sign_in
from tests.resolvers.passwords import signed_in

KEY = "ada@example.org"
PREVIEW = "query ($code: String!) { invitePreview(code: $code) { state } }"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time enough for everything on a busy machine: what is waited for is not tested here."""
    monkeypatch.setattr(counts, "PATIENCE", 60.0)
    monkeypatch.setattr(rate_limits, "WAIT_SECONDS", 60.0)


async def counted(caller: Caller, limit: RateLimit, who: str) -> int:
    """How many attempts stand against a limit."""
    return await caller.runtime.rate_limits.count(limit, who)


async def at_once(caller: Caller, document: str, given: Sequence[dict[str, Any]]) -> Counter[str]:
    """The codes of answers to calls that come at the same moment."""
    results = await asyncio.gather(*(caller.result(document, {"input": each}) for each in given))
    return Counter(str(dict(each.errors[0].extensions or {})["code"]) if each.errors else "OK" for each in results)


async def test_right_passwords_at_once_are_all_let_in_and_are_no_failures(quest: Quest) -> None:
    await account(quest)
    client = elsewhere(quest)
    assert await at_once(client, SIGN_IN, [PAIR] * 25) == {"OK": 25}
    assert await counted(client, FAILED_SIGN_INS, f"{KEY} {client.address}") == 0
    assert await counted(client, AUTH_CALLS, client.address) == 0
    assert await counted(client, SIGN_INS, f"{KEY} {client.address}") == 25


async def test_people_of_one_network_sign_in_at_once(quest: Quest) -> None:
    client = elsewhere(quest)
    people = [{"email": f"person-{number}@example.org", "password": PASSWORD} for number in range(30)]
    for person in people:
        await _confirmed(quest, person["email"])
    assert await at_once(client, SIGN_IN, people) == {"OK": 30}
    assert await counted(client, AUTH_CALLS, client.address) == 0


@pytest.mark.parametrize("is_away", [False, True])
async def test_wrong_passwords_at_once_are_ten_tries(quest: Quest, is_away: bool) -> None:
    await account(quest)
    client = elsewhere(quest)
    async with Redis.from_url("unix:///nowhere/valkey.sock") as away:
        if is_away:
            client = _with(client, RateLimits(away))
        answers = await at_once(client, SIGN_IN, [WRONG] * 25)
        assert answers == {"UNAUTHENTICATED": FAILED_SIGN_INS.most, "RATE_LIMITED": 15}
        assert (await client.refused(SIGN_IN, input=PAIR))["code"] == "RATE_LIMITED"
        assert await counted(client, AUTH_CALLS, client.address) == FAILED_SIGN_INS.most


async def test_full_queue_for_hashes_counts_no_failure(quest: Quest, monkeypatch: pytest.MonkeyPatch) -> None:
    await account(quest)
    ada, client = await signed_in(quest, await sign_in(quest)), elsewhere(quest)
    with monkeypatch.context() as full:
        full.setattr(argon2, "MAX_WAITING", 0)
        for _ in range(12):
            assert (await client.refused(SIGN_IN, input=PAIR))["code"] == "UNAVAILABLE"
            assert (await client.refused(SIGN_UP, input=ADA))["code"] == "UNAVAILABLE"
            given = {"newEmail": "new@example.org", "password": PASSWORD}
            assert (await ada.refused(ASK, input=given))["code"] == "UNAVAILABLE"
    assert await counted(client, SIGN_UPS, client.address) == 0
    assert await counted(ada, PASSWORD_CHECKS, f"{ada.user_id.hex} {ada.address}") == 0
    await client.run(SIGN_IN, input=PAIR)


async def test_a_wrong_password_is_one_also_where_the_queue_fills_meanwhile(
    quest: Quest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who fills it guesses as often as they like: what was checked and found wrong would be UNAVAILABLE."""
    await account(quest)
    matches = argon2.Hasher.matches

    async def then_full(self: argon2.Hasher, password: str, password_hash: str | None) -> bool:
        right = await matches(self, password, password_hash)
        monkeypatch.setattr(argon2, "MAX_WAITING", 0)
        return right

    monkeypatch.setattr(argon2.Hasher, "matches", then_full)
    client = elsewhere(quest)
    assert (await client.refused(SIGN_IN, input=WRONG))["code"] == "UNAUTHENTICATED"
    assert await counted(client, AUTH_CALLS, client.address) == 1


async def test_refusal_for_an_account_does_not_close_the_network(quest: Quest) -> None:
    await account(quest)
    client = elsewhere(quest)
    for _ in range(FAILED_SIGN_INS.most):
        await client.refused(SIGN_IN, input=WRONG)
    for _ in range(AUTH_CALLS.most):
        assert (await client.refused(SIGN_IN, input=PAIR))["code"] == "RATE_LIMITED"
    assert await counted(client, AUTH_CALLS, client.address) == FAILED_SIGN_INS.most
    await _confirmed(quest, "bob@example.org")
    await client.run(SIGN_IN, input={"email": "bob@example.org", "password": PASSWORD})


async def test_a_sign_up_that_is_refused_for_its_mail_uses_up_no_sign_up(quest: Quest) -> None:
    client = elsewhere(quest)
    for _ in range(MAILS_OF_ADDRESS.most):
        await client.runtime.rate_limits.spend(MAILS_OF_ADDRESS, KEY)
    for _ in range(SIGN_UPS.most + 1):
        assert (await client.refused(SIGN_UP, input=ADA))["code"] == "RATE_LIMITED"
    assert await counted(client, SIGN_UPS, client.address) == 0
    assert await counted(client, CODE_MAILS, f"{KEY} {client.address}") == 0
    await client.run(SIGN_UP, input={**ADA, "email": "bob@example.org"})


async def test_right_invite_code_counts_as_no_guess_in_concurrent_previews(quest: Quest) -> None:
    ann = await quest.user("Ann")
    code, friends = await ann.invite(await ann.found("Walkers")), elsewhere(quest)
    shown = await asyncio.gather(*(friends.run(PREVIEW, code=code) for _ in range(25)))
    assert shown == [{"invitePreview": {"state": "PENDING"}}] * 25
    aliases = " ".join(f"a{number}: invitePreview(code: $code) {{ state }}" for number in range(25))
    seen = await friends.run(f"query ($code: String!) {{ {aliases} }}", code=code)
    assert seen == {f"a{number}": {"state": "PENDING"} for number in range(25)}
    assert await counted(friends, INVITE_GUESSES, f"{friends.address} None") == 0


async def test_unknown_invite_codes_in_one_query_are_ten_tries(quest: Quest) -> None:
    client = elsewhere(quest)
    aliases = " ".join(f'a{number}: invitePreview(code: "no-code-{number}") {{ state }}' for number in range(25))
    result = await client.result(f"{{ {aliases} }}", {})
    assert len(result.errors or ()) == 25 - INVITE_GUESSES.most
    assert {dict(error.extensions or {})["code"] for error in result.errors or ()} == {"RATE_LIMITED"}


async def test_a_walk_that_the_database_does_not_take_is_none_that_was_logged(quest: Quest) -> None:
    ann = await quest.user("Ann")
    settings = quest.runtime.settings
    async with await open_pool(following(settings.database_url), 1) as follower:
        standby = replace(ann, runtime=replace(quest.runtime, writer=follower))
        for document, given, limit in ((LOG, just_begun(500), WALKS_LOGGED), (TEAM, {"name": "Larks"}, TEAM_CHANGES)):
            given |= {"startedAt": ann.now.isoformat()} if document == LOG else {}
            assert (await standby.refused(document, input=given))["code"] == "UNAVAILABLE"
            assert await counted(ann, limit, ann.user_id.hex) == 0
            assert (await ann.result(document, {"input": given})).errors is None
            assert await counted(ann, limit, ann.user_id.hex) == 1


def _with(caller: Caller, limits: RateLimits) -> Caller:
    return replace(caller, runtime=replace(caller.runtime, rate_limits=limits))


async def _confirmed(quest: Quest, email: str) -> None:
    """An account, without the mail."""
    identity = quest.runtime.identity
    assert isinstance(identity, BuiltinIdentity)
    await identity.add_account(checked_sign_up(email, PASSWORD, "Somebody"), quest.anonymous.now)
