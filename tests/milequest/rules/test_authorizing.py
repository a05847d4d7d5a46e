"""Requests to an authorizer and its answers: AppSync's shapes, and any other answer denies."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.authorizing import CONNECTING, AuthorizerRequest, build_event, parse_response
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import IdentityKind

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
YES = {"isAuthorized": True}
ARN = "arn:aws:appsync:us-east-1:111111111111:apis/abc/types/Team/fields/name"


@dataclass(frozen=True)
class Wanted:
    """An operation."""

    query: str = "{ team }"
    variables: Any = None
    operation_name: str | None = None


def is_refused(answer: object) -> bool:
    with pytest.raises(Refused) as refusal:
        parse_response(answer, NOW)
    return refusal.value.code is ErrorCode.UNAUTHENTICATED


def test_authorizer_is_called_with_appsyncs_event() -> None:
    headers = {"Host": "h", "Cookie": "c", "authorization": "t", "x-machine": "7"}
    asked = build_event(
        "t", AuthorizerRequest("r1", headers, Wanted(variables={"a": 1}, operation_name="Team")), "111111111111"
    )
    assert asked == {
        "authorizationToken": "t",
        "requestContext": {
            "apiId": "milequest",
            "accountId": "111111111111",
            "requestId": "r1",
            "queryString": "{ team }",
            "operationName": "Team",
            "variables": {"a": 1},
        },
        "requestHeaders": {"Host": "h", "x-machine": "7"},
    }
    context: Any = build_event("t", AuthorizerRequest("r1"), "")["requestContext"]
    assert (context["operationName"], context["queryString"], context["variables"]) == (CONNECTING, "", {})


def test_admitted_caller_has_context_denials_and_expiry_of_the_answer() -> None:
    said = {**YES, "resolverContext": {"machine": "wall-7", "floor": 3}, "deniedFields": ["Team.members", ARN]}
    admitted = parse_response({**said, "ttlOverride": 60}, NOW)
    identity = admitted.identity
    assert (identity.kind, identity.user_id) == (IdentityKind.LAMBDA, None)
    assert identity.resolver_context == {"machine": "wall-7", "floor": 3}
    assert identity.denied == {"Team.members", "Team.name"}
    assert (admitted.kept, identity.expires_at) == (timedelta(seconds=60), NOW + timedelta(seconds=60))


@pytest.mark.parametrize("ttl", [{}, {"ttlOverride": None}, {"ttlOverride": 0}])
def test_an_answer_is_not_kept_unless_it_says_so_and_nothing_goes_on_for_more_than_an_hour(ttl: Any) -> None:
    admitted = parse_response({**YES, **ttl}, NOW)
    assert admitted.kept == timedelta(0)
    assert admitted.identity.expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "change",
    [
        {"isAuthorized": False},
        {"isAuthorized": "true"},
        {"isAuthorized": 1},
        {"isAuthorized": None},
        {"resolverContext": []},
        {"resolverContext": {"a": {"b": 1}}},
        {"resolverContext": {"a": [1]}},
        {"deniedFields": "Team.name"},
        {"deniedFields": ["Team"]},
        {"deniedFields": ["Team.*"]},
        {"deniedFields": ["Team.name", 7]},
        {"deniedFields": [ARN + "/x"]},
        {"ttlOverride": -1},
        {"ttlOverride": 3601},
        {"ttlOverride": True},
        {"ttlOverride": "60"},
        {"ttlOverride": 1.5},
    ],
)
def test_malformed_authorizer_answer_is_denied(change: dict[str, Any]) -> None:
    assert is_refused({**YES, **change})


@pytest.mark.parametrize("answer", [None, "", True, [], {}, {"errorMessage": "x", "errorType": "KeyError"}])
def test_missing_authorizer_answer_and_error_are_denied(answer: object) -> None:
    assert is_refused(answer)


@given(NONSENSE | st.fixed_dictionaries({"isAuthorized": NONSENSE}))
def test_authorizer_answer_that_is_not_plainly_yes_is_refused(answer: Any) -> None:
    if not (isinstance(answer, dict) and answer.get("isAuthorized") is True):
        assert is_refused(answer)


@given(st.fixed_dictionaries(YES.fromkeys(YES, st.just(True)) | dict.fromkeys(
    ("resolverContext", "deniedFields", "ttlOverride"), NONSENSE)))  # fmt: skip
def test_authorizer_answer_with_nonsense_is_denied_or_expires(answer: Any) -> None:
    try:
        admitted = parse_response(answer, NOW)
    except Refused:
        return
    assert admitted.identity.kind is IdentityKind.LAMBDA
    assert admitted.identity.user_id is None
    assert admitted.identity.expires_at is not None
    assert admitted.identity.expires_at <= NOW + timedelta(hours=1)
    assert len(admitted.identity.denied) <= len(answer["deniedFields"] or ())
