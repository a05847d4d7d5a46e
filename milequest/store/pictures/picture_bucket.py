"""Pictures in a bucket of S3: clients upload them by a form that we signed, and CloudFront serves them."""

from datetime import datetime
from typing import Final

from milequest.rules.avatars import FORM_LIFE, MAX_AGE, SHOWN, Form, FormField, Upload
from milequest.rules.pictures import MAX_BYTES, Picture
from milequest.store.aws.client import Aws
from milequest.store.aws.presigning import post_fields
from milequest.store.aws.s3 import Bucket

_PUBLIC: Final = {
    "cache-control": f"public, max-age={MAX_AGE}",
    "x-amz-server-side-encryption": "AES256",  # they are public, and CloudFront cannot use our key
}


class PictureBucket:
    """Pictures in the bucket `name`. An upload is stored under its key until it was processed."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._aws = aws
        self._name = name
        self._files = Bucket(aws, name)

    async def form(self, upload: Upload, content_type: str, now: datetime) -> Form:
        """Return a form for S3, which checks the upload against it."""
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
        """Return the uploaded file; None once it was processed."""
        return await self._files.get(upload.key)

    async def mark_scanned(self, upload: Upload) -> None:
        """Delete the uploaded file."""
        await self._files.delete(upload.key)

    async def keep(self, name: str, picture: Picture) -> None:
        """Store the picture."""
        await self._files.put(f"{SHOWN}/{name}", picture.data, {"content-type": picture.content_type, **_PUBLIC})

    async def forget(self, name: str) -> None:
        """Delete the picture; caches may serve it until it expires there."""
        await self._files.delete(f"{SHOWN}/{name}")
