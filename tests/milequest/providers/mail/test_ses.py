"""Mail by SES, at a local server that answers as its API does."""

import base64
from email import message_from_bytes
from email.policy import default

import orjson
import pytest

from milequest.providers.mail.mail_queue import mail_queue
from milequest.providers.mail.ses import Ses
from milequest.rules.mail import Mail, confirmation
from tests.milequest.store.aws.stub import Stub, stubbed

SENDER = "Mile Quest <hello@quest.example>"
TAKEN = (200, b'{"MessageId":"0100018f"}')
ADA = confirmation("ada@walkers.example", "123456")


async def sent(stub: Stub, mail: Mail = ADA) -> None:
    async with mail_queue(Ses(stub.aws, "quest-mail"), SENDER, pauses=(0.0, 0.0)) as mailer:
        await mailer.send(mail)


async def test_a_mail_is_one_signed_request() -> None:
    async with stubbed(iter([TAKEN])) as stub:
        await sent(stub)
    (asked,) = stub.asked
    head, _, body = asked.partition("\r\n\r\n")
    assert head.startswith("POST /v2/email/outbound-emails HTTP/1.1\r\n")
    assert "/us-east-1/ses/aws4_request" in head
    given = orjson.loads(body)
    raw = base64.b64decode(given["Content"].pop("Raw")["Data"])
    assert given == {
        "FromEmailAddress": "hello@quest.example",
        "Destination": {"ToAddresses": ["ada@walkers.example"]},
        "Content": {},
        "ConfigurationSetName": "quest-mail",
    }
    message = message_from_bytes(raw, policy=default)
    assert str(message["To"]) == "ada@walkers.example"
    assert "123456" in raw.decode()


@pytest.mark.parametrize("passing", [(429, b'{"message":"Maximum sending rate exceeded."}'), (500, b""), None])
async def test_passing_ses_failure_is_tried_again(passing: tuple[int, bytes] | None) -> None:
    async with stubbed(iter([passing, TAKEN])) as stub:
        await sent(stub)
    assert len(stub.asked) == 2


async def test_permanent_ses_refusal_is_logged_without_an_address(caplog: pytest.LogCaptureFixture) -> None:
    async with stubbed(iter([(400, b'{"message":"Email address is not verified: ada@walkers.example"}')])) as stub:
        await sent(stub)
    assert [record.getMessage() for record in caplog.records] == ["a mail could not be sent: SES answered 400 (400)"]


async def test_an_address_that_ses_does_not_take_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    async with stubbed(iter([])) as stub:
        await sent(stub, confirmation("zoë@walkers.example", "123456"))
    assert stub.asked == []
    assert "SES takes ASCII only" in caplog.text
    assert "walkers" not in caplog.text
