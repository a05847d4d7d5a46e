"""Limits on sign-ups, sign-ins, codes and mails, and strangers' consumption of them: none."""

from dataclasses import replace

from redis.asyncio import Redis

from milequest.rules.credentials import MAX_SESSIONS
from milequest.rules.rate_limits import (
    AUTH_CALLS,
    CODE_MAILS,
    CODE_TRIES,
    FAILED_SIGN_INS,
    FAILED_SIGN_INS_ELSEWHERE,
    KNOWN_NETWORKS,
    MAILS_OF_ADDRESS,
    PASSWORD_CHECKS,
    SIGN_INS,
    SIGN_UPS,
)
from milequest.store.cache.rate_limits import RateLimits
from tests.documents import ASK_EMAIL_CHANGE as ASK
from tests.documents import CONFIRM_EMAIL as CONFIRM
from tests.documents import CONFIRM_EMAIL_CHANGE as CONFIRM_CHANGE
from tests.documents import FORGOT, RESEND, SIGN_IN, SIGN_UP
from tests.quest import Quest
from tests.resolvers.accounts import ADA, EMAIL, PAIR, PASSWORD, WRONG, account, elsewhere, mailed, sign_in
from tests.resolvers.email_changes import NEW as NEW_ADDRESS
from tests.resolvers.email_changes import asked
from tests.resolvers.passwords import signed_in

KEY = "ada@example.org"


async def spend_elsewhere(quest: Quest, most: int) -> None:
    """Fail to sign in from as many networks, without the work."""
    for _ in range(most):
        await quest.runtime.rate_limits.spend(FAILED_SIGN_INS_ELSEWHERE, KEY)


async def test_a_network_signs_up_five_times_in_a_quarter_of_an_hour(quest: Quest) -> None:
    client = elsewhere(quest)
    for number in range(SIGN_UPS.most):
        await client.run(SIGN_UP, input={**ADA, "email": f"new-{number}@example.org"})
    refusal = await quest.refusal(client, SIGN_UP, input=ADA)
    assert (refusal["code"], refusal["retryable"]) == ("RATE_LIMITED", True)
    assert 0 < refusal["retryAfterSeconds"] <= 900
    await elsewhere(quest).run(SIGN_UP, input=ADA)


async def test_failed_sign_ins_of_a_stranger_leave_the_owner_signing_in(quest: Quest) -> None:
    await account(quest)
    stranger = elsewhere(quest)
    for _ in range(FAILED_SIGN_INS.most):
        assert (await stranger.refused(SIGN_IN, input=WRONG))["code"] == "UNAUTHENTICATED"
    refusal = await stranger.refused(SIGN_IN, input=PAIR)
    assert (refusal["code"], refusal["retryable"]) == ("RATE_LIMITED", True)
    await elsewhere(quest).run(SIGN_IN, input=PAIR)


async def test_sign_ins_that_succeed_are_no_failures(quest: Quest) -> None:
    await account(quest)
    client = elsewhere(quest)
    for _ in range(FAILED_SIGN_INS.most - 2):
        await quest.runtime.rate_limits.spend(FAILED_SIGN_INS, f"{KEY} {client.address}")
    for _ in range(3):
        await client.run(SIGN_IN, input=PAIR)
    assert (await client.refused(SIGN_IN, input=WRONG))["code"] == "UNAUTHENTICATED"
    await client.run(SIGN_IN, input=PAIR)
    assert (await client.refused(SIGN_IN, input=WRONG))["code"] == "UNAUTHENTICATED"


async def test_failures_from_very_many_networks_leave_the_network_where_the_owner_was(quest: Quest) -> None:
    await account(quest)
    home, abroad = elsewhere(quest), elsewhere(quest)
    await home.run(SIGN_IN, input=PAIR)
    await spend_elsewhere(quest, FAILED_SIGN_INS_ELSEWHERE.most)
    assert (await abroad.refused(SIGN_IN, input=PAIR))["code"] == "RATE_LIMITED"
    await home.run(SIGN_IN, input=PAIR)


