"""A picture that has come into S3 is looked at, and shown if it is good; what came in is then deleted, either way.

S3 tells of each arrival, maybe more than once and late: what is not there any more was looked at already.
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
from milequest.store.pictures.bucket import PictureBucket

log = logging.getLogger(__name__)


def _opened(settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime(settings, serves=False)


container = Container(_opened)


def handler(event: Event, context: Any) -> Any:
    """Look at one, and say whether it is shown."""
    upload = Upload.of(event["detail"]["object"]["key"])
    return {"shown": container.run(lambda runtime: _look_at(runtime, upload))}


async def _look_at(runtime: Runtime, upload: Upload) -> bool:
    """Raises what passes, such as UNAVAILABLE, so that Lambda tries again."""
    pictures = runtime.pictures
    assert isinstance(pictures, PictureBucket), "the bucket has told of it"
    data = await pictures.arrived(upload)
    if data is None:
        return False
    shown = await _is_shown(runtime, upload, data)
    await pictures.looked_at(upload)
    return shown


async def _is_shown(runtime: Runtime, upload: Upload, data: bytes) -> bool:
    try:
        await show(runtime, upload, data, datetime.now(UTC))
    except BadPicture as bad:
        log.info("what came in is not shown: %s", bad)
        return False
    except QuestError as refusal:
        if refusal.details.get("retryable"):
            raise
        log.info("a picture is not shown: %s", refusal.message)
        return False
    return True
