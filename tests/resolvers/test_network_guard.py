"""Charges for bad credentials to their network, and to nobody else."""

import asyncio
from typing import Any

import pytest

from milequest.providers.identity.authorizer import PythonAuthorizer
from milequest.providers.identity.outside import OutsideIdentity
from milequest.rules.authorizing import AuthorizerRequest
from milequest.rules.budgets import BAD_CREDENTIAL, BURST, HOUR, REFUSED_CREDENTIAL, Payer
from milequest.rules.errors import ErrorCode, QuestError
from milequest.rules.identity import IdentityKind
from milequest.store.cache.budgets import Budgets
from milequest.store.sql.transaction import Pool
from resolvers.identity import Identify
from resolvers.network_guard import MAX_CHECKS, MAX_WAITING
from tests.fakes import authorizer as operator
from tests.fakes.issuer import CLIENT_ID, Issuer

PER_HOUR = 1_000
POINTS = PER_HOUR * BURST // HOUR  # of a full budget
REFILLED = 5  # at most, while a test runs
HERE, ELSEWHERE = (
    AuthorizerRequest("here", address="198.51.100.7"),
    AuthorizerRequest("elsewhere", address="203.0.113.9"),
)


@pytest.fixture(autouse=True)
def asked() -> list[dict[str, Any]]:
    """Return the authorizer's requests."""
    operator.asked.clear()
    return operator.asked


def identifying(pool: Pool, issuer: Issuer, authorizer: Any = None, per_hour: int = PER_HOUR) -> Identify:
    """As a server identifies, with budgets that refill in no time a test takes."""
    outside = OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,))
    return Identify(outside, pool, authorizer=authorizer, budgets=Budgets(None, {Payer.NETWORK: per_hour}))


async def code(identify: Identify, token: str, asking: AuthorizerRequest = HERE) -> ErrorCode | None:
    """Why a token is refused, if it is."""
    try:
        await identify(token, asking)
    except QuestError as refusal:
        return refusal.code
    return None


async def spent(identify: Identify, token: str) -> int:
    """How many such tokens are told that they are not good before none is looked at any more."""
    for number in range(2 * POINTS):
        answer = await code(identify, token.replace("#", str(number)))
        if answer is ErrorCode.RATE_LIMITED:
            return number
        assert answer is ErrorCode.UNAUTHENTICATED
    raise AssertionError("nothing is ever refused")


@pytest.mark.parametrize("kind", ["no token", "another signature", "an unknown key", "nobody's", "expired"])
async def test_invalid_tokens_of_our_issuer_cost_their_network_a_point(pool: Pool, issuer: Issuer, kind: str) -> None:
    identify = identifying(pool, issuer)
    good = issuer.token(issuer.id_claims())
    await identify(good, HERE)
    bad = {
        "no token": "junk#",
        "another signature": good[:-8] + "AAAAAAAA",
        "an unknown key": good.replace(good.partition(".")[0], "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ"),
        "nobody's": issuer.token(issuer.claims(sub="nobody")),
        "expired": issuer.token(issuer.claims(exp=1)),
    }[kind]
    assert POINTS <= await spent(identify, bad) * BAD_CREDENTIAL <= POINTS + REFILLED
    assert await code(identify, bad, ELSEWHERE) is ErrorCode.UNAUTHENTICATED
    assert await code(identify, good) is None
    assert await code(identify, issuer.token()) is None  # another good one, that was never seen here


async def test_authorizer_is_not_called_once_a_network_has_spent_its_budget(
    pool: Pool, issuer: Issuer, asked: list[Any]
) -> None:
    identify = identifying(pool, issuer, PythonAuthorizer(operator.decide))
    await identify("wall", HERE)
    times = await spent(identify, "junk#")
    assert POINTS <= times * REFUSED_CREDENTIAL <= POINTS + REFUSED_CREDENTIAL
    so_far = len(asked)
    assert so_far == 1 + times
    for number in range(50):
        assert await code(identify, f"more{number}") is ErrorCode.RATE_LIMITED
    assert await code(identify, "AWS4-HMAC-SHA256 Credential=x") is ErrorCode.RATE_LIMITED
    assert len(asked) == so_far
    assert (await identify("wall", HERE)).kind is IdentityKind.LAMBDA  # which was good, and is asked about as before
    assert await code(identify, "wall 60") is ErrorCode.RATE_LIMITED  # whom nobody knows here yet
    assert await code(identify, "wall 60", ELSEWHERE) is None
    assert await code(identify, issuer.token(issuer.id_claims())) is None
    assert len(asked) == so_far + 2


