"""Sign-ups with the built-in identity provider: codes, and attempts of several people with one address."""

import asyncio
from datetime import timedelta

import pytest

from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import CODE_TRIES, CODE_TRIES_WITHOUT_ATTEMPT, checked_sign_up
from milequest.rules.errors import ErrorCode
from milequest.store.sql.transaction import Pool
from tests.ada import ADA, EMAIL, NOW, PASSWORD, code_of
from tests.fakes.outbox import Outbox

DAY = timedelta(days=1)
MALLORYS = checked_sign_up(EMAIL, "Mallorys-Word-1", "Mallory")
WRONG_TOKENS = ("", "unknown", "\ud800", "x" * 100_000)


def others(code: str, number: int) -> list[str]:
    """Return codes that are not this one."""
    return [f"{(int(code) + step) % 1_000_000:06d}" for step in range(1, number + 1)]


async def password_signs_in(identity: BuiltinIdentity, password: str) -> bool:
    """Return whether Ada's address signs in with it."""
    return await code_of(identity.sign_in(EMAIL, password, NOW)) is None


async def test_sign_up_code_is_valid_once_for_15_minutes(identity: BuiltinIdentity, outbox: Outbox) -> None:
    await identity.sign_up(ADA, NOW)
    late = NOW + timedelta(minutes=15)
    assert await code_of(identity.confirm(EMAIL, outbox.code(), late)) is ErrorCode.CODE_INVALID
    await identity.resend_code(EMAIL, late)
    assert await code_of(identity.confirm(EMAIL, outbox.code(0), late)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(), late)
    assert await code_of(identity.confirm(EMAIL, outbox.code(), late)) is ErrorCode.CODE_INVALID


async def test_sign_up_code_is_invalid_after_five_wrong_tries_at_once(
    identity: BuiltinIdentity, outbox: Outbox
) -> None:
    attempt = await identity.sign_up(ADA, NOW)
    wrong = others(outbox.code(), CODE_TRIES)
    codes = await asyncio.gather(*(code_of(identity.confirm(EMAIL, code, NOW, attempt)) for code in wrong))
    assert set(codes) == {ErrorCode.CODE_INVALID}
    assert await code_of(identity.confirm(EMAIL, outbox.code(), NOW, attempt)) is ErrorCode.CODE_INVALID
    await identity.resend_code(EMAIL, NOW, attempt)
    await identity.confirm(EMAIL, outbox.code(), NOW, attempt)


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567", "\ud800", "\x00", "1" * 100_000])
async def test_malformed_code_is_refused_as_a_wrong_one(identity: BuiltinIdentity, code: str) -> None:
    await identity.sign_up(ADA, NOW)
    assert await code_of(identity.confirm(EMAIL, code, NOW)) is ErrorCode.CODE_INVALID


async def test_a_sign_up_ends_after_a_day(identity: BuiltinIdentity, outbox: Outbox, pool: Pool) -> None:
    await identity.sign_up(ADA, NOW)
    assert await code_of(identity.sign_in(EMAIL, PASSWORD, NOW + DAY)) is ErrorCode.UNAUTHENTICATED
    await identity.resend_code(EMAIL, NOW + DAY)
    assert len(outbox.sent) == 1
    await identity.sign_up(checked_sign_up("bob@example.org", PASSWORD, "Bob"), NOW + DAY)
    assert await pool.fetchval("SELECT count(*) FROM pending_sign_up") == 1


@pytest.mark.parametrize("renewed", [False, True])
async def test_a_code_of_a_strangers_attempt_never_confirms_it_for_the_owner_of_the_mailbox(
    identity: BuiltinIdentity, outbox: Outbox, renewed: bool
) -> None:
    adas = await identity.sign_up(ADA, NOW)
    await identity.sign_up(MALLORYS, NOW)
    if renewed:
        await identity.resend_code(EMAIL, NOW)
    for code in (outbox.code(1), outbox.code()):
        for attempt in (None, adas):
            assert await code_of(identity.confirm(EMAIL, code, NOW, attempt)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(0), NOW, adas)
    assert await password_signs_in(identity, PASSWORD)
    assert not await password_signs_in(identity, MALLORYS.password)


async def test_a_stranger_who_was_first_is_not_confirmed_either(identity: BuiltinIdentity, outbox: Outbox) -> None:
    mallorys = await identity.sign_up(MALLORYS, NOW)
    adas = await identity.sign_up(ADA, NOW)
    await identity.resend_code(EMAIL, NOW, mallorys)
    for code in (outbox.code(0), outbox.code(2)):
        assert await code_of(identity.confirm(EMAIL, code, NOW, adas)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(1), NOW, adas)
    assert await password_signs_in(identity, PASSWORD)
    assert await code_of(identity.confirm(EMAIL, outbox.code(2), NOW, mallorys)) is ErrorCode.CODE_INVALID
    assert not await password_signs_in(identity, MALLORYS.password)


