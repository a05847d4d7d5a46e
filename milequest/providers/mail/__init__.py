"""Senders of our mail: an SMTP server or SES, which the settings name, else the mail page of the embedded servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from milequest.providers.mail.local import LocalMailbox
from milequest.rules.mail import Mail, Mailer
from milequest.settings import Settings
from milequest.store.aws.client import Aws


class NoMailer:
    """A Mailer that sends nothing, where the settings name none."""

    async def send(self, mail: Mail) -> None:
        """Raise OSError."""
        raise OSError("no setting names a sender of mail")


@asynccontextmanager
async def open_mailer(settings: Settings, mailbox: LocalMailbox, aws: Aws) -> AsyncIterator[Mailer]:
    """Open the Mailer that the settings name.

    When the block ends, accepted mail was sent, or dropped after the drain's time-out.
    """
    if not (settings.smtp_url or settings.ses_configuration_set):
        yield mailbox if settings.embedded else NoMailer()
        return
    from milequest.providers.mail.mail_queue import mail_queue
    from milequest.providers.mail.ses import Ses
    from milequest.providers.mail.smtp import Smtp

    transport = Smtp(settings.smtp_url) if settings.smtp_url else Ses(aws, settings.ses_configuration_set)
    async with mail_queue(transport, settings.mail_from) as mailer:
        yield mailer
