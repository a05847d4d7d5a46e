"""Uploads and storage of pictures of users and teams: a bucket of S3, or a folder of this machine."""

import logging
from datetime import datetime
from typing import Protocol

from milequest.rules.avatars import Form, Upload
from milequest.rules.pictures import Picture
from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError
from milequest.store.pictures.picture_bucket import PictureBucket
from milequest.store.pictures.picture_folder import Folder

log = logging.getLogger("milequest.pictures")


class Pictures(Protocol):
    """Storage of pictures: forms by which clients upload one, and the public pictures, whose names never change."""

    async def form(self, upload: Upload, content_type: str, now: datetime) -> Form:
        """Return a form by which a client can upload this one picture until the form expires."""

    async def keep(self, name: str, picture: Picture) -> None:
        """Publish a picture. Idempotent."""

    async def forget(self, name: str) -> None:
        """Delete a picture, if it exists."""


def choose(settings: Settings, aws: Aws) -> Pictures:
    """Return the storage that the settings name."""
    if settings.uploads_bucket:
        return PictureBucket(aws, settings.uploads_bucket)
    return Folder(settings.data_dir / "pictures", settings.origin)


async def forgotten(pictures: Pictures, name: str | None) -> None:
    """Delete a picture that nothing refers to any more. A failure is logged: the file stays, unreferenced."""
    if name is None:
        return
    try:
        await pictures.forget(name)
    except (AwsError, Away) as error:
        log.warning("a picture that is no longer shown could not be deleted: %s", str(error) or type(error).__name__)
