"""Pictures in a bucket of S3: clients send them there by a form that we signed, and CloudFront shows them."""

from datetime import datetime
from typing import Final

from milequest.rules.avatars import FORM_LIFE, MAX_AGE, SHOWN, Form, FormField, Upload
from milequest.rules.pictures import MAX_BYTES, Picture
from milequest.store.aws.client import Aws
from milequest.store.aws.presigning import post_fields
from milequest.store.aws.s3 import Bucket

_PUBLIC: Final = {
    "cache-control": f"public, max-age={MAX_AGE}",
    "x-amz-server-side-encryption": "AES256",  # everybody may see them, and CloudFront has no use of our key
}


class PictureBucket:
    """Pictures in the bucket `name`. What comes in lies there by its upload's key until it was looked at."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._name = name
        self._files = Bucket(aws, name)

    async def form(self, upload: Upload, content_type: str, now: datetime) -> Form:
        """A form for S3, which holds what is sent against it."""
        expires_at = now + FORM_LIFE
        who, signer = await self._aws.credentials(), self._aws.signer("s3")
        fields = post_fields(
            who,
            signer.region,
            {"bucket": self._name, "key": upload.key, "Content-Type": content_type},
            (1, MAX_BYTES),
            now,
            expires_at,
        )
        return Form(self._files.url, tuple(FormField(name, value) for name, value in fields.items()), expires_at)

    async def arrived(self, upload: Upload) -> bytes | None:
        """What came in; None once it was looked at."""
        return await self._files.get(upload.key)

    async def looked_at(self, upload: Upload) -> None:
        """Delete what came in."""
        await self._files.delete(upload.key)

    async def keep(self, name: str, picture: Picture) -> None:
        """Put it there."""
        await self._files.put(f"{SHOWN}/{name}", picture.data, {"content-type": picture.content_type, **_PUBLIC})

    async def forget(self, name: str) -> None:
        """Take it away; caches may show it for as long as they were told."""
        await self._files.delete(f"{SHOWN}/{name}")
