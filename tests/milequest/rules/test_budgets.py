"""The payer of a request, and the time until a budget is full again."""

from uuid import UUID

import pytest

from milequest.rules.budgets import (
    BURST,
    HOUR,
    MAX_OWED,
    SECOND,
    Caller,
    Payer,
    caller,
    later,
    price,
    refuse_spent,
    variables_points,
)
from milequest.rules.errors import RateLimited
from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind

ADDRESS, NETWORK = "2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002::/64"
ADA = UUID(int=7)


@pytest.mark.parametrize(
    ("identity", "payer"),
    [
        (ANONYMOUS, Caller(Payer.NETWORK, NETWORK)),
        (Identity(IdentityKind.USER, ADA), Caller(Payer.USER, ADA.hex)),
        (Identity(IdentityKind.IAM, arn="arn:aws:iam::1:role/x"), Caller(Payer.MACHINE, "arn:aws:iam::1:role/x")),
        (Identity(IdentityKind.IAM), Caller(Payer.MACHINE, "")),
        (Identity(IdentityKind.LAMBDA), Caller(Payer.MACHINE, NETWORK)),
        (
            Identity(IdentityKind.LAMBDA, resolver_context={"b": 2, "a": "1"}),
            Caller(Payer.MACHINE, "[('a', '1'), ('b', 2)]"),
        ),
    ],
)
def test_a_request_is_paid_by_its_user_its_machine_or_its_network(identity: Identity, payer: Caller) -> None:
    assert caller(identity, ADDRESS) == payer


@pytest.mark.parametrize(
    ("characters", "points"),
    [(0, 0), (1, 0), (1_024, 0), (1_039, 0), (1_040, 1), (1_055, 1), (1_056, 2), (17_024, 1_000)],
)
def test_variables_cost_a_point_for_sixteen_characters_beyond_a_thousand(characters: int, points: int) -> None:
    found = variables_points(characters)
    assert (found, type(found)) == (points, int)


def test_a_point_takes_its_part_of_an_hour_and_never_nothing() -> None:
    assert [price(points) for points in (1, 7, 3_600, HOUR, HOUR + 1)] == [HOUR, HOUR // 7, SECOND, 1, 1]


def test_a_budget_fills_from_now_or_from_what_is_owed_and_never_owes_more_than_the_most() -> None:
    assert later(5, 10, 3) == 13
    assert later(20, 10, 3) == 23
    assert later(20, 10, MAX_OWED) == 10 + MAX_OWED


def test_a_budget_is_spent_once_the_whole_burst_is_owed() -> None:
    refuse_spent(100 + BURST - 1, 100)
    for owed, seconds in ((0, 1), (SECOND - 1, 1), (SECOND, 2)):
        with pytest.raises(RateLimited) as refused:
            refuse_spent(100 + BURST + owed, 100)
        assert refused.value.extensions()["retryAfterSeconds"] == seconds
        assert refused.value.message == "Too many requests, or too large ones; try again later."