async def test_a_strangers_attempt_that_outlives_the_owners_needs_its_id(
    identity: BuiltinIdentity, outbox: Outbox
) -> None:
    """The attempt that is left was contested before: the mailbox's owner may believe the code to be of their own."""
    await identity.sign_up(ADA, NOW)
    await identity.sign_up(MALLORYS, NOW + DAY / 2)
    later = NOW + DAY
    await identity.resend_code(EMAIL, later)
    assert len(outbox.sent) == 2
    assert await code_of(identity.confirm(EMAIL, outbox.code(), later)) is ErrorCode.CODE_INVALID


async def test_resend_renews_the_code_of_its_attempt_alone(identity: BuiltinIdentity, outbox: Outbox) -> None:
    adas, mallorys = await identity.sign_up(ADA, NOW), await identity.sign_up(MALLORYS, NOW)
    await identity.resend_code(EMAIL, NOW, mallorys)
    await identity.resend_code(EMAIL, NOW, adas)
    for number in (0, 1, 2):
        assert await code_of(identity.confirm(EMAIL, outbox.code(number), NOW, adas)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(3), NOW, adas)


@pytest.mark.parametrize("attempt", WRONG_TOKENS)
async def test_an_unknown_attempt_is_no_attempt(identity: BuiltinIdentity, outbox: Outbox, attempt: str) -> None:
    await identity.sign_up(ADA, NOW)
    await identity.resend_code(EMAIL, NOW, attempt)
    assert len(outbox.sent) == 1
    assert await code_of(identity.confirm(EMAIL, outbox.code(), NOW, attempt)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(), NOW)


async def test_an_attempt_is_of_its_address_alone(identity: BuiltinIdentity, outbox: Outbox) -> None:
    adas = await identity.sign_up(ADA, NOW)
    await identity.sign_up(checked_sign_up("bob@example.org", PASSWORD, "Bob"), NOW)
    assert await code_of(identity.confirm("bob@example.org", outbox.code(0), NOW, adas)) is ErrorCode.CODE_INVALID


async def test_sign_up_code_stays_valid_after_many_foreign_attempts(
    identity: BuiltinIdentity, outbox: Outbox, pool: Pool
) -> None:
    adas = await identity.sign_up(ADA, NOW)
    for number in range(5):
        await identity.sign_up(checked_sign_up(EMAIL, f"Mallorys-Word-{number}", "Mallory"), NOW)
    await identity.confirm(EMAIL, outbox.code(0), NOW, adas)
    assert await password_signs_in(identity, PASSWORD)
    assert await pool.fetchval("SELECT count(*) FROM pending_sign_up") == 5


async def test_owners_sign_up_code_outlives_strangers_wrong_codes(identity: BuiltinIdentity, outbox: Outbox) -> None:
    adas, mallorys = await identity.sign_up(ADA, NOW), await identity.sign_up(MALLORYS, NOW)
    for code in others(outbox.code(0), CODE_TRIES):
        for attempt in (mallorys, None):
            assert await code_of(identity.confirm(EMAIL, code, NOW, attempt)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(0), NOW, adas)


async def test_tries_without_an_attempt_are_bounded_and_apart(identity: BuiltinIdentity, outbox: Outbox) -> None:
    attempt = await identity.sign_up(ADA, NOW)
    for code in others(outbox.code(), CODE_TRIES_WITHOUT_ATTEMPT):
        assert await code_of(identity.confirm(EMAIL, code, NOW)) is ErrorCode.CODE_INVALID
    assert await code_of(identity.confirm(EMAIL, outbox.code(), NOW)) is ErrorCode.CODE_INVALID
    await identity.confirm(EMAIL, outbox.code(), NOW, attempt)


@pytest.mark.parametrize("number", [0, 1])
async def test_repeated_sign_up_is_confirmed_by_either_code_without_an_attempt(
    identity: BuiltinIdentity, outbox: Outbox, number: int
) -> None:
    for _ in range(2):
        await identity.sign_up(ADA, NOW)
    await identity.confirm(EMAIL, outbox.code(number), NOW)
    assert await password_signs_in(identity, PASSWORD)


async def test_sign_ups_at_the_same_moment_contest_each_other(identity: BuiltinIdentity, outbox: Outbox) -> None:
    for _ in range(3):
        await asyncio.gather(identity.sign_up(ADA, NOW), identity.sign_up(MALLORYS, NOW))
        for number in (-1, -2):
            assert await code_of(identity.confirm(EMAIL, outbox.code(number), NOW)) is ErrorCode.CODE_INVALID
