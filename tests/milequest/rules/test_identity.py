"""The claims of a token whose signature is valid: which are accepted, and the identity that results."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import VerifiedToken, accept_claims

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
AT = int(NOW.timestamp())
ACCESS = {"sub": "s-1", "iss": "https://issuer", "client_id": "us", "token_use": "access", "iat": AT, "exp": AT + 3600}
ID = {**ACCESS, "client_id": None, "token_use": "id", "aud": "us"}
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def accept(claims: dict[str, Any]) -> VerifiedToken:
    given_claims = {name: claim for name, claim in claims.items() if claim is not None}
    return accept_claims(given_claims, issuer="https://issuer", client_ids=frozenset(("us", "pages")), now=NOW)


def is_refused(claims: dict[str, Any]) -> bool:
    with pytest.raises(Refused) as refusal:
        accept(claims)
    return refusal.value.code is ErrorCode.UNAUTHENTICATED


def test_an_access_token_and_an_id_token_are_accepted() -> None:
    token = accept({**ACCESS, "username": "ada", "cognito:groups": ["admins", 7], "secret": "x"})
    assert (token.subject, token.username, token.groups) == ("s-1", "ada", frozenset({"admins"}))
    assert token.expires_at == datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    assert "secret" not in token.claims
    assert accept(ID).username == "s-1"
    assert accept({**ID, "aud": ["them", "us"], "cognito:username": "ada"}).username == "ada"


def test_tokens_of_each_client_are_accepted_and_no_other() -> None:
    for one in ("us", "pages"):
        assert accept({**ACCESS, "client_id": one}).subject == "s-1"
        assert accept({**ID, "aud": one}).subject == "s-1"
    for other in ("u", "s", "us,pages", "", ["us"], {"us": 1}, None, 7):
        assert is_refused({**ACCESS, "client_id": other})
        assert is_refused({**ID, "aud": [other]})
    assert is_refused({**ID, "aud": {"us": 1}})


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"client_id": "them"},
        {"client_id": None},
        {"client_id": None, "aud": "us"},
        {"token_use": "id"},
        {"token_use": "refresh"},
        {"token_use": None},
        {"token_use": ["access"]},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"exp": -1},
        {"iat": "now"},
        {"nbf": [AT]},
    ],
)
def test_a_wrong_claim_is_refused(change: dict[str, Any]) -> None:
    assert is_refused({**ACCESS, **change})


@pytest.mark.parametrize(
    "change", [{"aud": "them"}, {"aud": None}, {"aud": ["them"]}, {"aud": None, "client_id": "us"}]
)
def test_an_id_token_for_another_application_is_refused(change: dict[str, Any]) -> None:
    assert is_refused({**ID, **change})


@pytest.mark.parametrize(("claim", "good", "bad"), [("exp", -59, -60), ("nbf", 60, 61), ("iat", 60, 61)])
def test_clocks_may_differ_by_a_minute(claim: str, good: int, bad: int) -> None:
    accept({**ACCESS, claim: AT + good})
    assert is_refused({**ACCESS, claim: AT + bad})


@given(
    st.sampled_from([ACCESS, ID]),
    st.sampled_from(sorted({*ACCESS, "aud", "nbf", "username", "cognito:groups"})),
    NONSENSE,
)
def test_claim_of_any_value_is_accepted_or_refused(claims: dict[str, Any], name: str, value: object) -> None:
    with suppress(Refused):  # the only error that is allowed
        assert accept({**claims, name: value}).account() is None


PERSON = {"email": " Ada@Example.org", "email_verified": True, "name": "Ada", "zoneinfo": "Europe/London"}


def test_an_id_token_describes_an_account() -> None:
    account = accept({**ID, **PERSON}).account()
    assert account is not None
    assert (account.email, account.email_verified, account.name) == ("Ada@Example.org", True, "Ada")
    assert account.timezone == "Europe/London"


@pytest.mark.parametrize(
    ("change", "verified", "name", "zone"),
    [
        ({"email_verified": "true"}, True, "Ada", "Europe/London"),
        ({"email_verified": "false"}, False, "Ada", "Europe/London"),
        ({"email_verified": None}, False, "Ada", "Europe/London"),
        ({"email_verified": 1}, False, "Ada", "Europe/London"),
        ({"name": "A\x00"}, True, "Walker", "Europe/London"),
        ({"name": None, "zoneinfo": "Mars/Olympus"}, True, "Walker", "UTC"),
    ],
)
def test_claims_of_a_person_that_are_no_use_fall_back(
    change: dict[str, Any], verified: bool, name: str, zone: str
) -> None:
    account = accept({**ID, **PERSON, **change}).account()
    assert account is not None
    assert (account.email_verified, account.name, account.timezone) == (verified, name, zone)


def test_repr_of_token_and_account_shows_nothing_private() -> None:
    token = accept({**ID, **PERSON})
    assert "example" not in repr(token).lower().replace("https://issuer", "")
    assert "example" not in repr(token.account()).lower()
