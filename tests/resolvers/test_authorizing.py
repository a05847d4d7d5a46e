"""Callers that the operator's authorizer admits: its requests, the cache of its answers, and requests it never gets."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from milequest.providers.identity import authorizer as ways
from milequest.providers.identity.authorizer import PythonAuthorizer
from milequest.providers.identity.outside import OutsideIdentity
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from milequest.store.sql.transaction import Pool
from resolvers import authorizing
from resolvers.authorizing import CachingAuthorizer
from resolvers.identity import Identify
from resolvers.network_guard import MAX_CHECKS
from tests.fakes import authorizer as operator
from tests.fakes.issuer import CLIENT_ID, Issuer

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def asked() -> list[dict[str, Any]]:
    """Return the authorizer's requests."""
    operator.asked.clear()
    return operator.asked


@pytest.fixture
def identify(pool: Pool, issuer: Issuer) -> Identify:
    outside = OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,))
    return Identify(outside, pool, authorizer=PythonAuthorizer(operator.decide))


async def code(identify: Identify, authorization: str) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        await identify(authorization)
    return refused.value.code


async def test_authorizer_gets_the_header_verbatim_and_is_not_called_without_one(
    identify: Identify, asked: list[Any]
) -> None:
    for header in ("wall", "Bearer wall"):
        identity = await identify(header)
        assert (identity.kind, identity.user_id) == (IdentityKind.LAMBDA, None)
        assert identity.resolver_context == {"machine": "wall"}
        assert asked[-1]["authorizationToken"] == header
    assert await identify(None) is ANONYMOUS
    assert await identify("") is ANONYMOUS
    assert len(asked) == 2


@pytest.mark.parametrize("header", ["nobody", "broken", "empty", "wall -1", "wall 60 Team", "Basic d2FsbA=="])
async def test_authorizer_denial_exception_or_nonsense_admits_nobody(
    identify: Identify, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await code(identify, header) is ErrorCode.UNAUTHENTICATED
    assert header not in caplog.text


async def test_tokens_of_our_issuer_never_go_to_the_authorizer(
    identify: Identify, issuer: Issuer, asked: list[Any]
) -> None:
    known = await identify(issuer.token(issuer.id_claims()))
    assert known.kind is IdentityKind.USER
    old = issuer.token(issuer.claims(exp=1))
    forged = issuer.token()[:-8] + "AAAAAAAA"
    for header in (old, f"Bearer {old}", f"Token {old}", f"{old} wall", forged, f"wall {forged}"):
        assert await code(identify, header) is ErrorCode.UNAUTHENTICATED
    assert asked == []
    assert await code(identify, issuer.token(issuer.claims(iss="https://other.example"))) is ErrorCode.UNAUTHENTICATED
    assert len(asked) == 1, "a token of somebody else is his affair"


async def test_signatures_and_overlong_tokens_never_go_to_the_authorizer(identify: Identify, asked: list[Any]) -> None:
    for header in ("AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/appsync/aws4_request", "wall" * 3_000):
        assert await code(identify, header) is ErrorCode.UNAUTHENTICATED
    assert asked == []


async def test_foreign_token_without_an_authorizer_is_unauthenticated(
    pool: Pool, issuer: Issuer, asked: list[Any]
) -> None:
    identify = Identify(OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,)), pool)
    assert await code(identify, "wall") is ErrorCode.UNAUTHENTICATED
    assert asked == []


async def test_an_answer_is_kept_for_as_long_as_it_says(asked: list[Any]) -> None:
    caching = CachingAuthorizer(PythonAuthorizer(operator.decide_soon))
    for seconds, times in ((0, 1), (59, 1), (60, 2)):
        await caching("wall 60", None, NOW + timedelta(seconds=seconds))
        assert len(asked) == times
    for _ in range(2):
        await caching("wall", None, NOW)
    assert len(asked) == 4, "unless it says so it is not kept"
    for _ in range(2):
        with pytest.raises(Refused):
            await caching("nobody", None, NOW)
    assert len(asked) == 6, "a no is never kept"


@pytest.mark.parametrize(("limit", "most"), [("KEPT", 3), ("KEPT_BYTES", 500)])
async def test_kept_authorizer_answers_are_bounded(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any], limit: str, most: int
) -> None:
    monkeypatch.setattr(authorizing, limit, most)
    caching = CachingAuthorizer(PythonAuthorizer(operator.decide))
    for number in range(20):
        await caching("wall 60" + " " * number, None, NOW)
    assert 1 <= len(caching) <= 5
    await caching("wall 60" + " " * 19, None, NOW)
    assert len(asked) == 20, "the latest is kept"
    await caching("wall 60", None, NOW)
    assert len(asked) == 21, "the first is not"


async def test_an_answer_that_is_very_large_is_not_kept(asked: list[Any]) -> None:
    def talkative(event: dict[str, Any], context: object) -> Any:
        return operator.decide(event, context) | {"resolverContext": {"x": "y" * authorizing.MAX_BYTES}}

    caching = CachingAuthorizer(PythonAuthorizer(talkative))
    for _ in range(2):
        await caching("wall 60", None, NOW)
    assert (len(asked), len(caching)) == (2, 0)


def begin(caching: CachingAuthorizer, tokens: Iterable[str], now: datetime = NOW) -> list[asyncio.Task[Identity]]:
    """Ask about tokens, all at once."""
    return [asyncio.create_task(caching(token, None, now)) for token in tokens]


