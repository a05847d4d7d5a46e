"""The queue of mail: no caller waits for a server, little is lost when the process stops, and errors end one mail."""

import asyncio

import pytest

from milequest.providers.mail.mail_message import MailMessage
from milequest.providers.mail.mail_queue import MOST_WAITING, SENDERS, mail_queue
from milequest.providers.mail.smtp import Smtp
from milequest.rules.mail import Mail, confirmation
from tests.fakes.smtp import silent_server

SENDER = "hello@quest.example"


class Held:
    """A MailTransport that waits until the test lets it continue."""

    def __init__(self) -> None:
        self.carried: list[MailMessage] = []
        self.go = asyncio.Event()

    async def deliver(self, message: MailMessage) -> None:
        """Take a mail."""
        await self.go.wait()
        self.carried.append(message)


def mail(number: int = 0) -> Mail:
    return confirmation(f"walker-{number}@walkers.example", "123456")


async def test_a_hanging_server_keeps_nobody_waiting_and_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async with (
        silent_server() as server,
        mail_queue(Smtp(server.url("smtp+insecure")), SENDER, pauses=(0.0,), seconds=0.2) as mailer,
    ):
        await mailer.send(mail())
        assert server.greeted == 0
    assert server.greeted == 2
    assert [record.getMessage() for record in caplog.records] == ["a mail could not be sent: TimeoutError"]


async def test_queued_mails_are_delivered_when_the_process_stops() -> None:
    transport = Held()
    async with mail_queue(transport, SENDER) as mailer:
        for number in range(3 * SENDERS):
            await mailer.send(mail(number))
        asyncio.get_running_loop().call_later(0.05, transport.go.set)
    assert len(transport.carried) == 3 * SENDERS


async def test_undeliverable_mails_are_counted_in_the_log_when_the_process_stops(
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport = Held()
    async with mail_queue(transport, SENDER, drain_seconds=0.05) as mailer:
        for number in range(SENDERS + 3):
            await mailer.send(mail(number))
    assert [record.getMessage() for record in caplog.records] == [f"the process stops with {SENDERS + 3} mails unsent"]


async def test_full_mail_queue_refuses_mail() -> None:
    transport = Held()
    async with mail_queue(transport, SENDER, drain_seconds=0.0) as mailer:
        for number in range(MOST_WAITING):
            await mailer.send(mail(number))
        with pytest.raises(OSError, match="too much mail is waiting"):
            await mailer.send(mail())


async def test_a_mail_that_can_t_be_written_ends_itself_only(caplog: pytest.LogCaptureFixture) -> None:
    transport = Held()
    transport.go.set()
    async with mail_queue(transport, SENDER) as mailer:
        for _ in range(2 * SENDERS):
            await mailer.send(Mail("ada@walkers.example\r\nBcc: eve@walkers.example", "Hello", "text"))
        await mailer.send(mail())
    assert len(transport.carried) == 1
    assert {record.getMessage() for record in caplog.records} == {"a mail could not be sent: ValueError"}
    assert "walkers" not in caplog.text
