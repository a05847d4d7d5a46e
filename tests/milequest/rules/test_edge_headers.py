"""The edge's headers: which secrets are one, and whose address counts."""

import pytest

from milequest.rules.edge_headers import caller_address, is_secret, viewer_of

SECRETS = ("a" * 40, "b" * 40, "")


@pytest.mark.parametrize(
    ("given", "is_one"), [("a" * 40, True), ("b" * 40, True), ("a" * 39, False), ("c" * 40, False)]
)
def test_secret_is_one_of_the_values_as_a_whole(given: str, is_one: bool) -> None:
    assert is_secret(given, SECRETS) is is_one


@pytest.mark.parametrize("given", [None, "", "short", "ä" * 40])
def test_secret_is_never_an_empty_or_short_value(given: str | None) -> None:
    assert not is_secret(given, ("", "short"))


@pytest.mark.parametrize(
    ("given", "address"),
    [("192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1"), ("", None), ("192.0.2.1, 192.0.2.2", None)],
)
def test_viewers_address_is_one_address_or_none(given: str, address: str | None) -> None:
    assert viewer_of({"x-viewer-address": given}) == address


def test_callers_address_is_the_authorizers_before_the_peers() -> None:
    context = {"identity": {"sourceIp": "198.51.100.7"}}
    assert caller_address(context) == "198.51.100.7"
    assert caller_address({**context, "authorizer": {"principal": "x"}}) == "198.51.100.7"
    assert caller_address({**context, "authorizer": {"address": "192.0.2.1"}}) == "192.0.2.1"
    assert caller_address({**context, "authorizer": None}) == "198.51.100.7"
