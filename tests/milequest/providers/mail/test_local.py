"""The mailbox of the embedded mode: a Redis that breaks, hangs or answers nonsense is an OSError, as of any mailer."""

import asyncio
import re
from contextlib import aclosing, suppress
from urllib.parse import urlsplit

import pytest

from milequest.providers.mail import local
from milequest.providers.mail.local import LocalMailbox
from milequest.rules.mail import Mail, confirmation
from milequest.settings import Settings
from milequest.store.cache.valkey_client import connect
from tests.faults.proxy import Fault, Kind, Way, proxying

MAIL = confirmation("ada@example.org", "123456")


async def used(path: str, fault: Fault | None) -> tuple[list[Mail], bytes]:
    """Return the box after a mail was sent, empty where Redis was away, and Redis's bytes. Raises any other error."""
    async with proxying(path, fault) as proxy:
        settings = Settings(redis_url=f"redis://127.0.0.1:{proxy.port}/0")
        async with aclosing(connect(settings)) as redis:
            with suppress(OSError):
                await LocalMailbox(redis).send(MAIL)
                return [each.mail for each in await LocalMailbox(redis).newest()], bytes(proxy.said[Way.TO_CLIENT])
    return [], b""


@pytest.mark.parametrize("kind", [Kind.GARBLE, Kind.CLOSE, Kind.STALL])
async def test_a_redis_that_fails_where_a_number_begins_is_an_oserror(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    path = urlsplit(redis_url).path
    mails, said = await used(path, None)
    assert mails == [MAIL]
    monkeypatch.setattr(local, "PATIENCE", 0.3)
    async with asyncio.timeout(60), asyncio.TaskGroup() as all_at_once:
        for number in re.finditer(rb"(?<=[:*$])[0-9]", said):
            all_at_once.create_task(used(path, Fault(kind, Way.TO_CLIENT, number.start())))