async def test_a_strangers_address_is_limited_alike(quest: Quest) -> None:
    stranger = {**WRONG, "email": "stranger@example.org"}
    client = elsewhere(quest)
    for _ in range(FAILED_SIGN_INS.most):
        assert (await client.refused(SIGN_IN, input=stranger))["code"] == "UNAUTHENTICATED"
    assert (await client.refused(SIGN_IN, input=stranger))["code"] == "RATE_LIMITED"


async def test_a_network_fails_twenty_times_an_hour_whomever_it_tries(quest: Quest) -> None:
    client = elsewhere(quest)
    for number in range(AUTH_CALLS.most):
        refusal = await client.refused(SIGN_IN, input={**WRONG, "email": f"someone-{number}@example.org"})
        assert refusal["code"] == "UNAUTHENTICATED"
    for document, given in (
        (SIGN_IN, WRONG),
        (CONFIRM, {"email": EMAIL, "code": "123456"}),
        (RESEND, {"email": EMAIL}),
    ):
        assert (await client.refused(document, input=given))["code"] == "RATE_LIMITED"


async def test_an_account_signs_in_thirty_times_an_hour_at_a_network(quest: Quest) -> None:
    await account(quest)
    client = elsewhere(quest)
    for _ in range(SIGN_INS.most - 1):
        await quest.runtime.rate_limits.spend(SIGN_INS, f"{KEY} {client.address}")
    await client.run(SIGN_IN, input=PAIR)
    for _ in range(FAILED_SIGN_INS.most + 1):  # none of them is a failure
        assert (await client.refused(SIGN_IN, input=PAIR))["retryAfterSeconds"] > 900
    await elsewhere(quest).run(SIGN_IN, input=PAIR)


async def test_an_account_has_fifty_sessions_and_the_oldest_goes(quest: Quest) -> None:
    await account(quest)
    first = await sign_in(quest)
    await quest.runtime.writer.execute(
        """INSERT INTO sign_in_session (id, subject, signed_in_at, expires_at)
           SELECT gen_random_uuid(), subject, signed_in_at + n * interval '1 second', expires_at
           FROM sign_in_session, generate_series(1, $1) n""",
        MAX_SESSIONS - 1,
    )
    client = elsewhere(quest)
    client.now = client.now.replace(hour=13)
    await client.run(SIGN_IN, input=PAIR)
    assert await quest.runtime.writer.fetchval("SELECT count(*) FROM sign_in_session") == MAX_SESSIONS
    again = "mutation ($input: RefreshTokenInput!) { refreshToken(input: $input) { session { refreshToken } } }"
    assert (await client.refused(again, input={"refreshToken": first["refreshToken"]}))["code"] == "UNAUTHENTICATED"


async def test_code_limit_of_the_owner_is_untouched_by_a_strangers_wrong_codes(quest: Quest) -> None:
    await elsewhere(quest).run(SIGN_UP, input=ADA)
    right = await mailed(quest)
    wrong = {"email": EMAIL, "code": f"{(int(right) + 1) % 1_000_000:06d}"}
    stranger = elsewhere(quest)
    for _ in range(CODE_TRIES.most):
        assert (await stranger.refused(CONFIRM, input=wrong))["code"] == "CODE_INVALID"
    assert (await stranger.refused(CONFIRM, input={"email": EMAIL, "code": right}))["code"] == "RATE_LIMITED"
    await elsewhere(quest).run(CONFIRM, input={"email": EMAIL, "code": right})


async def test_an_attempt_has_five_tries_wherever_they_come_from(quest: Quest) -> None:
    attempt = (await elsewhere(quest).run(SIGN_UP, input=ADA))["signUp"]["attemptId"]
    right = await mailed(quest)
    given = {"email": EMAIL, "attemptId": attempt}
    for _ in range(CODE_TRIES.most):
        wrong = given | {"code": f"{(int(right) + 1) % 1_000_000:06d}"}
        assert (await elsewhere(quest).refused(CONFIRM, input=wrong))["code"] == "CODE_INVALID"
    assert (await elsewhere(quest).refused(CONFIRM, input=given | {"code": right}))["code"] == "RATE_LIMITED"
    await quest.runtime.redis.flushall()  # the database counted too
    assert (await elsewhere(quest).refused(CONFIRM, input=given | {"code": right}))["code"] == "CODE_INVALID"


