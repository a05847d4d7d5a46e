"""Checks of the servers and files in the settings before anything is served, each reported in one line."""

import asyncio
import sys
from contextlib import aclosing

from app.environment import SetupError
from milequest.settings import Settings, SettingsError

SECONDS = 3.0  # a server may take to answer


def revision(settings: Settings, url: str, setting: str) -> str | None:
    """Return a database's migration. Raises SetupError, without the URL and its password, if it is out of reach."""
    from asyncpg import PostgresError

    from milequest.store.aws import roles
    from milequest.store.sql import migrate

    async def current() -> str | None:
        return await migrate.current(await roles.with_password(settings, url))

    try:
        return asyncio.run(current())
    except (OSError, TimeoutError, PostgresError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
        raise SetupError(f"no database at {setting} ({reason}): start it, or correct the setting") from None


def find_authorizer(settings: Settings) -> None:
    """Check that an authorizer in Python exists. Raises SettingsError."""
    from milequest.providers.identity.authorizer import imported

    if settings.authorizer and not settings.authorizer.startswith("arn:"):
        imported(settings.authorizer)


def warn_without_redis(settings: Settings) -> None:
    """Warn of the features that are missing while Redis is out of reach; the server starts without it."""
    from milequest.store.cache.valkey_client import UNREACHABLE_ERRORS, connect

    async def ask() -> None:
        async with asyncio.timeout(SECONDS), aclosing(connect(settings)) as valkey:
            await valkey.ping()

    try:
        asyncio.run(ask())
    except UNREACHABLE_ERRORS as error:
        _warn(
            f"no Valkey or Redis at MILEQUEST_REDIS_URL ({type(error).__name__}): until then, events arrive some "
            "tenths of a second later, limits are each process's own, and presence is not shown"
        )


def require_provider(settings: Settings) -> None:
    """Check that people can sign up and in: the built-in provider has to mail codes and to encrypt its keys.

    Raises SettingsError.
    """
    if settings.jwks_url or settings.embedded:
        return
    faults = []
    if not (settings.smtp_url or settings.ses_configuration_set):
        faults.append(
            "MILEQUEST_SMTP_URL or MILEQUEST_SES_CONFIGURATION_SET must say what sends the built-in identity "
            "provider's codes, or MILEQUEST_JWKS_URL who signs people in instead"
        )
    if not settings.key_secret:
        faults.append(
            "MILEQUEST_KEY_SECRET must encrypt the built-in identity provider's signing keys: openssl rand -base64 32"
        )
    if faults:
        raise SettingsError(faults)


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr, flush=True)
