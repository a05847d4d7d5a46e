"""Mail by SES while its account is in the sandbox, and codes of people whose address nobody has verified."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from itertools import repeat

import pytest

from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.providers.mail.mail_queue import mail_queue
from milequest.providers.mail.ses import Ses
from milequest.rules.mail import Mailer, confirmation
from milequest.store.sql.transaction import open_pool
from tests.ada import ADA, EMAIL, NOW
from tests.fakes.aws_quotas import MAILS, Quotas, limited
from tests.milequest.store.aws.stub import stubbed

SENDER = "Mile Quest <hello@quest.example>"
OPERATOR = "operator@quest.example"
TO_OPERATOR = confirmation(OPERATOR, "123456")


class Clock:
    """A clock that is moved by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def sandbox(clock: Callable[[], float]) -> AsyncIterator[tuple[Quotas, Mailer]]:
    """Yield the sandbox and a mailer behind it, which tries three times without a pause."""
    async with stubbed(repeat((200, b'{"MessageId":"0100018f"}'))) as ses:
        quotas = Quotas(ses.url, frozenset({OPERATOR}), clock)
        async with limited(quotas) as aws, mail_queue(Ses(aws, "mail"), SENDER, pauses=(0.0, 0.0)) as mailer:
            yield quotas, mailer


async def test_codes_to_addresses_that_are_not_verified_are_logged_and_answered_alike(
    new_database: Callable[[], AbstractContextManager[str]], caplog: pytest.LogCaptureFixture
) -> None:
    with new_database() as url:
        async with await open_pool(url, 2) as pool, sandbox(Clock()) as (quotas, mailer):
            identity = BuiltinIdentity(pool, mailer)
            assert await identity.sign_up(ADA, NOW)
            for address in (EMAIL, "nobody@example.org"):
                assert await identity.forgot_password(address, NOW)
    assert quotas.refused
    assert set(quotas.refused) == {"MessageRejected"}
    assert {record.getMessage() for record in caplog.records} == {
        "a mail could not be sent: SES answered MessageRejected (400)"
    }
    assert "example.org" not in caplog.text.lower()


async def test_second_mail_of_a_second_is_sent_at_a_later_try() -> None:
    ticks = iter([0.0] * 6)  # four for the first mail, two for the refusal of the second one
    async with sandbox(lambda: next(ticks, 1.0)) as (quotas, mailer):
        for _ in range(2):
            await mailer.send(TO_OPERATOR)
    assert quotas.refused == ["TooManyRequestsException"]
    assert len(quotas.passed[MAILS]) == 2


async def test_mail_over_the_quota_of_a_day_is_logged_as_unsent(caplog: pytest.LogCaptureFixture) -> None:
    async with sandbox(Clock()) as (quotas, mailer):
        quotas.use_up_day()
        await mailer.send(TO_OPERATOR)
    assert quotas.refused == ["TooManyRequestsException"] * 3
    assert "SES answered TooManyRequestsException (429)" in caplog.text
