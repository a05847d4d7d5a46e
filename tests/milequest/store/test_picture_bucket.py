"""Pictures in S3: transient failures are retried, and each way to fail is an error but that of a missing file."""

import base64
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from uuid import UUID

import orjson
import pytest

from milequest.rules.avatars import FORM_LIFE, Upload
from milequest.rules.pictures import Picture
from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.client import Aws
from milequest.store.aws.http import Http
from milequest.store.aws.retries import ATTEMPTS, AwsError
from milequest.store.aws.signing import Credentials
from milequest.store.pictures.picture_bucket import PictureBucket
from tests.milequest.store.aws.stub import stubbed

NOW = datetime(2026, 11, 29, tzinfo=UTC)
UPLOAD = Upload.new(UUID(int=1), None, NOW)
PICTURE = Picture("image/png", b"picture")
NAME = UPLOAD.name(PICTURE)


@pytest.mark.parametrize("trouble", [(500, b""), (503, b"<Error><Code>SlowDown</Code></Error>"), (429, b""), None])
async def test_upload_is_fetched_after_failures_that_pass(trouble: tuple[int, bytes] | None) -> None:
    async with stubbed(chain(repeat(trouble, ATTEMPTS - 1), repeat((200, b"picture")))) as stub:
        assert await PictureBucket(stub.aws, "ours").arrived(UPLOAD) == b"picture"
        assert len(stub.asked) == ATTEMPTS
        assert stub.asked[0].startswith(f"GET /ours/{UPLOAD.key} HTTP/1.1\r\n")


@pytest.mark.parametrize(("status", "attempts"), [(503, ATTEMPTS), (403, 1)])
async def test_picture_that_cannot_be_put_is_an_error(status: int, attempts: int) -> None:
    async with stubbed(repeat((status, b""))) as stub:
        with pytest.raises(AwsError, match=f"\\({status}\\)"):
            await PictureBucket(stub.aws, "ours").keep(NAME, PICTURE)
        assert len(stub.asked) == attempts


async def test_missing_upload_is_none_and_a_missing_bucket_takes_no_picture() -> None:
    async with stubbed(repeat((404, b""))) as stub:
        bucket = PictureBucket(stub.aws, "ours")
        assert await bucket.arrived(UPLOAD) is None
        with pytest.raises(AwsError):
            await bucket.keep(NAME, PICTURE)
        assert len(stub.asked) == 2


async def test_picture_is_put_whole_with_the_headers_that_caches_need() -> None:
    async with stubbed(repeat((200, b""))) as stub:
        await PictureBucket(stub.aws, "ours").keep(NAME, PICTURE)
        (asked,) = stub.asked
        assert asked.startswith(f"PUT /ours/avatars/{NAME} HTTP/1.1\r\n")
        head, _, body = asked.partition("\r\n\r\n")
        lines = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
        assert body == "picture"
        assert lines["content-type"] == "image/png"
        assert lines["cache-control"] == "public, max-age=86400"
        assert lines["x-amz-server-side-encryption"] == "AES256"
        assert "expect" not in lines


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
async def test_form_is_signed_for_one_key_type_and_size_in_the_region_of_the_bucket(region: str) -> None:
    aws = Aws(Http(), fixed(Credentials("key", "secret", "token")), region)
    form = await PictureBucket(aws, "ours").form(UPLOAD, "image/png", NOW)
    await aws.close()
    assert form.url == f"https://ours.s3.{region}.amazonaws.com/"
    assert form.expires_at == NOW + FORM_LIFE
    fields = {field.name: field.value for field in form.fields}
    policy = orjson.loads(base64.b64decode(fields["policy"]))
    scope = f"{fields['x-amz-date'][:8]}/{region}/s3/aws4_request"
    signed = {
        "key": UPLOAD.key,
        "Content-Type": "image/png",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"key/{scope}",
        "x-amz-date": fields["x-amz-date"],
        "x-amz-security-token": "token",
    }
    assert {name: fields[name] for name in signed} == signed
    assert set(fields) == {*signed, "policy", "x-amz-signature"}
    conditions = [*({name: value} for name, value in (signed | {"bucket": "ours"}).items())]
    assert sorted(map(str, policy["conditions"])) == sorted(
        map(str, [*conditions, ["content-length-range", 1, 5242880]])
    )
    until = datetime.fromisoformat(policy["expiration"])
    signed_at = datetime.strptime(fields["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(until - signed_at - FORM_LIFE) <= timedelta(seconds=1)
