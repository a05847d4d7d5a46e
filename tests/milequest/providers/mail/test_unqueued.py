"""Mail of a process that is frozen between its calls: it is sent before the call's answer, or known not to be."""

import pytest

from milequest.providers.mail import open_mailer
from milequest.providers.mail.local import LocalMailbox
from milequest.rules.mail import Mail, confirmation
from milequest.settings import Settings
from milequest.store.aws.client import open_aws
from milequest.store.cache.valkey_client import connect
from tests.fakes.smtp import Post, mail_server

SENDER = "hello@quest.example"


async def _send(post: Post, mail: Mail, *, queued: bool) -> int:
    """Send a mail; return how many had arrived once it was accepted."""
    settings = Settings(smtp_url=post.url("smtp+insecure"), mail_from=SENDER, redis_url="redis://127.0.0.1:1")
    mailbox = LocalMailbox(connect(settings))
    async with open_aws(settings) as aws, open_mailer(settings, mailbox, aws, queued=queued) as mailer:
        await mailer.send(mail)
        return len(post.arrived)


async def test_unqueued_mail_has_arrived_when_it_is_accepted() -> None:
    mail = confirmation("walker@walkers.example", "123456")
    async with mail_server() as post:
        assert await _send(post, mail, queued=False) == 1
        assert await _send(post, mail, queued=True) == 1  # the one before
        assert len(post.arrived) == 2


async def test_unqueued_mail_that_is_refused_or_cannot_be_written_is_not_accepted() -> None:
    async with mail_server() as post:
        post.answers = iter(["550 nobody here"])
        with pytest.raises(OSError, match="UndeliveredError"):
            await _send(post, confirmation("walker@walkers.example", "123456"), queued=False)
        with pytest.raises(OSError, match="ValueError"):
            await _send(post, Mail("no address", "Hello", "text"), queued=False)
        assert post.arrived == []