@pytest.mark.parametrize("is_known", [False, True])
async def test_token_sent_by_a_thousand_connections_at_once_is_checked_once(is_known: bool) -> None:
    authorizer = operator.Slow(ttlOverride=60)
    caching = CachingAuthorizer(authorizer)
    if is_known:
        authorizer.gate.set()
        await caching("same", None, NOW)
        authorizer.gate.clear()
    later = NOW + timedelta(seconds=61)
    asking = begin(caching, ["same"] * 1_000, later)
    await operator.let_run()
    authorizer.gate.set()
    assert len(await asyncio.gather(*asking)) == 1_000
    assert authorizer.asked == {"same": 1 + is_known}
    assert caching._pending == {}


async def test_answer_that_may_not_be_kept_is_for_its_request_alone() -> None:
    authorizer = operator.Slow()
    caching = CachingAuthorizer(authorizer)
    asking = begin(caching, ["same"] * 5)
    await operator.let_run()
    assert authorizer.asked == {"same": 1}, "nobody knows yet that it may not be kept"
    authorizer.gate.set()
    await asyncio.gather(*asking)
    authorizer.gate.clear()
    asking = begin(caching, ["same"] * 5)
    await operator.let_run()
    assert authorizer.asked == {"same": 10}, "it is known: none waits for another"
    authorizer.gate.set()
    await asyncio.gather(*asking)


async def test_tokens_admitted_lately_stay_known_while_others_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorizing, "KEPT", 3)
    authorizer = operator.Slow()
    gatekeeper = CachingAuthorizer(authorizer)
    authorizer.gate.set()
    for token in ("often", "a", "b", "often", "c"):
        await gatekeeper(token, None, NOW)
    authorizer.gate.clear()
    asking = begin(gatekeeper, [*["often"] * 5, *["a"] * 5])
    await asyncio.sleep(0.05)
    assert authorizer.asked == {"often": 2 + 5, "a": 1 + 1, "b": 1, "c": 1}, "nobody knows any more that a is not kept"
    authorizer.gate.set()
    await asyncio.gather(*asking)


async def test_refusal_is_for_its_request_alone() -> None:
    authorizer = operator.Slow(isAuthorized=False)
    asking = begin(CachingAuthorizer(authorizer), ["same"] * 5)
    await operator.let_run()
    authorizer.gate.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in answers] == [Refused] * 5
    assert authorizer.asked == {"same": 5}


async def test_connection_that_goes_away_leaves_its_decision_to_those_that_wait() -> None:
    authorizer = operator.Slow(ttlOverride=60)
    caching = CachingAuthorizer(authorizer)
    first, *rest = begin(caching, ["same"] * 50)
    await operator.let_run()
    first.cancel()
    await operator.let_run()
    assert authorizer.asked == {"same": 2}
    authorizer.gate.set()
    assert len(await asyncio.gather(*rest)) == 49
    assert authorizer.asked == {"same": 2}


async def test_tokens_admitted_before_are_served_when_a_network_reconnects() -> None:
    authorizer, tokens = operator.Slow(), [f"machine {number}" for number in range(1_000)]
    caching = CachingAuthorizer(authorizer)
    authorizer.gate.set()
    for token in tokens:
        await caching(token, None, NOW)
    authorizer.gate.clear()
    asking = begin(caching, tokens)
    await operator.let_run()
    assert sum(authorizer.asked.values()) == 1_000 + MAX_CHECKS
    authorizer.gate.set()
    assert len(await asyncio.gather(*asking)) == 1_000


@pytest.mark.parametrize("is_async", [False, True])
async def test_authorizer_that_answers_too_late_lets_nobody_in(monkeypatch: pytest.MonkeyPatch, is_async: bool) -> None:
    monkeypatch.setattr(ways, "SECONDS", 0.05)

    async def later(event: dict[str, Any], context: object) -> Any:
        await asyncio.sleep(0.5)
        return {"isAuthorized": True}

    def slow(event: dict[str, Any], context: object) -> Any:
        time.sleep(0.5)
        return {"isAuthorized": True}

    function: Callable[..., Any] = later if is_async else slow
    with pytest.raises(Refused) as refused:
        await CachingAuthorizer(PythonAuthorizer(function))("wall", None, NOW)
    assert refused.value.code is ErrorCode.UNAUTHENTICATED


async def test_hanging_authorizer_occupies_its_own_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "THREADS", 3)
    goes_on, before = threading.Event(), set(threading.enumerate())

    def hanging(event: dict[str, Any], context: object) -> Any:
        goes_on.wait()
        return {"isAuthorized": True}

    authorizer = PythonAuthorizer(hanging)
    monkeypatch.setattr(ways, "SECONDS", 0.01)
    try:
        answers = await asyncio.gather(*(authorizer.ask({}) for _ in range(50)))
        kept = [one for one in set(threading.enumerate()) - before if one.name == "authorizer"]
        assert (answers, len(kept)) == ([None] * 50, 3)
        assert all(one.daemon for one in kept), "the process would not end"
        async with asyncio.timeout(30):
            assert await asyncio.to_thread(lambda: "others work") == "others work"
    finally:
        goes_on.set()
    monkeypatch.setattr(ways, "SECONDS", 30)
    assert await authorizer.ask({}) == {"isAuthorized": True}


async def test_authorizer_that_raises_system_exit_lets_nobody_in() -> None:
    def leaving(event: dict[str, Any], context: object) -> Any:
        raise SystemExit("enough")

    assert await PythonAuthorizer(leaving).ask({}) is None
