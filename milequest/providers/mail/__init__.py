"""Senders of our mail: an SMTP server or SES, which the settings name, else the mail page of the embedded servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from milequest.providers.mail.local import LocalMailbox
from milequest.rules.mail import Mail, Mailer, NoMailError
from milequest.settings import Settings
from milequest.store.aws.client import Aws


class NoMailer:
    """A Mailer that sends nothing, where the settings name none."""

    async def send(self, mail: Mail) -> None:
        """Raise NoMailError."""
        raise NoMailError("no setting names a sender of mail")


@asynccontextmanager
async def open_mailer(
    settings: Settings, mailbox: LocalMailbox, aws: Aws, *, queued: bool = True
) -> AsyncIterator[Mailer]:
    """Open the Mailer that the settings name.

    When the block ends, accepted mail was sent, or dropped after the drain's time-out. Without `queued` mail is sent
    before it is accepted: for functions, which are frozen once they have answered.
    """
    if not (settings.smtp_url or settings.ses_configuration_set):
        yield mailbox if settings.embedded else NoMailer()
        return
    from milequest.providers.mail.mail_queue import UnqueuedMailer, mail_queue
    from milequest.providers.mail.ses import Ses
    from milequest.providers.mail.smtp import Smtp

    transport = Smtp(settings.smtp_url) if settings.smtp_url else Ses(aws, settings.ses_configuration_set)
    if not queued:
        yield UnqueuedMailer(transport, settings.mail_from)
        return
    async with mail_queue(transport, settings.mail_from) as mailer:
        yield mailer
