"""Callers from Authorization headers: their identity, the delay until a closed account shows, and the cost."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from milequest.actions.closing import request_deletion
from milequest.providers.identity.outside import OutsideIdentity
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind
from milequest.store.sql.account_deletions import is_leaving
from milequest.store.sql.transaction import Pool, open_pool, transact
from resolvers import identity as resolvers_identity
from resolvers.identity import FRESH_FOR, Identify
from tests.fakes import issuer as fake
from tests.fakes.issuer import CLIENT_ID, Issuer


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, 4) as pool:
        yield pool


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with fake.running() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identify(pool: Pool, issuer: Issuer, clock: Clock) -> Identify:
    return Identify(OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,)), pool, clock)


async def refusal(identify: Identify, authorization: str) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        await identify(authorization)
    return refused.value.code


async def caller(identify: Identify, issuer: Issuer) -> tuple[str, Identity]:
    """Return an access token of a known caller, and the identity."""
    await identify(issuer.token(issuer.id_claims()))
    token = issuer.token()
    return token, await identify(token)


async def test_request_without_a_header_is_anonymous(identify: Identify) -> None:
    assert await identify(None) is ANONYMOUS
    assert await identify("") is ANONYMOUS


async def test_a_token_is_taken_with_bearer_and_bare(identify: Identify, issuer: Issuer) -> None:
    token, identity = await caller(identify, issuer)
    assert identity.kind is IdentityKind.USER
    assert (identity.issuer, identity.username, identity.groups) == (issuer.name, "ada", frozenset({"admins"}))
    assert identity.expires_at is not None
    for header in (f"Bearer {token}", f"bearer  {token} ", f" {token}", f"BEARER {token}"):
        assert await identify(header) == identity


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", " ", "Basic YWRhOng=", "Bearer a b", "x", "\u00e9", "\ud800", "Bearer \x00"]
)
async def test_a_header_that_is_no_token_is_refused(identify: Identify, header: str) -> None:
    assert await refusal(identify, header) is ErrorCode.UNAUTHENTICATED


async def test_a_stranger_becomes_a_user_by_an_id_token_not_by_an_access_token(
    identify: Identify, issuer: Issuer, pool: Pool
) -> None:
    assert await refusal(identify, issuer.token()) is ErrorCode.UNAUTHENTICATED
    unverified = issuer.token(issuer.id_claims(email_verified=False))
    assert await refusal(identify, unverified) is ErrorCode.EMAIL_NOT_VERIFIED
    assert await pool.fetchval("SELECT count(*) FROM app_user") == 0
    made = await identify(issuer.token(issuer.id_claims()))
    assert (await identify(issuer.token())).user_id == made.user_id
    assert await pool.fetchval("SELECT email || name || timezone FROM app_user") == "Ada@Example.orgAdaEurope/London"


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
async def test_a_closed_account_shows_within_five_seconds(
    identify: Identify, issuer: Issuer, pool: Pool, clock: Clock, column: str
) -> None:
    token, _ = await caller(identify, issuer)
    await pool.execute(f"UPDATE app_user SET {column} = now()")
    await identify(token)
    clock.now += FRESH_FOR
    assert await refusal(identify, token) is ErrorCode.UNAUTHENTICATED
    await pool.execute(f"UPDATE app_user SET {column} = NULL")
    await identify(token)


async def test_closed_account_shows_at_once_when_its_caller_is_forgotten(
    identify: Identify, issuer: Issuer, pool: Pool
) -> None:
    token, identity = await caller(identify, issuer)
    await pool.execute("UPDATE app_user SET suspended_at = now()")
    assert identity.user_id is not None
    identify.forget(identity.user_id)
    assert await refusal(identify, token) is ErrorCode.UNAUTHENTICATED


async def test_a_token_ends_when_it_says_even_if_just_seen(identify: Identify, issuer: Issuer, clock: Clock) -> None:
    await caller(identify, issuer)
    soon = issuer.token(issuer.claims(exp=int(clock.now.timestamp()) + 2))
    await identify(soon)
    clock.now += timedelta(seconds=63)
    assert await refusal(identify, soon) is ErrorCode.UNAUTHENTICATED


async def test_callers_who_are_remembered_are_bounded(
    issuer: Issuer, pool: Pool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers_identity, "KEPT", 3)
    identify = Identify(OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,)), pool, clock)
    first, _ = await caller(identify, issuer)
    for number in range(5):
        await identify(issuer.token(issuer.claims(jti=str(number))))
    await pool.execute("UPDATE app_user SET suspended_at = now()")
    assert await refusal(identify, first) is ErrorCode.UNAUTHENTICATED  # no longer cached, so looked up anew


async def test_known_caller_is_served_while_the_issuer_is_away(
    identify: Identify, issuer: Issuer, pool: Pool, clock: Clock
) -> None:
    token, identity = await caller(identify, issuer)
    issuer.status = 500
    clock.now += timedelta(minutes=10)
    assert await identify(token) == identity
    new = Identify(OutsideIdentity(issuer.jwks_url, issuer.name, (CLIENT_ID,)), pool, clock)
    assert await refusal(new, token) is ErrorCode.UNAVAILABLE


async def test_a_known_caller_costs_next_to_nothing(identify: Identify, issuer: Issuer) -> None:
    """Some 3 us; without the cache it is 150 us and a statement."""
    token, _ = await caller(identify, issuer)
    header = f"Bearer {token}"

    async def one_thousand() -> float:
        began = time.process_time()
        for _ in range(1_000):
            await identify(header)
        return time.process_time() - began

    assert min([await one_thousand() for _ in range(5)]) < 0.02


async def test_many_requests_of_one_caller_at_once_are_one_user(identify: Identify, issuer: Issuer) -> None:
    await identify(issuer.token(issuer.id_claims()))
    token = issuer.token()
    identities = await asyncio.gather(*(identify(token) for _ in range(50)))
    assert len({identity.user_id for identity in identities}) == 1


async def test_unknown_token_without_the_database_is_unavailable(
    identify: Identify, issuer: Issuer, pool: Pool
) -> None:
    await pool.close()
    assert await refusal(identify, issuer.token(issuer.id_claims())) is ErrorCode.UNAVAILABLE


async def test_account_that_is_to_be_deleted_is_kept_by_a_later_session_alone(
    identify: Identify, issuer: Issuer, pool: Pool, clock: Clock
) -> None:
    began = int(clock.now.timestamp()) - 60
    _, who = await caller(identify, issuer)
    assert who.user_id is not None
    user_id, asked_at = who.user_id, clock.now
    await transact(pool, lambda tx: request_deletion(tx, user_id, asked_at))
    clock.now += FRESH_FOR
    assert await refusal(identify, issuer.token(issuer.claims(auth_time=began))) is ErrorCode.UNAUTHENTICATED
    assert await is_leaving(pool, user_id)
    again = await identify(issuer.token(issuer.claims(auth_time=int(asked_at.timestamp()) + 2)))
    assert again.user_id == user_id
    assert not await is_leaving(pool, user_id)
