"""Triggers of Cognito's user pool: an account's attributes, which anybody can write, are checked."""

from typing import Any

import pytest

from app.aws import cognito
from milequest.store.sql.transaction import open_pool

MARKS = "a" + "\u0301" * 900 + "\u0316" * 900


def confirmed(**attributes: str) -> dict[str, Any]:
    """Return a PostConfirmation event."""
    given = {"sub": "0190163d-8694-739b-aea5-966c26f8ad91", "email": "ada@example.org"} | attributes
    return {"region": "eu-west-1", "userPoolId": "eu-west-1_x", "request": {"userAttributes": given}}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"name": "Ada", "zoneinfo": "Europe/London"}, ("Ada", "Europe/London")),
        ({}, ("ada", "UTC")),
        ({"name": "A\u202eda\x07\n" * 300}, ("Walker", "UTC")),
        ({"name": MARKS, "zoneinfo": "../../etc/passwd"}, ("Walker", "UTC")),
        ({"name": "Ada", "zoneinfo": "Mars/Olympus"}, ("Ada", "UTC")),
    ],
)
async def test_a_confirmed_account_with_unusable_attributes_gets_usable_ones(
    database_url: str, given: dict[str, str], kept: tuple[str, str]
) -> None:
    async with await open_pool(database_url, 1) as pool:
        await cognito._made(pool, confirmed(**given))
        rows = await pool.fetch("SELECT name, timezone FROM app_user")
    assert [tuple(row) for row in rows] == [kept]


async def test_a_confirmed_account_without_a_usable_address_is_not_made(database_url: str) -> None:
    async with await open_pool(database_url, 1) as pool:
        await cognito._made(pool, confirmed(email="ada"))
        assert await pool.fetchval("SELECT count(*) FROM app_user") == 0
