"""Rules of invites: codes that cannot be guessed and can be typed, and invites that are valid until an instant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.enums import InviteState
from milequest.rules.errors import ErrorCode, QuestError
from milequest.rules.invites import (
    ALPHABET,
    CODE_LENGTH,
    code_hash,
    code_of,
    new_invite,
    new_salt,
    refuse_other_recipient,
    refuse_unless_open,
    state_at,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_codes_are_long_unambiguous_and_never_the_same() -> None:
    codes = {code_of("the same secret", new_salt()) for _ in range(10_000)}
    assert len(codes) == 10_000
    assert {len(code) for code in codes} == {CODE_LENGTH}
    assert {mark for code in codes for mark in code} == set(ALPHABET)
    assert not set("01OIL") & set(ALPHABET)


def test_a_code_is_made_of_its_secret_and_its_salt_alone() -> None:
    salt = new_salt()
    assert code_of("one secret", salt) == code_of("one secret", salt)
    assert len({code_of("one secret", salt), code_of("another", salt), code_of("one secret", new_salt())}) == 3


@given(st.text(ALPHABET, min_size=10, max_size=10), st.integers(0, 10))
def test_a_code_is_the_same_however_it_is_typed(code: str, cut: int) -> None:
    assert code_hash(f" {code[:cut]}-{code[cut:]}\n") == code_hash(code.lower()) == code_hash(code)


@given(st.text())
def test_any_text_as_invite_code_has_a_hash(text: str) -> None:
    assert len(code_hash(text)) == 32


def test_pending_invite_expires_at_its_exact_instant() -> None:
    expiry = NOW + timedelta(hours=1)
    assert state_at(InviteState.PENDING, expiry, expiry - timedelta(microseconds=1)) is InviteState.PENDING
    assert state_at(InviteState.PENDING, expiry, expiry) is InviteState.EXPIRED
    for state in (InviteState.ACCEPTED, InviteState.DECLINED, InviteState.REVOKED):
        assert state_at(state, expiry, expiry) is state


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (InviteState.REVOKED, ErrorCode.INVALID_INVITE_CODE),
        (InviteState.EXPIRED, ErrorCode.INVITE_EXPIRED),
        (InviteState.ACCEPTED, ErrorCode.CONFLICT),
        (InviteState.DECLINED, ErrorCode.CONFLICT),
    ],
)
def test_closed_invite_is_refused_with_the_code_of_its_state(state: InviteState, code: ErrorCode) -> None:
    refuse_unless_open(InviteState.PENDING)
    with pytest.raises(QuestError) as refusal:
        refuse_unless_open(state)
    assert refusal.value.code is code


def test_declined_invite_is_refused_by_saying_so() -> None:
    with pytest.raises(QuestError) as refusal:
        refuse_unless_open(InviteState.DECLINED)
    assert "You declined" in refusal.value.message


def test_invite_of_an_address_is_for_that_address_alone_in_any_case() -> None:
    invite = new_invite(NOW, " Bob@Example.com ")
    assert (invite.email, invite.email_key, invite.max_uses) == ("Bob@Example.com", "bob@example.com", 1)
    refuse_other_recipient(invite.email_key, "BOB@example.COM")
    refuse_other_recipient(None, "eve@example.com")
    with pytest.raises(QuestError):
        refuse_other_recipient(invite.email_key, "eve@example.com")