async def test_a_network_has_few_mails_sent_to_an_address(quest: Quest) -> None:
    stranger = elsewhere(quest)
    await stranger.run(SIGN_UP, input=ADA)
    for _ in range(CODE_MAILS.most - 1):
        await stranger.run(RESEND, input={"email": EMAIL})
    for document in (RESEND, FORGOT):
        assert (await stranger.refused(document, input={"email": EMAIL}))["code"] == "RATE_LIMITED"
    assert (await stranger.refused(SIGN_UP, input=ADA))["code"] == "RATE_LIMITED"
    assert len(await quest.runtime.mailbox.newest()) == CODE_MAILS.most
    await elsewhere(quest).run(RESEND, input={"email": EMAIL})


async def test_all_networks_together_mail_an_address_a_few_times_a_day_but_not_its_owners(quest: Quest) -> None:
    await account(quest)
    home = elsewhere(quest)
    await home.run(SIGN_IN, input=PAIR)
    for _ in range(MAILS_OF_ADDRESS.most - 1):  # and one for the sign-up
        await quest.runtime.rate_limits.spend(MAILS_OF_ADDRESS, KEY)
    for document, given in ((FORGOT, {"email": EMAIL}), (RESEND, {"email": EMAIL}), (SIGN_UP, ADA)):
        assert (await elsewhere(quest).refused(document, input=given))["code"] == "RATE_LIMITED"
    await home.run(FORGOT, input={"email": EMAIL})


async def test_without_redis_one_signs_in_and_is_still_limited(quest: Quest) -> None:
    await account(quest)
    async with Redis.from_url("unix:///nowhere/valkey.sock") as away:
        without = Quest(replace(quest.runtime, rate_limits=RateLimits(away)))
        await sign_in(without)
        client = elsewhere(without)
        for _ in range(FAILED_SIGN_INS.most):
            assert (await client.refused(SIGN_IN, input=WRONG))["code"] == "UNAUTHENTICATED"
        assert (await client.refused(SIGN_IN, input=WRONG))["code"] == "RATE_LIMITED"


async def test_a_network_stays_known_while_its_account_signs_in_there(quest: Quest) -> None:
    await account(quest)
    home, redis = elsewhere(quest), quest.runtime.redis
    for _ in range(2):
        await home.run(SIGN_IN, input=PAIR)
        known = [key for key in await redis.keys() if KNOWN_NETWORKS.key.encode() in key]
        assert await redis.ttl(known[0]) > KNOWN_NETWORKS.seconds - 60
        await redis.expire(known[0], 60)


async def test_a_network_stays_known_when_the_address_changes_there(quest: Quest) -> None:
    await account(quest)
    ada = await signed_in(quest, await sign_in(quest))
    await ada.run(CONFIRM_CHANGE, input=await asked(quest, ada))
    for _ in range(FAILED_SIGN_INS_ELSEWHERE.most):
        await quest.runtime.rate_limits.spend(FAILED_SIGN_INS_ELSEWHERE, NEW_ADDRESS.lower())
    pair = {"email": NEW_ADDRESS, "password": PASSWORD}
    assert (await elsewhere(quest).refused(SIGN_IN, input=pair))["code"] == "RATE_LIMITED"
    await ada.run(SIGN_IN, input=pair)


async def test_a_wrong_password_uses_up_no_mails_of_a_new_address(quest: Quest) -> None:
    await account(quest)
    ada = await signed_in(quest, await sign_in(quest))
    given = {"newEmail": "newcomer@example.org", "password": "Wrong-Horse-1"}
    for _ in range(PASSWORD_CHECKS.most):
        assert (await ada.refused(ASK, input=given))["code"] == "VALIDATION_ERROR"
    limits = quest.runtime.rate_limits
    assert await limits.count(MAILS_OF_ADDRESS, "newcomer@example.org") == 0
    await limits.clear(PASSWORD_CHECKS, f"{ada.user_id.hex} {ada.address}")
    await ada.run(ASK, input=given | {"password": PASSWORD})
    assert await limits.count(MAILS_OF_ADDRESS, "newcomer@example.org") == 1
    assert await limits.count(CODE_MAILS, f"newcomer@example.org {ada.address}") == 1
