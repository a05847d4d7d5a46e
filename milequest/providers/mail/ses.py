"""Mail by Amazon SES, version 2: one signed request per message. The role needs ses:SendEmail and ses:SendRawEmail."""

import base64

import orjson

from milequest.providers.mail.mail_message import MailMessage, UndeliveredError
from milequest.store.aws.client import Aws

PATH = "/v2/email/outbound-emails"


class Ses:
    """A MailTransport by SES, which reports the delivery of a message to the destinations of a configuration set."""

    def __init__(self, aws: Aws, configuration_set: str) -> None:
        self._aws = aws
        self._configuration_set = configuration_set
        self._signer = aws.signer("ses")
        self._origin = aws.origin("email")

    async def deliver(self, message: MailMessage) -> None:
        """Hand a message over. Raises UndeliveredError, OSError or TimeoutError."""
        if message.needs_utf8:
            raise UndeliveredError("SES takes ASCII only before the @", is_passing=False)
        given = {
            "FromEmailAddress": message.sender,
            "Destination": {"ToAddresses": [message.to]},
            "Content": {"Raw": {"Data": base64.b64encode(message.content).decode()}},
            "ConfigurationSetName": self._configuration_set,
        }
        headers = {"content-type": "application/json"}
        answer = await self._aws.send(self._signer, self._origin, "POST", PATH, orjson.dumps(given), headers)
        if answer.status != 200:
            is_passing = answer.status == 429 or answer.status >= 500
            raise UndeliveredError(f"SES answered {answer.status}", is_passing=is_passing)
