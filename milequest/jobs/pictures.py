"""Processing of pictures: check an upload, keep and show it; after a change of address, update the stored URLs."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from milequest.actions.avatars import refuse_avatar, show_avatar
from milequest.rules.avatars import Upload, url_of
from milequest.rules.errors import ErrorCode, QuestError, Refused
from milequest.rules.pictures import BadPicture, Picture, cleaned
from milequest.runtime import Runtime
from milequest.store.pictures import forgotten
from milequest.store.pictures.picture_folder import Folder
from milequest.store.sql import avatars

MAX_WAITING: Final = 16  # pictures in memory, of 5 MB at most; beyond that senders have to retry


class _Scanner:
    """Scanner of pictures, one at a time in a thread of its own: a large one takes a third of a second of a core."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "pictures")
        self._waiting = 0

    async def cleaned(self, data: bytes) -> Picture:
        """Return the picture in `data`. Raises BadPicture, and UNAVAILABLE when too many wait."""
        if self._waiting >= MAX_WAITING:
            message = "Too many pictures at once; try again."
            raise Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, cleaned, data)
        finally:
            self._waiting -= 1


scanner = _Scanner()  # of the process


async def show(runtime: Runtime, upload: Upload, data: bytes, now: datetime) -> None:
    """Make the picture in `data` the user's or the team's. Idempotent; an older picture never replaces a later one.

    Raises BadPicture and as `show_avatar`; the reason is stored for the sender, and nothing else has changed.
    """
    try:
        await _show(runtime, upload, data, now)
    except (BadPicture, QuestError) as refusal:
        if isinstance(refusal, BadPicture) or _is_for_good(refusal):
            reason = str(refusal)
            await runtime.commit(lambda tx: refuse_avatar(tx, upload, now, reason))
        raise


async def _show(runtime: Runtime, upload: Upload, data: bytes, now: datetime) -> None:
    picture = await scanner.cleaned(data)
    name = upload.name(picture)
    await runtime.pictures.keep(name, picture)  # before its address is published
    url = url_of(runtime.settings.origin, name)
    try:
        shown = await runtime.commit(lambda tx: show_avatar(tx, upload, now, url))
    except QuestError as refusal:
        if _is_for_good(refusal):  # a retry may find it shown meanwhile
            await forgotten(runtime.pictures, name)
        raise
    await forgotten(runtime.pictures, shown.forsaken)


async def readdress(runtime: Runtime, now: datetime) -> int:
    """Rewrite the stored URLs of pictures that the server itself serves to its current origin; return how many changed.

    An address is stored whole, as clients see it, and a server may be restarted at another port.
    """
    if not isinstance(runtime.pictures, Folder):
        return 0
    return await runtime.commit(lambda tx: avatars.readdress(tx, runtime.settings.origin))


def _is_for_good(refusal: QuestError) -> bool:
    return not refusal.details.get("retryable")
