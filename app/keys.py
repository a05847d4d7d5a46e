"""The signing keys' management by the operator: encryption at the start of the service, and `rotate-keys`."""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta

from app import embedded, migrations
from app.environment import SetupError
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.providers.identity.keys import KEPT_RETIRED, OwnKeys
from milequest.providers.identity.sealing import Seal, SealedError
from milequest.runtime import open_runtime
from milequest.settings import Settings, SettingsError
from milequest.store.aws import roles
from milequest.store.sql.transaction import is_writable, open_pool

WRONG = (
    "MILEQUEST_KEY_SECRET is not what the database's signing keys were encrypted with: give that one too, after a comma"
)


def prepare(settings: Settings) -> None:
    """Encrypt keys stored in the clear, or by an older secret. Raises SettingsError if the secrets don't open a key."""
    if settings.jwks_url or not settings.key_secret:
        return
    try:
        if sealed := asyncio.run(_seal_all(settings)):
            print(f"  Signing keys: {sealed} encrypted with the secret of MILEQUEST_KEY_SECRET", flush=True)
    except SealedError:
        raise SettingsError([WRONG]) from None


def rotate(settings: Settings, arguments: argparse.Namespace) -> None:
    """Sign tokens with a new key from now on; the previous one checks its tokens until they expire, and is deleted."""
    if settings.jwks_url:
        raise SetupError("tokens are signed by the issuer of MILEQUEST_JWKS_URL, with keys of its own")

    async def work(reached: Settings) -> str:
        async with open_runtime(reached) as runtime:
            assert isinstance(runtime.identity, BuiltinIdentity), "there is no other without MILEQUEST_JWKS_URL"
            return await runtime.identity.rotate_keys(datetime.now(UTC))

    with embedded.running(settings, "milequest rotate-keys", join=True) as reached:
        migrations.prepare(reached)
        prepare(reached)
        try:
            kid = asyncio.run(work(reached))
        except SealedError:
            raise SettingsError(["MILEQUEST_KEY_SECRET must encrypt the new key: openssl rand -base64 32"]) from None
    minutes = KEPT_RETIRED // timedelta(minutes=1)
    print(f"Tokens are signed with the key {kid}, by every process within five minutes.")
    print(f"The key before checks its tokens for another {minutes} minutes and is then deleted.")


async def _seal_all(settings: Settings) -> int:
    password = roles.password(settings, settings.database_url)
    async with await open_pool(settings.database_url, 1, waiting=False, password=password) as pool:
        if not await is_writable(pool):  # a region that stands by: the primary one manages the keys
            return 0
        return await OwnKeys(pool, Seal(settings.key_secret)).seal_all(datetime.now(UTC))
