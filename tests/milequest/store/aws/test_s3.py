"""Files of S3: transient failures are retried, and each way to fail is an error but that of a missing file."""

from itertools import chain, repeat

import pytest

from milequest.store.aws.client import ATTEMPTS, AwsError
from milequest.store.aws.s3 import Bucket
from tests.milequest.store.aws.stub import stubbed


@pytest.mark.parametrize("trouble", [(500, b""), (503, b"<Error><Code>SlowDown</Code></Error>"), (429, b""), None])
async def test_file_is_fetched_after_failures_that_pass(trouble: tuple[int, bytes] | None) -> None:
    async with stubbed(chain(repeat(trouble, ATTEMPTS - 1), repeat((200, b"picture")))) as stub:
        assert await Bucket(stub.aws, "ours").get("a.png") == b"picture"
        assert len(stub.asked) == ATTEMPTS


@pytest.mark.parametrize(("status", "attempts"), [(503, ATTEMPTS), (403, 1)])
async def test_file_that_cannot_be_put_is_an_error(status: int, attempts: int) -> None:
    async with stubbed(repeat((status, b""))) as stub:
        with pytest.raises(AwsError, match=f"PutObject \\({status}\\)"):
            await Bucket(stub.aws, "ours").put("a.png", b"picture")
        assert len(stub.asked) == attempts


async def test_missing_file_is_none_and_a_missing_bucket_takes_none() -> None:
    async with stubbed(repeat((404, b""))) as stub:
        bucket = Bucket(stub.aws, "ours")
        assert await bucket.get("a.png") is None
        await bucket.delete("a.png")
        with pytest.raises(AwsError, match="PutObject"):
            await bucket.put("a.png", b"")
        assert len(stub.asked) == 3
