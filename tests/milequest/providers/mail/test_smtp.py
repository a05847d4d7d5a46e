"""Mail by real servers on the loopback: deliveries, checks before anything is sent, refusals."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from milequest.providers.mail.mail_queue import MailQueue, mail_queue
from milequest.providers.mail.smtp import Smtp
from milequest.rules.mail import Mail, confirmation
from tests.certificates import self_signed
from tests.fakes.smtp import PASSWORD, USER, Post, mail_server

SENDER = "Mile Quest <hello@quest.example>"
ADDRESS = "ada@walkers.example"
WHO = f"{USER}:{quote(PASSWORD, safe='')}@"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a certificate for 127.0.0.1 that is not trusted yet."""
    return self_signed(tmp_path)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the same, trusted by this process."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


@asynccontextmanager
async def mailing(url: str) -> AsyncIterator[MailQueue]:
    """Deliver or give up all mails of the block after it."""
    async with mail_queue(Smtp(url), SENDER, pauses=(0.0, 0.0)) as mailer:
        yield mailer


async def sent(url: str, mail: Mail | None = None) -> None:
    async with mailing(url) as mailer:
        await mailer.send(mail or confirmation(ADDRESS, "123456"))


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log, after a check that it contains no address."""
    said = [record.getMessage() for record in caplog.records if record.name.startswith("milequest")]
    assert not any("ada" in line or "walkers" in line for line in said)
    return said


async def test_a_mail_by_starttls_arrives_with_its_parts(trusted: Path) -> None:
    async with mail_server(starttls=trusted, asks=True) as server:
        await sent(server.url("smtp", WHO))
    (envelope,) = server.arrived
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hello@quest.example", [ADDRESS])
    (message,) = server.messages()
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert all("123456" in part.get_content() for part in message.iter_parts())
    assert str(message["From"]) == SENDER
    assert str(message["To"]) == ADDRESS
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@quest.example>")
    assert message["Date"].datetime.tzinfo is not None
    assert message["List-Unsubscribe"] is None
    assert envelope.content.isascii()


async def test_a_mail_by_tls_arrives(trusted: Path) -> None:
    async with mail_server(tls=trusted) as server:
        await sent(server.url("smtps"))
    assert len(server.arrived) == 1


async def test_a_mail_without_tls_arrives_where_the_setting_says_so() -> None:
    async with mail_server() as server:
        await sent(server.url("smtp+insecure"))
    assert len(server.arrived) == 1


async def test_a_server_without_starttls_gets_neither_password_nor_mail(caplog: pytest.LogCaptureFixture) -> None:
    async with mail_server(asks=True) as server:
        await sent(server.url("smtp", WHO))
    assert (server.arrived, server.passwords) == ([], [])
    assert len(errors(caplog)) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_server_with_an_untrusted_certificate_gets_neither_password_nor_mail(
    certificate: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_server(**{"starttls" if scheme == "smtp" else "tls": certificate}, asks=scheme == "smtp") as server:  # type: ignore[arg-type]
        await sent(server.url(scheme, WHO))
    assert (server.arrived, server.passwords) == ([], [])
    assert len(errors(caplog)) == 1


async def test_a_server_whose_certificate_is_for_another_name_gets_nothing(
    trusted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_server(tls=trusted) as server:
        await sent(server.url("smtps", host="localhost"))
    assert server.arrived == []
    assert len(errors(caplog)) == 1


async def test_a_wrong_password_is_logged_by_its_code_and_not_tried_again(
    trusted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_server(starttls=trusted, asks=True) as server:
        await sent(server.url("smtp", f"{USER}:wrong@"))
    assert server.arrived == []
    assert len(server.passwords) <= 2  # by each of the mechanisms once
    assert errors(caplog) == ["a mail could not be sent: SMTPAuthenticationError 535"]


async def test_a_passing_refusal_is_tried_again_as_the_same_mail() -> None:
    async with mail_server() as server:
        server.answers = iter(["451 4.7.1 come back later, ada@walkers.example", "452 full"])
        await sent(server.url("smtp+insecure"))
    assert len(server.arrived) == 1


async def test_repeated_smtp_refusal_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async with mail_server() as server:
        server.answers = iter(["451 later, ada@walkers.example"] * 3)
        await sent(server.url("smtp+insecure"))
    assert (server.arrived, next(server.answers, None)) == ([], None)
    assert errors(caplog) == ["a mail could not be sent: SMTPRecipientsRefused 451"]


async def test_permanent_smtp_refusal_is_logged_by_its_code_and_not_retried(caplog: pytest.LogCaptureFixture) -> None:
    async with mail_server() as server, mailing(server.url("smtp+insecure")) as mailer:
        server.answers = iter(["550 no ada@walkers.example here"])
        await mailer.send(confirmation(ADDRESS, "123456"))
        await mailer.send(confirmation("ben@walkers.example", "654321"))
    assert [envelope.rcpt_tos for envelope in server.arrived] == [["ben@walkers.example"]]
    assert errors(caplog) == ["a mail could not be sent: SMTPRecipientsRefused 550"]


async def test_absent_smtp_server_is_logged_by_error_type(caplog: pytest.LogCaptureFixture) -> None:
    await sent("smtp+insecure://127.0.0.1:1")
    assert errors(caplog) == ["a mail could not be sent: SMTPConnectError"]


@pytest.mark.parametrize("utf8", [True, False])
async def test_an_address_beyond_ascii_arrives_where_the_server_takes_it(
    utf8: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_server(utf8=utf8) as server:
        await sent(server.url("smtp+insecure"), confirmation("zoë@straße.example", "123456"))
    assert [envelope.rcpt_tos for envelope in server.arrived] == ([["zoë@xn--strae-oqa.example"]] if utf8 else [])
    assert errors(caplog) == ([] if utf8 else ["a mail could not be sent: SMTPNotSupported"])


def test_certificate_of_the_test_servers_is_no_system_authority(certificate: Path) -> None:
    """The tests' certificate is issued by none of the system's authorities."""
    assert ssl.create_default_context().get_ca_certs() != []
    assert "loopback" not in str(ssl.create_default_context().get_ca_certs())
    assert Post().url("smtp") == "smtp://127.0.0.1:0"
