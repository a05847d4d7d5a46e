"""The commands on an operator's own servers, and their refusals: mail, keys, the demo."""

import argparse
import asyncio
import base64
import re
from datetime import UTC, datetime

import asyncpg
import pytest

from app import keys, preflight
from app.demo import PASSWORD
from app.environment import SetupError
from milequest.providers.identity.keys import OwnKeys
from milequest.rules.credentials import checked_sign_up
from milequest.runtime import open_runtime
from milequest.settings import Settings, SettingsError, load
from milequest.store.sql.transaction import open_pool
from tests.app.commands import Milequest, status
from tests.app.commands import data_dir as data_dir
from tests.app.commands import milequest as milequest
from tests.fakes.smtp import mail_server

SECRET = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(32, 64))).decode()
MAIL = {"MILEQUEST_SMTP_URL": "smtp+insecure://127.0.0.1:1", "MILEQUEST_MAIL_FROM": "hello@quest.example"}
ISSUER = {
    "MILEQUEST_JWKS_URL": "http://127.0.0.1:1/keys",
    "MILEQUEST_JWT_ISSUER": "https://issuer.example",
    "MILEQUEST_JWT_CLIENT_ID": "quest",
}


@pytest.fixture
def given(database_url: str, redis_url: str) -> dict[str, str]:
    """Return the settings of an operator's own servers."""
    return {"MILEQUEST_DATABASE_URL": database_url, "MILEQUEST_REDIS_URL": redis_url, "PORT": "0"}


async def count(url: str, table: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        number: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
        return number
    finally:
        await connection.close()


def test_the_builtin_provider_without_a_mailer_and_a_secret_refuses_to_start(
    milequest: Milequest, given: dict[str, str]
) -> None:
    failed = milequest("run", **given)
    assert failed.returncode == 1
    assert [re.findall(r"MILEQUEST_\w+", line)[0] for line in failed.stderr.splitlines()] == [
        "MILEQUEST_SMTP_URL",
        "MILEQUEST_KEY_SECRET",
    ]
    assert "serves on" not in failed.stdout


def test_only_the_builtin_provider_on_other_servers_needs_a_mailer_and_a_secret() -> None:
    mail = Settings(smtp_url="smtp://x")
    ses = Settings(ses_configuration_set="x", key_secret=(b"x",))
    for enough in (Settings(embedded=True), Settings(jwks_url="https://x"), ses):
        preflight.require_provider(enough)
    for wanting, number in ((Settings(), 2), (mail, 1), (Settings(key_secret=(b"x",)), 1)):
        with pytest.raises(SettingsError) as refused:
            preflight.require_provider(wanting)
        assert len(refused.value.faults) == number


async def test_the_demo_is_refused_on_a_database_that_is_not_embedded(
    milequest: Milequest, given: dict[str, str]
) -> None:
    refused = milequest("demo", **given, **MAIL, MILEQUEST_KEY_SECRET=SECRET)
    assert refused.returncode == 2
    assert "made on the embedded servers only" in refused.stderr.splitlines()[-1]
    assert PASSWORD not in refused.stdout + refused.stderr
    for table in ("credential", "app_user", "team"):
        assert await count(given["MILEQUEST_DATABASE_URL"], table) == 0


async def rotated(given: dict[str, str], secret: str = "") -> list[str]:
    """Return the faults of rotating the keys with the secrets, none if it went well."""
    settings = load({**given, "MILEQUEST_KEY_SECRET": secret})
    try:
        await asyncio.to_thread(keys.rotate, settings, argparse.Namespace())
    except SettingsError as error:
        return error.faults
    return []


async def test_keys_are_rotated_by_a_command_with_the_secrets_they_were_encrypted_with(
    given: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    url = given["MILEQUEST_DATABASE_URL"]
    assert await rotated(given, SECRET) == []
    assert await count(url, "signing_key WHERE algorithm <> 'RS256'") == 1
    assert "Tokens are signed with the key" in capsys.readouterr().out
    for wrong in ("", OTHER):
        (fault,) = await rotated(given, wrong)
        assert fault.startswith("MILEQUEST_KEY_SECRET ")
    assert await count(url, "signing_key") == 1
    assert await rotated(given, f"{OTHER},{SECRET}") == []
    assert await count(url, "signing_key WHERE algorithm <> 'RS256'") == 2
    assert await rotated(given, OTHER) == []


async def test_keys_in_the_clear_are_encrypted_at_the_start(
    given: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    url = given["MILEQUEST_DATABASE_URL"]
    async with await open_pool(url, 2) as pool:
        await OwnKeys(pool, None).jwks(datetime.now(UTC))
    assert await count(url, "signing_key WHERE algorithm = 'RS256'") == 1
    for said in ("1 encrypted", ""):
        await asyncio.to_thread(keys.prepare, load({**given, "MILEQUEST_KEY_SECRET": SECRET}))
        assert said in capsys.readouterr().out
        assert await count(url, "signing_key WHERE algorithm = 'RS256'") == 0
    with pytest.raises(SettingsError, match="is not what the database's signing keys were encrypted with"):
        await asyncio.to_thread(keys.prepare, load({**given, "MILEQUEST_KEY_SECRET": OTHER}))


def test_keys_of_an_outside_issuer_are_not_rotated_here(given: dict[str, str]) -> None:
    with pytest.raises(SetupError, match="signed by the issuer of MILEQUEST_JWKS_URL"):
        keys.rotate(load({**given, **ISSUER}), argparse.Namespace())


def test_with_an_outside_issuer_no_demo_is_announced_and_nothing_fails(milequest: Milequest) -> None:
    process, port = milequest.run(**ISSUER)
    assert status(port, "/readyz") == 200
    assert status(port, "/dev/mail") == 404
    process.terminate()
    assert process.stdout is not None
    said = process.stdout.read()  # it has what was read ahead too
    assert "with a token of the issuer of MILEQUEST_JWKS_URL; there is no demo" in said
    assert "ERROR" not in said
    assert PASSWORD not in said
    assert "/dev/mail" not in said


async def test_a_process_sends_its_last_mail_before_it_ends(given: dict[str, str]) -> None:
    ada = checked_sign_up("ada@walkers.example", "Correct-Horse-1", "Ada")
    async with mail_server() as server:
        settings = load({**given, **MAIL, "MILEQUEST_SMTP_URL": server.url("smtp+insecure")})
        async with open_runtime(settings) as runtime:
            await runtime.identity.sign_up(ada, datetime.now(UTC))
            assert await runtime.mailbox.newest() == []  # it is in Redis, with the code
        (message,) = server.messages()
    assert "ada@walkers.example" in str(message["To"])


async def test_without_a_mailer_no_code_is_kept_anywhere(
    given: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with open_runtime(load(given)) as runtime:
        await runtime.identity.sign_up(checked_sign_up("b@x.example", "Correct-Horse-1", "B"), datetime.now(UTC))
        assert await runtime.mailbox.newest() == []
    assert [record.getMessage() for record in caplog.records] == ["a mail could not be sent: NoMailError"]
