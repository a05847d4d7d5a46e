"""Errors that are marked as retryable: those of servers that are away, and limits."""

import pytest

from milequest.rules.errors import MAY_PASS, ErrorCode, QuestError, RateLimited, Refused
from schema.error_payloads import as_errors, error_payload
from subscriptions.protocols.legacy import Legacy
from subscriptions.protocols.protocol_steps import Close
from subscriptions.protocols.transport_ws import TransportWs


@pytest.mark.parametrize("error", [TypeError("ours"), LookupError("ours"), ValueError("ours"), OSError("ours")])
def test_an_unexpected_error_is_never_retryable(error: Exception) -> None:
    (told_of,) = as_errors(error)
    assert told_of["extensions"]["code"] == "INTERNAL"
    assert not {"retryable", "retryAfterSeconds"} & set(told_of["extensions"])


@pytest.mark.parametrize("code", ErrorCode)
def test_a_refusal_is_retryable_only_where_it_says_so_and_may_pass(code: ErrorCode) -> None:
    assert "retryable" not in Refused(code, "No.").extensions()
    if code not in MAY_PASS:
        with pytest.raises(AssertionError, match="retryable"):
            Refused(code, "No.", retryable=True)


@pytest.mark.parametrize("code", sorted(MAY_PASS))
def test_retryable_refusal_is_marked_and_closes_with_1013(code: ErrorCode) -> None:
    refusal: QuestError = Refused(code, "Later.", retryable=True, retryAfterSeconds=3)
    assert error_payload(refusal)[0]["extensions"] == {"code": code.value, "retryable": True, "retryAfterSeconds": 3}
    assert TransportWs().rejected(error_payload(refusal)) == [Close(1013, "Try again later")]


def test_rate_limit_error_always_has_retry_after() -> None:
    assert RateLimited("Too many.", 0).extensions()["retryAfterSeconds"] == 1


def test_a_connection_that_failed_inside_is_closed_as_such() -> None:
    assert TransportWs().rejected(as_errors(TypeError("ours"))) == [Close(4500, "Internal server error")]
    assert Legacy().rejected(as_errors(TypeError("ours")))[-1] == Close(4403, "Forbidden")
