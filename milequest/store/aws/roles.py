"""Role-based sign-in to AWS's own databases when their address has no password: a token takes its place."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

from milequest.settings import Settings
from milequest.store.aws.aws_credentials import source
from milequest.store.aws.presigning import connect_token

Password: TypeAlias = Callable[[], Awaitable[str]]


def password(settings: Settings, url: str) -> Password | None:
    """Return what makes a password for each new connection to `url`; None if the address is sufficient."""
    parts = urlsplit(url)
    if parts.password or not (parts.hostname or "").endswith(".amazonaws.com"):
        return None
    if ".cache." in str(parts.hostname):
        host, _, _ = str(parts.hostname).partition(".")[0].rpartition("-")  # the cache's name, without AWS's suffix
        service, query = (
            "elasticache",
            {"Action": "connect", "User": parts.username or "", "ResourceType": "ServerlessCache"},
        )
    else:
        host = f"{parts.hostname}:{parts.port or 5432}"
        service, query = "rds-db", {"Action": "connect", "DBUser": parts.username or ""}
    who = source(settings)

    async def token() -> str:
        return connect_token(await who(), settings.aws_region, service, host, query, datetime.now(UTC))

    return token


async def with_password(settings: Settings, url: str) -> str:
    """Return a database's address for one connection now, with a token in it if our role is admitted by one."""
    secret = password(settings, url)
    if secret is None:
        return url
    parts = urlsplit(url)
    user = f"{parts.username}:{quote(await secret(), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.hostname}:{parts.port or 5432}"))
