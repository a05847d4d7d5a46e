"""The signer of a request: a role, or one of our users with a role of the identity pool; never by a mere claim."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.iam import iam_identity, pool_subject
from milequest.rules.identity import IdentityKind

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_aB3"
POOL = ISSUER.removeprefix("https://")
SUB = "6f0c1a5e-8f0e-4b55-9a3c-0d7c7d0c8c11"
OURS = f"{POOL},{POOL}:CognitoSignIn:{SUB}"
ROLE = {"accountId": "111111111111", "userArn": "arn:aws:sts::111111111111:assumed-role/operator/i-1"}


def user(provider: str, kind: str = "authenticated") -> dict[str, Any]:
    """Return API Gateway's identity of a caller with a role of an identity pool."""
    return {**ROLE, "cognitoAuthenticationProvider": provider, "cognitoAuthenticationType": kind}


def is_refused(told: dict[str, Any]) -> bool:
    with pytest.raises(Refused) as refusal:
        pool_subject(told, ISSUER)
    return refusal.value.code is ErrorCode.UNAUTHENTICATED


def test_a_role_is_known_by_its_arn() -> None:
    identity = iam_identity(ROLE)
    assert (identity.kind, identity.arn, identity.user_id) == (IdentityKind.IAM, ROLE["userArn"], None)
    assert pool_subject(ROLE, ISSUER) is None


@pytest.mark.parametrize(
    "told", [{}, {"userArn": None}, {**ROLE, "accountId": None}, {**ROLE, "userArn": "ada"}, {**ROLE, "userArn": 7}]
)
def test_incomplete_iam_identity_is_unauthenticated(told: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        iam_identity(told)
    assert refusal.value.code is ErrorCode.UNAUTHENTICATED


def test_a_user_of_our_pool_is_known_by_both_names_of_the_list() -> None:
    assert pool_subject(user(OURS), ISSUER) == SUB
    quoted = ",".join(f'"{part}"' for part in OURS.split(","))
    of_appsync = {**ROLE, "cognitoIdentityAuthProvider": quoted, "cognitoIdentityAuthType": "authenticated"}
    assert pool_subject(of_appsync, ISSUER) == SUB
    assert pool_subject(user(f"graph.facebook.com, {OURS}"), ISSUER) == SUB


@pytest.mark.parametrize(
    "provider",
    [
        "",
        "graph.facebook.com",
        f"{POOL}x,{POOL}x:CognitoSignIn:{SUB}",
        f"evil.example/{POOL}:CognitoSignIn:{SUB}",
        f"{POOL.replace('aB3', 'aB4')}:CognitoSignIn:{SUB}",
    ],
)
def test_users_of_other_pools_are_none_of_ours(provider: str) -> None:
    assert pool_subject(user(provider), ISSUER) is None


def test_malformed_identity_pool_user_is_refused() -> None:
    assert is_refused(user(POOL))
    assert is_refused(user(f"{POOL}:CognitoSignIn:"))
    assert is_refused(user(f"{POOL}:Other:{SUB}"))
    assert is_refused(user(f"{OURS},{POOL}:CognitoSignIn:somebody-else"))
    assert is_refused(user(OURS, "unauthenticated"))
    assert is_refused(user(f"{POOL}:CognitoSignIn:{'x' * 256}"))


def test_without_an_issuer_there_are_no_users_of_its_pool() -> None:
    assert pool_subject(user(OURS), "") is None


@given(st.text(max_size=60), st.sampled_from(["authenticated", "unauthenticated", ""]))
def test_a_subject_is_only_what_stands_behind_our_own_name(provider: str, kind: str) -> None:
    try:
        subject = pool_subject(user(provider, kind), ISSUER)
    except Refused:
        return
    assert subject is None or f"{POOL}:CognitoSignIn:{subject}" in provider
