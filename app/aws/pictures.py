"""Scan of pictures uploaded to S3: a good one is published; the upload is then deleted, either way.

S3 notifies of each upload, maybe more than once and late: an upload that is gone was scanned already.
"""

import logging
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from app.aws.container import Container, Event
from milequest.jobs.pictures import show
from milequest.rules.avatars import Upload
from milequest.rules.errors import QuestError
from milequest.rules.pictures import BadPicture
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from milequest.store.pictures.picture_bucket import PictureBucket

log = logging.getLogger("milequest.pictures")


def _opened(settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime(settings, serves=False)


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Scan one upload, and return whether it is published."""
    upload = Upload.of(event["detail"]["object"]["key"])
    return {"shown": container.run(lambda runtime: _scan(runtime, upload))}


async def _scan(runtime: Runtime, upload: Upload) -> bool:
    """Scan an upload. Raises temporary errors, such as UNAVAILABLE, so that Lambda tries again."""
    pictures = runtime.pictures
    assert isinstance(pictures, PictureBucket), "the bucket has told of it"
    data = await pictures.arrived(upload)
    if data is None:
        return False
    shown = await _is_shown(runtime, upload, data)
    await pictures.mark_scanned(upload)
    return shown


async def _is_shown(runtime: Runtime, upload: Upload, data: bytes) -> bool:
    try:
        await show(runtime, upload, data, datetime.now(UTC))
    except BadPicture as bad:
        log.info("an upload is refused: %s", bad)
        return False
    except QuestError as refusal:
        if refusal.details.get("retryable"):
            raise
        log.info("a picture is refused: %s", refusal.message)
        return False
    return True
