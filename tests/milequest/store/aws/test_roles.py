"""Passwords that are tokens of our role, as AWS's own client makes them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from milequest.settings import Settings
from milequest.store.aws import roles
from milequest.store.aws.presigning import connect_token
from milequest.store.aws.signing import Credentials

OURS = Settings(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="secret", aws_session_token="tok/en+=")
HOST = "db.cluster-x.us-east-1.rds.amazonaws.com"
SIGNATURE = "55b925a45021b7b969435f3361018a620f46159945283450c67cd6d85f7edbba"  # botocore's, for the same moment


def test_a_token_is_what_the_client_of_aws_makes() -> None:
    credentials = Credentials("AKIAIOSFODNN7EXAMPLE", "secret", "tok/en+=")
    query = {"Action": "connect", "DBUser": "milequest"}
    at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    token = connect_token(credentials, "us-east-1", "rds-db", f"{HOST}:5432", query, at)
    assert token.startswith(f"{HOST}:5432/?Action=connect&DBUser=milequest&")
    assert token.endswith(f"&X-Amz-Signature={SIGNATURE}")


@pytest.mark.parametrize(
    "url", ["postgresql://milequest@/test?host=/tmp", f"postgresql://a:b@{HOST}/c", "unix:///tmp/x.sock", "redis://h:1"]
)
def test_address_that_needs_no_role_token_gets_none(url: str) -> None:
    assert roles.password(OURS, url) is None


async def test_databases_and_caches_of_aws_let_our_role_in() -> None:
    secret = roles.password(OURS, f"postgresql://milequest@{HOST}:5432/milequest?sslmode=require")
    assert secret is not None
    assert (await secret()).startswith(f"{HOST}:5432/?Action=connect&DBUser=milequest")
    cache = "rediss://service@milequest-staging-cache-ab12cd.serverless.use1.cache.amazonaws.com:6379"
    secret = roles.password(replace(OURS, aws_region="us-east-1"), cache)
    assert secret is not None
    assert (await secret()).startswith(
        "milequest-staging-cache/?Action=connect&ResourceType=ServerlessCache&User=service&"
    )
