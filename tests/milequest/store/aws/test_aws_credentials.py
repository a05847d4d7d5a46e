"""The credentials of a role, from a server that answers as AWS's does."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import pytest

from milequest.settings import Settings, SettingsError, load
from milequest.store.aws import roles
from milequest.store.aws.aws_credentials import EARLY, PAUSE, Role, source
from milequest.store.aws.client import open_aws
from milequest.store.aws.dynamodb import Key, Table
from tests.milequest.store.aws.stub import stubbed

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOST = "db.cluster-x.us-east-1.rds.amazonaws.com"
ENDED = (403, b'{"code": "ExpiredToken"}')


def given(number: int, until: datetime) -> tuple[int, bytes]:
    """Return credentials in the answer a task gets."""
    return 200, orjson.dumps(
        {
            "RoleArn": "arn:aws:iam::111111111111:role/server",
            "AccessKeyId": f"ASIA{number}",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": f"{until:%Y-%m-%dT%H:%M:%SZ}",
        }
    )


class Clock:
    """A time that the test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def of_an_hour(clock: Clock) -> Iterator[tuple[int, bytes]]:
    """Yield new credentials each time, which are valid for an hour from then."""
    for number in count(1):
        yield given(number, clock.now + timedelta(hours=1))


async def test_ecs_task_uses_its_roles_credentials_for_services_and_databases() -> None:
    hour = datetime.now(UTC) + timedelta(hours=1)
    async with stubbed(iter([given(1, hour), (200, b"{}"), (200, b"{}"), given(2, hour)])) as stub:
        settings = Settings(
            aws_endpoint_url=stub.url,
            aws_container_credentials_full_uri=f"{stub.url}/v2/credentials/abc?x=1",
            aws_container_authorization_token="Basic abc",
        )
        async with open_aws(settings) as aws:
            for _ in range(2):
                await Table(aws, "live").get(Key("a", "b"))
        asked, *calls = stub.asked
        assert asked.startswith("GET /v2/credentials/abc?x=1 HTTP/1.1\r\n")
        assert "authorization: Basic abc\r\n" in asked
        for call in calls:
            assert "Credential=ASIA1/" in call
            assert "x-amz-security-token: token\r\n" in call
        address = await roles.with_password(settings, f"postgresql://milequest@{HOST}:5432/milequest?sslmode=require")
        assert address.startswith(f"postgresql://milequest:{HOST}%3A5432%2F%3FAction%3Dconnect%26DBUser%3Dmilequest%26")
        assert "ASIA2" in address
        assert address.endswith(f"@{HOST}:5432/milequest?sslmode=require")


async def test_concurrent_requests_for_role_credentials_fetch_them_once() -> None:
    clock = Clock()
    async with stubbed(of_an_hour(clock)) as stub:
        role = Role(stub.url, now=clock)
        assert {who.access_key for who in await asyncio.gather(*(role() for _ in range(20)))} == {"ASIA1"}
        assert len(stub.asked) == 1


async def test_role_credentials_are_renewed_before_they_expire() -> None:
    clock = Clock()
    async with stubbed(of_an_hour(clock)) as stub:
        role = Role(stub.url, now=clock)
        await role()
        clock.now += timedelta(hours=1) - EARLY - timedelta(seconds=1)
        assert (await role()).access_key == "ASIA1"
        clock.now += timedelta(seconds=1)
        assert (await role()).access_key == "ASIA2"


async def test_role_credentials_are_used_until_expiry_while_renewal_fails(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    until = NOON + timedelta(hours=1)
    answers = iter([given(1, until), ENDED, None, given(2, until + timedelta(hours=1)), ENDED])
    async with stubbed(answers) as stub:
        role = Role(stub.url, "secret token", now=clock)
        await role()
        clock.now = until - EARLY
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                assert (await role()).access_key == "ASIA1"
            assert len(stub.asked) == 2  # and not at each call
            clock.now += PAUSE
            assert (await role()).access_key == "ASIA1"
        assert ["valid until" in record.getMessage() for record in caplog.records] == [True, True]
        assert "secret" not in caplog.text
        clock.now += PAUSE
        assert (await role()).access_key == "ASIA2"
        clock.now += timedelta(hours=2)
        with pytest.raises(ConnectionError, match="answered 403"):
            await role()


@pytest.mark.parametrize("body", [b"<html>secret", b"[]", b'{"AccessKeyId": "secret"}', b'{"Expiration": "secret"}'])
async def test_malformed_role_credentials_are_an_error_without_their_content(body: bytes) -> None:
    async with stubbed(iter([(200, body)])) as stub:
        with pytest.raises(ConnectionError) as caught:
            await Role(stub.url)()
    assert "secret" not in str(caught.value)


async def test_keys_of_our_own_come_first() -> None:
    settings = Settings(aws_access_key_id="AKIA", aws_container_credentials_full_uri="http://127.0.0.1:1/")
    assert (await source(settings)()).access_key == "AKIA"


def test_container_credentials_variable_of_aws_is_read() -> None:
    environ = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/abc"}
    assert load(environ).aws_container_credentials_relative_uri == "/v2/credentials/abc"
    assert isinstance(source(load(environ)), Role)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FULL_URI", "http://example.com/credentials"),
        ("FULL_URI", "ftp://127.0.0.1/"),
        ("RELATIVE_URI", "//example.com/credentials"),
        ("RELATIVE_URI", "credentials"),
    ],
)
def test_container_credentials_setting_of_another_host_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"AWS_CONTAINER_CREDENTIALS_{name} must be"):
        load({f"AWS_CONTAINER_CREDENTIALS_{name}": value})
