"""Mail by Amazon SES, version 2: one signed request for a letter. The role needs ses:SendEmail and ses:SendRawEmail."""

import base64

import orjson

from milequest.providers.mail.letter import Letter, UndeliveredError
from milequest.store.aws.client import Aws

PATH = "/v2/email/outbound-emails"


class Ses:
    """A Carrier by SES, which reports the delivery of a letter to the destinations of a configuration set."""

    def __init__(self, aws: Aws, configuration_set: str) -> None:
        self._aws = aws
        self._configuration_set = configuration_set
        self._signer = aws.signer("ses")
        self._origin = aws.origin("email")

    async def carry(self, letter: Letter) -> None:
        """Hand a letter over. Raises UndeliveredError, OSError or TimeoutError."""
        if letter.needs_utf8:
            raise UndeliveredError("SES takes ASCII only before the @", is_passing=False)
        given = {
            "FromEmailAddress": letter.sender,
            "Destination": {"ToAddresses": [letter.to]},
            "Content": {"Raw": {"Data": base64.b64encode(letter.content).decode()}},
            "ConfigurationSetName": self._configuration_set,
        }
        headers = {"content-type": "application/json"}
        answer = await self._aws.send(self._signer, self._origin, "POST", PATH, orjson.dumps(given), headers)
        if answer.status != 200:
            is_passing = answer.status == 429 or answer.status >= 500
            raise UndeliveredError(f"SES answered {answer.status}", is_passing=is_passing)
