"""S3: files are put into a bucket."""

import hashlib

from milequest.store.aws.client import Aws, AwsError


class Bucket:
    """The bucket `name`."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._name = name

    async def put(self, key: str, body: bytes) -> None:
        """Lay a file down in the place of what is there. Letters, digits, `-._/` are a key: S3 signs others otherwise.

        Raises AwsError, OSError or TimeoutError.
        """
        digest = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}  # without which S3 takes nothing
        answer = await self._aws.send(
            self._aws.signer("s3"), self._aws.origin("s3"), "PUT", f"/{self._name}/{key}", body, digest
        )
        if answer.status != 200:
            raise AwsError(answer.status, "PutObject", {})