async def test_authorizer_checks_few_tokens_of_a_network_concurrently(pool: Pool, issuer: Issuer) -> None:
    authorizer = operator.Slow({"wall"}, isAuthorized=False)
    identify = identifying(pool, issuer, authorizer, per_hour=10_000_000)
    await identify("wall", HERE)
    junk = [asyncio.create_task(code(identify, f"junk{number}")) for number in range(200)]
    await operator.let_run()
    assert authorizer.under_way == MAX_CHECKS
    async with asyncio.timeout(5):
        assert (await identify("wall", HERE)).kind is IdentityKind.LAMBDA
        assert (await identify("wall", ELSEWHERE)).kind is IdentityKind.LAMBDA
    refused = [one.result() for one in junk if one.done()]
    assert refused == [ErrorCode.RATE_LIMITED] * (200 - MAX_CHECKS - MAX_WAITING)
    authorizer.gate.set()
    answers = await asyncio.gather(*junk)
    assert answers.count(ErrorCode.UNAUTHENTICATED) == MAX_CHECKS + MAX_WAITING
    assert authorizer.most == MAX_CHECKS


async def test_caller_that_gave_up_waiting_leaves_the_queue(pool: Pool, issuer: Issuer) -> None:
    authorizer = operator.Slow({"wall"}, isAuthorized=False)
    identify = identifying(pool, issuer, authorizer, per_hour=10_000_000)
    junk = [asyncio.create_task(code(identify, f"junk{number}")) for number in range(MAX_CHECKS + MAX_WAITING)]
    await operator.let_run()
    for one in junk:
        one.cancel()
    await asyncio.wait(junk)
    authorizer.gate.set()
    assert await code(identify, "again") is ErrorCode.UNAUTHENTICATED
    assert identify._network_guard._slots == {}


async def test_tokens_checked_concurrently_are_each_charged_before_the_next(pool: Pool, issuer: Issuer) -> None:
    authorizer = operator.Slow({"wall"}, isAuthorized=False)
    identify = identifying(pool, issuer, authorizer)
    junk = [asyncio.create_task(code(identify, f"junk{number}")) for number in range(MAX_CHECKS)]
    await operator.let_run()
    assert POINTS <= authorizer.under_way * REFUSED_CREDENTIAL <= POINTS + REFUSED_CREDENTIAL
    for one in junk:
        one.cancel()  # who goes away has paid too
    await asyncio.wait(junk)
    assert await code(identify, "more") is ErrorCode.RATE_LIMITED


async def test_admitted_tokens_cost_their_network_nothing(pool: Pool, issuer: Issuer, asked: list[Any]) -> None:
    identify = identifying(pool, issuer, PythonAuthorizer(operator.decide))
    for number in range(3 * POINTS // REFUSED_CREDENTIAL):
        assert await code(identify, f"wall {number}") is None
        assert await code(identify, issuer.token(issuer.id_claims(jti=str(number)))) is None
    assert await code(identify, "junk") is ErrorCode.UNAUTHENTICATED


async def test_token_no_longer_admitted_is_charged_like_any_other(pool: Pool, issuer: Issuer) -> None:
    authorizer = operator.Slow()
    authorizer.gate.set()
    identify = identifying(pool, issuer, authorizer)
    assert await code(identify, "revoked") is None
    authorizer.answer = {"isAuthorized": False}
    assert await spent(identify, "revoked") <= 1 + (POINTS + REFILLED) // REFUSED_CREDENTIAL + 1
