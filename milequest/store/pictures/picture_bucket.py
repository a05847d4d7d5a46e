"""Pictures in a bucket of S3: clients upload them by a form that we signed, and CloudFront serves them."""

from datetime import datetime
from typing import Final

from milequest.rules.avatars import FORM_LIFE, MAX_AGE, SHOWN, Form, FormField, Upload
from milequest.rules.instants import SECOND
from milequest.rules.pictures import MAX_BYTES, Picture
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError

_PUBLIC: Final = {
    "CacheControl": f"public, max-age={MAX_AGE}",
    "ServerSideEncryption": "AES256",  # they are public, and CloudFront cannot use our key
}


class PictureBucket:
    """Pictures in the bucket `name`. An upload is stored under its key until it was processed."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._sdk = aws.sdk
        self._name = name

    async def form(self, upload: Upload, content_type: str, now: datetime) -> Form:
        """Return a form for S3, which checks the upload against it."""
        fields = {"Content-Type": content_type}
        form = await (await self._sdk.client("s3")).generate_presigned_post(
            self._name,
            upload.key,
            Fields=fields,
            Conditions=[fields, ["content-length-range", 1, MAX_BYTES]],
            ExpiresIn=FORM_LIFE // SECOND,
        )
        given = tuple(FormField(name, value) for name, value in form["fields"].items())
        return Form(form["url"], given, now + FORM_LIFE)

    async def arrived(self, upload: Upload) -> bytes | None:
        """Return the uploaded file; None once it was processed."""
        try:
            found = await self._sdk.call("s3", "get_object", Bucket=self._name, Key=upload.key)
        except AwsError as error:
            if error.status == 404:
                return None
            raise
        data: bytes = found["Body"]
        return data

    async def mark_scanned(self, upload: Upload) -> None:
        """Delete the uploaded file."""
        await self._delete(upload.key)

    async def keep(self, name: str, picture: Picture) -> None:
        """Store the picture."""
        about = {"ContentType": picture.content_type, **_PUBLIC}
        await self._sdk.call("s3", "put_object", Bucket=self._name, Key=f"{SHOWN}/{name}", Body=picture.data, **about)

    async def forget(self, name: str) -> None:
        """Delete the picture; caches may serve it until it expires there."""
        await self._delete(f"{SHOWN}/{name}")

    async def _delete(self, key: str) -> None:
        """Delete a file, if it is there."""
        await self._sdk.call("s3", "delete_object", Bucket=self._name, Key=key)
