"""S3: files of a bucket. Letters, digits and `-._/` are a key, to which nothing need be done in an address."""

import asyncio
import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from milequest.store.away import Away
from milequest.store.aws.client import ATTEMPTS, Aws, AwsError, pause
from milequest.store.aws.http import Response


class Bucket:
    """The bucket `name`. Each call raises AwsError or Away."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._origin, self._base = aws.bucket(name)

    @property
    def url(self) -> str:
        """Where forms for it go to."""
        return f"{self._origin.scheme}://{self._origin.header}{self._base or '/'}"

    async def get(self, key: str) -> bytes | None:
        """A file, None where there is none."""
        found = await self._ask("GET", key)
        return None if found.status == 404 else found.body

    async def put(self, key: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Lay a file down in the place of what is there, with the headers it is then handed out with."""
        await self._ask("PUT", key, body, headers)

    async def delete(self, key: str) -> None:
        """Delete a file, if it is there."""
        await self._ask("DELETE", key)

    async def _ask(
        self, method: str, key: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        """An answer to a request, which does no harm a second time."""
        digest = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}  # without which S3 takes nothing
        signer, path = self._aws.signer("s3"), f"{self._base}/{key}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._aws.send(signer, self._origin, method, path, body, {**headers, **digest})
                if answer.status < 300 or (answer.status == 404 and method != "PUT"):
                    return answer
                raise AwsError(answer.status, f"{method.title()}Object", {})
            except (AwsError, Away) as error:
                if attempt == ATTEMPTS or (isinstance(error, AwsError) and not error.is_passing):
                    raise
            await asyncio.sleep(pause(attempt))
        raise AssertionError("the last attempt returns or raises")
