"""Information that the built-in identity provider reveals, stores and logs: no secret, and no account's existence."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from milequest.providers.identity import passwords as argon2
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import SignUp, checked_sign_up
from milequest.rules.errors import ErrorCode, Refused
from milequest.store.sql.transaction import Pool
from tests.ada import ADA, EMAIL, NOW, PASSWORD, code_of
from tests.fakes.outbox import Outbox


async def test_sign_up_of_a_known_address_is_revealed_by_mail_alone(identity: BuiltinIdentity, outbox: Outbox) -> None:
    await identity.add_account(ADA, NOW)
    await identity.sign_up(checked_sign_up("ADA@example.org", "Another-Word-1", "Mallory"), NOW)
    assert "already" in outbox.sent[0].subject
    assert "Mallory" not in outbox.sent[0].text
    assert await code_of(identity.sign_in(EMAIL, "Another-Word-1", NOW)) is ErrorCode.EMAIL_NOT_VERIFIED
    await identity.resend_code(EMAIL, NOW)
    await identity.resend_code("stranger@example.org", NOW)
    assert len(outbox.sent) == 2
    assert outbox.sent[1] == outbox.sent[0]
    assert (await identity.sign_in(EMAIL, PASSWORD, NOW)).account.name == "Ada"


async def test_unknown_address_and_wrong_password_get_the_same_answer(identity: BuiltinIdentity) -> None:
    await identity.add_account(ADA, NOW)
    await identity.sign_up(checked_sign_up("bob@example.org", PASSWORD, "Bob"), NOW)
    refusals = []
    for email in (EMAIL, "bob@example.org", "stranger@example.org"):
        for password in ("Wrong-Horse-1", "", "x" * 200_000, f"{PASSWORD} "):
            with pytest.raises(Refused) as refusal:
                await identity.sign_in(email, password, NOW)
            refusals.append((refusal.value.code, refusal.value.message, str(refusal.value.details)))
    assert len(set(refusals)) == 1
    assert refusals[0][0] is ErrorCode.UNAUTHENTICATED


async def test_processor_time_does_not_reveal_whether_an_account_exists(identity: BuiltinIdentity) -> None:
    """Loosely: without a dummy hash a stranger's answer takes a twentieth of the time.

    CPU time of the process, in all its threads: the machine's other work does not count.
    """
    await identity.add_account(ADA, NOW)
    number = iter(range(1_000))

    async def seconds(call: Callable[[], Awaitable[object]]) -> float:
        began = time.process_time()
        await code_of(call())
        return time.process_time() - began

    def strange() -> SignUp:
        return checked_sign_up(f"new-{next(number)}@example.org", PASSWORD, "New")

    pairs: list[tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]] = [
        (
            lambda: identity.sign_in(EMAIL, "Wrong-Horse-1", NOW),
            lambda: identity.sign_in("stranger@example.org", "Wrong-Horse-1", NOW),
        ),
        (lambda: identity.sign_up(ADA, NOW), lambda: identity.sign_up(strange(), NOW)),
        (
            lambda: identity.confirm(EMAIL, "123456", NOW),
            lambda: identity.confirm("stranger@example.org", "123456", NOW),
        ),
        (lambda: identity.resend_code(EMAIL, NOW), lambda: identity.resend_code("stranger@example.org", NOW)),
    ]
    for known, stranger in pairs:
        times = [(await seconds(known), await seconds(stranger)) for _ in range(9)]
        least = [min(column) for column in zip(*times, strict=True)]
        assert max(least) < 2 * min(least), times


async def test_mail_that_fails_is_sent_anew_on_demand(
    identity: BuiltinIdentity, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.fails = True
    await identity.sign_up(ADA, NOW)
    assert [record.levelname for record in caplog.records if record.name.startswith("milequest")] == ["ERROR"]
    outbox.fails = False
    await identity.resend_code(EMAIL, NOW)
    await identity.confirm(EMAIL, outbox.code(), NOW)


async def test_no_secret_is_stored_or_logged(
    identity: BuiltinIdentity, outbox: Outbox, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    """The whole database and the log at DEBUG, searched for values that only their owner should have."""
    caplog.set_level(logging.DEBUG)
    await identity.sign_up(checked_sign_up("bob@example.org", "Bobs-Password-1", "Robert"), NOW)
    outbox.fails = True
    await identity.sign_up(ADA, NOW)
    outbox.fails = False
    await identity.resend_code(EMAIL, NOW)
    codes = [outbox.code(0), outbox.code(1)]
    await code_of(identity.confirm(EMAIL, "000000", NOW))
    await identity.confirm(EMAIL, codes[1], NOW)
    await code_of(identity.sign_in(EMAIL, "Wrong-Horse-1", NOW))
    first = await identity.sign_in(EMAIL, PASSWORD, NOW)
    second = await identity.refresh(first.session.refresh_token, NOW)
    await code_of(identity.refresh(first.session.refresh_token, NOW + timedelta(minutes=1)))
    sessions = [first.session, second.session]
    tokens = [token for session in sessions for token in (session.access_token, session.refresh_token)]
    secrets = [PASSWORD, "Bobs-Password-1", "Wrong-Horse-1", *codes, *tokens]
    tables = ("pending_sign_up", "credential", "sign_in_session", "refresh_token")
    rows = [str(row) for name in tables for row in await pool.fetch(f"SELECT t.*::text FROM {name} t")]
    assert len(rows) >= 5
    assert [secret for secret in secrets for row in rows if secret in row] == []
    said = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "ended" in said
    assert "could not be sent" in said
    hidden = [*secrets, "example.org", "Robert", "PRIVATE KEY"]
    assert [secret for secret in hidden if secret in said] == []
    assert not any(secret in repr((first, second, ADA, outbox.sent)) for secret in hidden)


async def test_passwords_are_hashed_as_owasp_has_it(identity: BuiltinIdentity, pool: Pool) -> None:
    for email in (EMAIL, "bob@example.org"):
        await identity.add_account(checked_sign_up(email, PASSWORD, "Ada"), NOW)
    hashes = [row[0] for row in await pool.fetch("SELECT password_hash FROM credential")]
    assert all(text.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for text in hashes)
    assert len(set(hashes)) == 2


async def test_a_flood_of_sign_ins_is_turned_away_not_queued(
    identity: BuiltinIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(argon2, "MAX_WAITING", 4)
    codes = await asyncio.gather(*(code_of(identity.sign_in(EMAIL, PASSWORD, NOW)) for _ in range(20)))
    assert codes.count(ErrorCode.UNAUTHENTICATED) >= 4
    assert codes.count(ErrorCode.UNAVAILABLE) >= 8
    assert await code_of(identity.sign_in(EMAIL, PASSWORD, NOW)) is ErrorCode.UNAUTHENTICATED
