"""Identities that an issuer vouches for get a user of ours: one, whatever happens concurrently."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from milequest.actions.accounts import user_for_identity
from milequest.rules.enums import Units
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import IssuerAccount
from milequest.store.sql.transaction import Pool, open_pool, transact

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADA = IssuerAccount("https://issuer", "subject-1", "Ada@Example.org", True, "Ada", "Europe/London", Units.KILOMETERS)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, 8) as pool:
        yield pool


async def user(pool: Pool, account: IssuerAccount = ADA) -> UUID:
    return (await transact(pool, lambda tx: user_for_identity(tx, account, NOW))).result


async def refusal(pool: Pool, account: IssuerAccount = ADA) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        await user(pool, account)
    return refused.value.code


async def test_first_sign_in_creates_the_user_and_later_ones_find_them(pool: Pool) -> None:
    user_id = await user(pool)
    assert await user(pool, replace(ADA, name="Another", email="moved@example.org")) == user_id
    row = await pool.fetchrow("SELECT email, email_key, name, timezone, preferred_units, created_at FROM app_user")
    assert row is not None
    moved = "moved@example.org"  # the address follows the issuer's, the name stays the user's own
    assert tuple(row) == (moved, moved, "Ada", "Europe/London", "KILOMETERS", NOW)


async def test_concurrent_first_sign_ins_create_one_user(pool: Pool) -> None:
    same = await asyncio.gather(*(user(pool) for _ in range(8)))
    assert len(set(same)) == 1
    others = await asyncio.gather(*(user(pool, replace(ADA, subject=f"other-{number}")) for number in range(8)))
    assert set(others) == set(same)
    assert await pool.fetchval("SELECT count(*) FROM app_user") == 1


async def test_sign_in_after_a_lost_identity_links_the_same_user(pool: Pool) -> None:
    """A user without an identity, as when an identity was lost: the next sign-in ties it."""
    user_id = await user(pool)
    await pool.execute("DELETE FROM user_identity")
    assert await user(pool) == user_id


async def test_second_identity_with_a_verified_address_is_the_same_user(pool: Pool) -> None:
    user_id = await user(pool)
    elsewhere = replace(ADA, issuer="https://other", subject="x", email="ADA@example.org")
    assert await refusal(pool, replace(elsewhere, email_verified=False)) is ErrorCode.EMAIL_NOT_VERIFIED
    assert await user(pool, elsewhere) == user_id
    assert await user(pool, replace(elsewhere, email_verified=False)) == user_id  # tied by now


async def test_sign_in_with_an_unverified_address_is_refused_and_makes_no_user(pool: Pool) -> None:
    assert await refusal(pool, replace(ADA, email_verified=False)) is ErrorCode.EMAIL_NOT_VERIFIED
    assert await pool.fetchval("SELECT count(*) FROM app_user") == 0


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
async def test_sign_in_of_a_suspended_or_deleted_user_is_refused(pool: Pool, column: str) -> None:
    await user(pool)
    await pool.execute(f"UPDATE app_user SET {column} = $1", NOW)
    assert await refusal(pool) is ErrorCode.UNAUTHENTICATED
    assert await refusal(pool, replace(ADA, subject="again")) is ErrorCode.UNAUTHENTICATED
    assert await pool.fetchval("SELECT count(*) FROM user_identity") == 1
