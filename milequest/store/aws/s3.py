"""S3: files of a bucket. Keys are letters, digits and `-._/`, which need no quoting in an address."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from milequest.store.aws.client import Aws, AwsError, retried
from milequest.store.aws.http import Response


class Bucket:
    """The bucket `name`. Each call raises AwsError or Away."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._origin, self._base = aws.bucket(name)

    @property
    def url(self) -> str:
        """Address for upload forms."""
        return f"{self._origin.scheme}://{self._origin.header}{self._base or '/'}"

    async def get(self, key: str) -> bytes | None:
        """Return a file, None if there is none."""
        found = await self._ask("GET", key)
        return None if found.status == 404 else found.body

    async def put(self, key: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Store a file, replacing any other, with the headers it is then served with."""
        await self._ask("PUT", key, body, headers)

    async def delete(self, key: str) -> None:
        """Delete a file, if it is there."""
        await self._ask("DELETE", key)

    async def _ask(
        self, method: str, key: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        """Return the response to a request, which must do no harm a second time."""
        digest = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}  # required by S3
        signer, path = self._aws.signer("s3"), f"{self._base}/{key}"

        async def send() -> Response:
            answer = await self._aws.send(signer, self._origin, method, path, body, {**headers, **digest})
            if answer.status < 300 or (answer.status == 404 and method != "PUT"):
                return answer
            raise AwsError(answer.status, f"{method.title()}Object", {})

        return await retried(send)
