"""Mail by Amazon SES, version 2: one request for a message. The role needs ses:SendEmail and ses:SendRawEmail."""

from milequest.providers.mail.mail_message import MailMessage, UndeliveredError
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError


class Ses:
    """A MailTransport by SES, which reports the delivery of a message to the destinations of a configuration set."""

    def __init__(self, aws: Aws, configuration_set: str) -> None:
        self._aws = aws
        self._configuration_set = configuration_set

    async def deliver(self, message: MailMessage) -> None:
        """Hand a message over. Raises UndeliveredError, OSError or TimeoutError."""
        if message.needs_utf8:
            raise UndeliveredError("SES takes ASCII only before the @", is_passing=False)
        given = {
            "FromEmailAddress": message.sender,
            "Destination": {"ToAddresses": [message.to]},
            "Content": {"Raw": {"Data": message.content}},
            "ConfigurationSetName": self._configuration_set,
        }
        try:
            await self._aws.sdk.call_once("sesv2", "send_email", **given)
        except AwsError as error:  # whose message may hold the address; its code does not
            raise UndeliveredError(f"SES answered {error.code} ({error.status})", is_passing=error.is_passing) from None
